"""`lab commit`: a container's read-write layer becomes the top layer of a new image.

    container                         new image
    ├ read-write layer   ── packed →  ├ new layer
    ├ init layer         ── left out
    └ image's layers     ── shared →  └ the same layers

Nothing is sent anywhere: commit is a local act. What lies in volumes, in tmpfs or in
the mounted /etc/hosts is in no layer, so it is not in the new image.

Try it: `lab run --name box busybox touch /x; lab diff box; lab commit box mine`
"""

import click

from engine.engine import Engine
from labshell.commands import suggest
from labshell.commands.archives import CHANGE
from labshell.commands.explaining import ExplainedVerb
from labshell.commands.grammar import Option


@click.command(
    cls=ExplainedVerb,
    params=[
        Option(
            ["-a", "--author"],
            default="",
            metavar="NAME",
            help='Who made it: "Ada <ada@example.org>".',
        ),
        Option(
            ["-m", "--message"],
            default="",
            metavar="TEXT",
            help="A comment, shown by `lab history`.",
        ),
        CHANGE,
        Option(
            ["-p", "--pause/--no-pause"],
            default=True,
            help="""Freeze the container meanwhile, so that no file is caught half
            written. Default: pause.""",
        ),
        suggest.argument(suggest.containers),
        click.Argument(["reference"], required=False, metavar="[REPOSITORY[:TAG]]"),
    ],
    examples="""
        lab commit web web:patched
        lab commit -m "with vim" -c 'CMD ["vim"]' box editor:1
    """,
)
@click.pass_obj
def commit(
    engine: Engine,
    author: str,
    message: str,
    change: tuple[str, ...],
    pause: bool,
    name: str,
    reference: str | None,
) -> None:
    """Make an image of what a container has changed.

    The new image is the container's image and one layer more: what `lab diff` lists.
    Prints the image's ID; without a name it is found only by that.
    """
    image = engine.commit(
        name, reference, author=author, message=message, changes=change, pause=pause
    )
    print(image.id)
