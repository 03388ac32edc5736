"""`lab update`: other limits for containers that are there, running or not.

A limit is a number in a file of the container's control group. It can be written at
any moment, and the kernel keeps to it from then on: nothing is started again.

Try it: `lab run -d --name box -m 64m busybox sleep 600; lab update --cpus 0.5 box`
"""

from typing import Any

import click

from engine.engine import Engine, RestartPolicy, UpdateOptions
from labshell.commands import suggest
from labshell.commands.explaining import ExplainedVerb
from labshell.commands.grammar import Option
from labshell.commands.lifecycle import for_each
from labshell.commands.options import limits
from labshell.commands.report import say


@click.command(
    cls=ExplainedVerb,
    params=[
        *limits.UPDATABLE,
        Option(
            ["--restart"],
            metavar="POLICY",
            shell_complete=suggest.restart_policies,
            help="Another restart policy: no, on-failure[:MOST], always, "
            "unless-stopped.",
        ),
        suggest.argument(suggest.containers, many=True),
    ],
    examples="""
        lab update --cpus 0.5 web
        lab update -m 256m --memory-swap 512m web db
        lab update --restart no $(lab ps -aq)
    """,
)
@click.pass_obj
def update(engine: Engine, /, names: tuple[str, ...], **asked: Any) -> int:
    """Change the limits of containers, at once and for their later starts.

    What the kernel refuses leaves all as it was. More memory than memory and swap may
    be together needs a new --memory-swap, too.
    """
    policy = asked["restart"]
    restart = RestartPolicy.parse(policy) if policy is not None else None
    wanted = UpdateOptions(restart=restart, **limits.updates(asked))
    if not wanted.given():
        say(
            "you must provide one or more flags when using this command",
            "-m 256m, --cpus 0.5, --pids-limit 100: `lab update --help` has them all.",
        )
        return 1
    return for_each(names, lambda name: engine.update(name, wanted))
