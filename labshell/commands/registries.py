"""`lab pull`, `push`, `login`, `logout`, `manifest`: images in registries.

    lab pull NAME      the registry in NAME is asked; docker.io if there is none
    lab push NAME      the image of that name goes to the registry in it

A registry's name is part of the image's name: who wants to push somewhere tags the
image for it first.

Try it: `lab tag busybox localhost:5000/me/box; lab push localhost:5000/me/box`
"""

import click

from engine.engine import Engine
from labshell.commands import suggest
from labshell.commands.explaining import ExplainedVerb
from labshell.commands.grammar import Option, Verb
from labshell.commands.listing import JSON, print_json, print_lines

PLATFORM = Option(
    ["--platform"],
    default="",
    metavar="OS/ARCH",
    help="Which machine's image is meant, as in linux/arm64; else this machine's.",
)


@click.command(
    cls=ExplainedVerb,
    params=[
        Option(["-a", "--all-tags"], is_flag=True, help="All tags of the repository."),
        PLATFORM,
        Option(["-q", "--quiet"], is_flag=True, help="Print the full name only."),
        click.Argument(["name"], metavar="NAME[:TAG|@DIGEST]"),
    ],
    examples="""
        lab pull alpine:3.19
        lab pull localhost:5000/me/shop
        lab pull --platform linux/arm64 alpine
    """,
)
@click.pass_obj
def pull(engine: Engine, all_tags: bool, platform: str, quiet: bool, name: str) -> None:
    """Fetch an image from a registry.

    Layers that are here are not fetched again; a connection that is cut is taken up
    where it was. Every byte is checked against its digest before the image is here.
    """
    from labshell.views.transfer import on_stdout

    with on_stdout(quiet=quiet) as view:
        if all_tags:
            pulled = engine.pull_all(name, view, platform)
        else:
            if not {":", "@"} & set(name.rpartition("/")[2]):
                view.says("Using default tag: latest")
            pulled = [engine.pull(name, view, platform)]
    print_lines([str(one.reference) for one in pulled])


@click.command(
    cls=ExplainedVerb,
    params=[
        Option(["-a", "--all-tags"], is_flag=True, help="All tags that are here."),
        Option(["-q", "--quiet"], is_flag=True, help="Print the full name only."),
        click.Argument(["name"], metavar="NAME[:TAG]", shell_complete=suggest.images),
    ],
    examples="""
        lab tag busybox localhost:5000/me/box
        lab push localhost:5000/me/box
    """,
)
@click.pass_obj
def push(engine: Engine, all_tags: bool, quiet: bool, name: str) -> None:
    """Bring an image to the registry that its name begins with.

    Only layers that the registry lacks are sent. The manifest is sent as it is, so the
    image has the same digest there as here.
    """
    from labshell.views.transfer import on_stdout

    with on_stdout(quiet=quiet) as view:
        if all_tags:
            pushed = engine.push_all(name, view)
        else:
            if not {":", "@"} & set(name.rpartition("/")[2]):
                view.says("Using default tag: latest")
            pushed = [engine.push(name, view)]
    if quiet:
        print_lines([str(one.reference) for one in pushed])


@click.command(
    cls=Verb,
    params=[
        JSON,
        click.Argument(["name"], metavar="NAME[:TAG|@DIGEST]"),
    ],
    examples="""
        lab manifest inspect localhost:5000/me/box
    """,
)
@click.pass_obj
def inspect_manifest(engine: Engine, json: bool, name: str) -> None:
    """Print what a registry says of an image: its manifest, or an index of several.

    Nothing is fetched but that one document. With --json it is printed as it came: its
    SHA-256 is then the digest.
    """
    import sys
    from json import loads

    raw = engine.manifest(name)
    if json:
        sys.stdout.flush()
        sys.stdout.buffer.write(raw)
        sys.stdout.buffer.flush()
    else:
        print_json(loads(raw))
