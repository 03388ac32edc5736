"""The verbs for images: list, history, tag, remove, assemble.

An image is a stack of layers and a JSON file that says what to run. The digest of
that JSON file is the image's ID; a name such as `busybox:latest` is only a pointer to
it, and several may point to the same image. So removing a name removes the image
only when it was the last one.

Try it: `lab images`, `lab tag busybox mine; lab rmi mine`
"""

from pathlib import Path

import click

from engine.engine import Engine
from labshell.commands import suggest
from labshell.commands.explaining import ExplainedVerb
from labshell.commands.grammar import Option, Verb
from labshell.commands.lifecycle import for_each
from labshell.commands.listing import (
    FORMAT,
    JSON,
    QUIET,
    WHOLE,
    as_filters,
    filter_option,
    print_json,
    print_lines,
    terminal_width,
)


@click.command(
    cls=Verb,
    params=[
        Option(
            ["-a", "--all"],
            is_flag=True,
            help="Also images without a name that others were made from.",
        ),
        Option(["--digests"], is_flag=True, help="Also the digests of registries."),
        filter_option("dangling label before since reference"),
        FORMAT,
        QUIET,
        WHOLE,
        JSON,
        click.Argument(["name"], required=False, metavar="[REPOSITORY[:TAG]]"),
    ],
    examples="""
        lab images
        lab images 'my*'
        lab images --filter dangling=true
        lab images --format '{{.Repository}}:{{.Tag}} {{.Size}}'
    """,
)
@click.pass_obj
def images(
    engine: Engine,
    all: bool,
    digests: bool,
    filters: tuple[tuple[str, str], ...],
    format: str | None,
    quiet: bool,
    no_trunc: bool,
    json: bool,
    name: str | None,
) -> None:
    """List the images that are here, newest first.

    SIZE is that of all layers together; layers that images have in common are on the
    disk only once. `<none>` has lost its name to a newer image.
    """
    from labshell.views.listing import IMAGES, WITH_DIGESTS, image_json, image_rows

    wanted = as_filters([*filters, *([("reference", name)] if name else [])])
    found = engine.images(all=all, filters=wanted)
    rows = [row for image in found for row in image_rows(image, whole=no_trunc)]
    if json:
        print_json([image_json(image) for image in found])
    elif quiet:
        print_lines(row["ID"] for row in rows)
    else:
        listing = WITH_DIGESTS if digests else IMAGES
        print_lines(listing.show(format, rows, None if no_trunc else terminal_width()))


@click.command(
    cls=Verb,
    params=[
        Option(
            ["-H", "--human/--no-human"],
            default=True,
            help="Sizes and times in words (the default), or as they are.",
        ),
        FORMAT,
        QUIET,
        WHOLE,
        JSON,
        suggest.argument(suggest.images, what="IMAGE"),
    ],
    examples="""
        lab history busybox
        lab history --no-trunc mine
        lab history --format '{{.Size}} {{.CreatedBy}}' mine
    """,
)
@click.pass_obj
def history(
    engine: Engine,
    human: bool,
    format: str | None,
    quiet: bool,
    no_trunc: bool,
    json: bool,
    name: str,
) -> None:
    """Show how an image was made, newest step first.

    Each step that changed files has a layer; a step that only changed what the image
    says (ENV, CMD) has size 0B and no layer. `<missing>`: no image of its own.
    """
    from labshell.views.listing import HISTORY, history_json, history_row

    steps = engine.history(name)
    rows = [history_row(step, whole=no_trunc, human=human) for step in steps]
    if json:
        print_json([history_json(step) for step in steps])
    elif quiet:
        print_lines(row["ID"] for row in rows)
    else:
        print_lines(HISTORY.show(format, rows, None if no_trunc else terminal_width()))


@click.command(
    cls=ExplainedVerb,
    params=[
        click.Argument(["source"], metavar="IMAGE", shell_complete=suggest.images),
        click.Argument(["target"], metavar="NEW_NAME[:TAG]"),
    ],
    examples="""
        lab tag busybox mine:1
    """,
)
@click.pass_obj
def tag(engine: Engine, source: str, target: str) -> None:
    """Give an image one more name. Nothing is copied."""
    engine.tag(source, target)


@click.command(
    cls=ExplainedVerb,
    params=[
        Option(
            ["-f", "--force"],
            is_flag=True,
            help="Also one that a stopped container uses, or that has several names.",
        ),
        Option(
            ["--no-prune"],
            is_flag=True,
            help="Leave parents that have no name where they are.",
        ),
        suggest.argument(suggest.images, many=True, what="IMAGE"),
    ],
    examples="""
        lab rmi mine:1
    """,
)
@click.pass_obj
def rmi(engine: Engine, force: bool, no_prune: bool, names: tuple[str, ...]) -> int:
    """Remove names of images; with its last name an image goes, too.

    Untagged: a name is gone. Deleted: an image that nothing names any more, and the
    layers that no other image needs.
    """
    return for_each(
        names,
        lambda name: engine.remove_image(name, force=force, parents=not no_prune),
    )


@click.command(
    "make",
    cls=Verb,
    params=[
        Option(["-v", "--verbose"], is_flag=True, help="Each file in a line."),
        JSON,
        click.Argument(["directory"], metavar="DIR"),
        click.Argument(
            ["programs"], nargs=-1, required=True, metavar="PROGRAM [PROGRAM...]"
        ),
    ],
    examples="""
        lab rootfs make /tmp/r sh ls cat
        lab rootfs make /tmp/r sh python3           with its library, and pip
        tar -C /tmp/r -c . | lab import - mine
    """,
)
@click.pass_obj
def make_rootfs(
    engine: Engine,
    verbose: bool,
    json: bool,
    directory: str,
    programs: tuple[str, ...],
) -> None:
    """Put programs, and the libraries they need, into DIR.

    Which libraries is written in the program's own file (its ELF header): `readelf -d
    $(which ls)` shows the same. A Python comes with its standard library, certificates
    and pip, under the names python and python3. Prints what was put there: files by
    directory, or each with -v.
    """
    from labshell.views.rootfs import summary

    files = engine.make_rootfs(Path(directory), programs)
    if json:
        print_json([str(path) for path in files])
    elif verbose:
        print_lines([str(path) for path in files])
    else:
        print_lines(summary(files))
