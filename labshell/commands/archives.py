"""`lab save`, `load`, `export`, `import`: images and containers as files to carry away.

    an image      save ──► layers, config, names ──► load     the same image, same ID
    a container   export ──► one tree of files ──► import     a new image, one layer

What save writes, Docker, podman and skopeo read; what they write, load reads.

Try it: `lab save busybox | tar tv`
"""

import sys
from pathlib import Path
from typing import BinaryIO, cast

import click

from engine.engine import Engine
from engine.errors import EngineError, InvalidArgument
from labshell.commands import suggest
from labshell.commands.explaining import ExplainedVerb
from labshell.commands.grammar import Option
from labshell.commands.listing import print_lines

CHANGE = Option(
    ["-c", "--change"],
    multiple=True,
    metavar="INSTRUCTION",
    help="""Change what the image says, as in a Dockerfile: 'CMD ["sh"]', 'ENV A=1'.
    Also ENTRYPOINT EXPOSE HEALTHCHECK LABEL ONBUILD USER VOLUME WORKDIR.""",
)
_OUTPUT = Option(
    ["-o", "--output"],
    metavar="FILE",
    help="Write to a FILE instead of a pipe. It is there when it is whole.",
)


def _place(file: str | None, verb: str) -> Path | int:
    """Where an archive goes: the file, or what stdout leads to if it is no terminal."""
    if file is not None:
        return Path(file)
    if sys.stdout.isatty():
        raise InvalidArgument(
            f"cowardly refusing to {verb} to a terminal. Use the -o flag or redirect",
            f"`lab {verb} -o FILE …`, or `lab {verb} … | tar tv` to look at it.",
        )
    sys.stdout.flush()
    return sys.stdout.fileno()


def opened(file: str | None) -> BinaryIO:
    """The archive to read: a file, or for None what is piped in."""
    try:
        source = 0 if file is None else file
        # without a buffer of Python's it is a RawIOBase: it reads, which is all we need
        return cast(BinaryIO, open(source, "rb", 0, closefd=file is not None))
    except OSError as error:
        reason = str(error.strerror).lower()
        raise EngineError(f"open {file}: {reason}", "Which file is it?") from error


@click.command(
    cls=ExplainedVerb,
    params=[
        _OUTPUT,
        suggest.argument(suggest.images, many=True, what="IMAGE"),
    ],
    examples="""
        lab save -o busybox.tar busybox
        lab save mine:1 mine:2 | gzip > mine.tar.gz
        lab save busybox | docker load
    """,
)
@click.pass_obj
def save(engine: Engine, output: str | None, names: tuple[str, ...]) -> None:
    """Write images into one tar: all layers, history, names.

    The tar is both a docker-archive and an OCI layout: each tool finds what it knows.
    A name without a tag saves all tags. An image asked for by its ID has no name there.
    """
    engine.save(names, _place(output, "save"))


@click.command(
    cls=ExplainedVerb,
    params=[
        Option(["-i", "--input"], metavar="FILE", help="Read a FILE, and not a pipe."),
        Option(["-q", "--quiet"], is_flag=True, help="Say nothing of progress."),
    ],
    examples="""
        lab load -i busybox.tar
        docker save alpine | lab load
    """,
)
@click.pass_obj
def load(engine: Engine, input: str | None, quiet: bool) -> None:
    """Bring in the images of an archive that `save` of any tool wrote.

    Every layer is checked against the digests in the image's config, so the image has
    the same ID here as there. An archive that is damaged brings nothing. It may be
    compressed (gzip, bzip2, xz, zstd).
    """
    if input is None and sys.stdin.isatty():
        raise InvalidArgument(
            "requested load from stdin, but stdin is empty",
            "`lab load -i FILE`, or `… | lab load`.",
        )
    with opened(input) as tar:
        loaded = engine.load(tar)
    for image in loaded:
        print_lines(image.lines)


@click.command(
    cls=ExplainedVerb,
    params=[_OUTPUT, suggest.argument(suggest.containers)],
    examples="""
        lab export -o tree.tar box
        lab export box | lab import - flat
    """,
)
@click.pass_obj
def export(engine: Engine, output: str | None, name: str) -> None:
    """Write the files of a container into a tar: one tree, no layers, no history.

    What `ls -R /` shows inside, but for what is mounted there: volumes, /proc, /dev,
    /sys. The image's Env and Cmd are not in it: those are no files.
    """
    engine.export(name, _place(output, "export"))


@click.command(
    "import",
    cls=ExplainedVerb,
    params=[
        CHANGE,
        Option(
            ["-m", "--message"],
            default="",
            metavar="TEXT",
            help="A comment, shown by `lab history`.",
        ),
        Option(
            ["--platform"],
            default="",
            metavar="OS/ARCH",
            help="What the programs in it run on, as in linux/arm64.",
        ),
        click.Argument(["file"], metavar="FILE|-"),
        click.Argument(["reference"], required=False, metavar="[REPOSITORY[:TAG]]"),
    ],
    examples="""
        lab import rootfs.tar mine:1
        tar -C DIR -c . | lab import -c 'CMD ["sh"]' - mine:2
    """,
)
@click.pass_obj
def import_(
    engine: Engine,
    change: tuple[str, ...],
    message: str,
    platform: str,
    file: str,
    reference: str | None,
) -> None:
    """Make an image with one layer from a tar of a root file system.

    The tar (plain, gzip, bzip2, xz or zstd) comes from a FILE, or from a pipe with -.
    Prints the image's ID.
    """
    if file.startswith(("http://", "https://")):
        raise InvalidArgument(
            f"{file}: import does not fetch from the network",
            f"`curl -fL {file} | lab import - NAME` does.",
        )
    with opened(None if file == "-" else file) as stream:
        image = engine.import_image(
            stream, reference, changes=change, message=message, platform=platform
        )
    print(image.id)
