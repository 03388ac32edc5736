"""COPY, ADD and WORKDIR: files come into the image without any program being run.

    source                   destination             what is written
    FILE                     /a/b                    /a/b
    FILE                     /a/b/, or a directory   /a/b/FILE
    DIR                      /a/b                    its content, below /a/b
    several, or a pattern    /a/b/                   all of them below; the / is a must
    ADD x.tar.gz             /a/b                    what is in it, below /a/b
    ADD http://…             as FILE                 never unpacked

What comes from the context belongs to root, or to whom --chown says; what comes from
an image keeps its owner. Directories that are missing are made (0755).

With --link the files are laid out as if nothing were below: no link of the image is
followed, and one that is in the way is hidden by the new layer. What is below is only
looked at for whose directories are, so that /tmp stays /tmp.

WORKDIR makes a directory: it is the first thing that it does.

Source: the Dockerfile reference; moby's classic builder, measured on Docker 20.10
Try it: `printf 'FROM busybox\\nCOPY . /srv/\\n' | lab build -f- . ; lab layers ID`
"""

import posixpath
import re
import stat
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from engine import files
from engine.build import fingerprints, sources, stages, workbench
from engine.build.cache import Step
from engine.build.expansion import expand_flag, expand_words
from engine.build.placing import ROOT, Owner, Placing
from engine.build.sources import Source
from engine.build.substitution import substitute
from engine.build.transfer import How, transfer
from engine.build.trees import Tree
from engine.build.work import Asked
from engine.containers import users
from engine.errors import BuildFailed, BuildFileError, EngineError, InvalidArgument
from engine.storage.room import Room

_MODE = re.compile(r"[0-7]{3,4}")
_CHECKSUM = re.compile(r"sha256:[0-9a-f]{64}")


class _Wanted(NamedTuple):
    """A COPY or ADD, its variables replaced and its sources found."""

    sources: tuple[Source, ...]
    destination: str
    chown: str
    chmod: str
    linked: bool

    def comment(self, name: str) -> str:
        """What the history says of it."""
        digests = [source.digest for source in self.sources]
        digest = digests[0]
        if len(digests) > 1:
            digest = fingerprints.together("multi", digests)
        chown = f"--chown={self.chown}" if self.chown else ""
        chmod = f"--chmod={self.chmod}" if self.chmod else ""
        link = "--link " if self.linked else ""
        return f"{name} {link}{chown}{chmod}{digest} in {self.destination} "


def copy(asked: Asked) -> None:
    """Carry out COPY, or ADD."""
    work, stage, name = asked.work, asked.stage, asked.instruction.name
    with ExitStack() as opened:
        try:
            wanted = _wanted(asked, opened)
        except BuildFileError:
            raise
        except EngineError as error:
            raise BuildFailed(f"{name} failed: {error.message}", error.hint) from error
        step = Step(
            words=stage.saying(wanted.comment(name)),
            defaults=stage.defaults,
            author=stage.config.author,
            files=dict(pair for one in wanted.sources for pair in one.digests()),
        )
        if work.cached(stage, step):
            return
        layers = work.layers_below(stage.image)
        below = () if wanted.linked else layers
        with workbench.laid_out(work.house, below) as bench:
            with files.closing(bench.root):
                _put(asked, wanted, bench)
            work.commit(stage, step, bench.upper)


def _wanted(asked: Asked, opened: ExitStack) -> _Wanted:
    """Everything that can be known before anything is written."""
    variables = asked.stage.variables()
    *words, destination = expand_words(asked.dockerfile, asked.instruction, variables)
    found = tuple(_sources(asked, words, opened))
    name = asked.instruction.name
    if not found:
        raise BuildFailed("no source files were specified", "The pattern fits nothing.")
    if len(found) > 1 and not destination.endswith("/"):
        raise InvalidArgument(
            f"When using {name} with more than one source file, the destination must "
            "be a directory and end with a /",
            f"As in {name} … {destination}/",
        )
    chmod = expand_flag(asked.dockerfile, asked.instruction, "chmod", variables)
    if chmod and not _MODE.fullmatch(chmod):
        raise InvalidArgument(
            f"invalid chmod parameter: '{chmod}'", "It is octal, as in --chmod=755."
        )
    return _Wanted(
        sources=found,
        destination=destination,
        chown=expand_flag(asked.dockerfile, asked.instruction, "chown", variables),
        chmod=chmod,
        linked=expand_flag(asked.dockerfile, asked.instruction, "link", {}) == "true",
    )


def _sources(asked: Asked, words: list[str], opened: ExitStack) -> Iterator[Source]:
    """What each word means, in order."""
    heredocs = iter(asked.instruction.heredocs)
    tree = _tree(asked, opened)
    for word in words:
        if word.startswith("<<") and asked.instruction.heredocs:
            document = next(heredocs)
            content = document.content
            if document.expand:
                variables, escape = asked.stage.variables(), asked.dockerfile.escape
                content = _expanded(content, variables, escape)
            yield sources.heredoc(document.name, content)
        elif sources.is_url(word):
            yield _download(asked, word, opened)
        else:
            yield from sources.in_tree(tree, word)


def _expanded(content: str, variables: dict[str, str], escape: str) -> str:
    """The lines of a heredoc with variables replaced: its quotes mean nothing."""
    found = []
    for part in content.split('"'):
        text = part.rstrip(escape)
        found.append(substitute(f'"{text}"', variables, escape) + part[len(text) :])
    return '"'.join(found)


def _tree(asked: Asked, opened: ExitStack) -> Tree:
    """Where the sources lie: in the context, or in the image of --from."""
    name = expand_flag(asked.dockerfile, asked.instruction, "from", {})
    if not name:
        return asked.work.context.tree
    image = stages.source(asked.work, asked.stage, name)
    layers = asked.work.layers_below(image)
    root = opened.enter_context(workbench.to_read(asked.work.house, layers))
    return Tree(root, None, owned=True)


def _download(asked: Asked, url: str, opened: ExitStack) -> Source:
    """What ADD fetches."""
    if asked.instruction.name == "COPY":
        raise InvalidArgument(
            f"source can't be a URL for COPY: {url}", "ADD fetches from the network."
        )
    variables = asked.stage.variables()
    checksum = expand_flag(asked.dockerfile, asked.instruction, "checksum", variables)
    if checksum and not _CHECKSUM.fullmatch(checksum):
        raise InvalidArgument(
            f"invalid checksum: {checksum}", "As in --checksum=sha256: and 64 digits."
        )
    from engine.build import downloads  # what speaks HTTP takes long to load

    scratch = asked.work.house.images.snapshots.scratch()
    directory: Path = opened.enter_context(scratch)
    found = downloads.fetch(url, directory, checksum)
    if not found.name and asked.instruction.words[-1].endswith("/"):
        raise InvalidArgument(
            f"cannot determine filename for source {url}",
            "Name the file: ADD URL /directory/name.",
        )
    return sources.downloaded(found.name or "download", str(found.file), found.modified)


def _put(asked: Asked, wanted: _Wanted, bench: workbench.Bench) -> None:
    """Write all of it."""
    if not wanted.linked:
        _put_over(asked, wanted, bench, bench.root)
        return
    layers = asked.work.layers_below(asked.stage.image)
    with workbench.to_read(asked.work.house, layers) as image:
        _put_over(asked, wanted, bench, image)


def _put_over(
    asked: Asked, wanted: _Wanted, bench: workbench.Bench, image: int
) -> None:
    """Write it; `image` is the root that says who is who, and whose directories are."""
    how = How(
        owner=_owner(asked, wanted.chown, image),
        mode=int(wanted.chmod, 8) if wanted.chmod else None,
        unpacks=asked.instruction.name == "ADD",
        room=Room(bench.upper),
    )
    home = asked.stage.defaults.working_dir
    destination = posixpath.join("/", home, wanted.destination)
    placing = Placing(bench.root)
    if wanted.linked:
        placing.imitate(image, destination)
    for source in wanted.sources:
        transfer(placing, source, destination, how)
    placing.close()


def _owner(asked: Asked, chown: str, root: int) -> Owner | None:
    """Whose the files will be; None: as they are in the image that they come from."""
    if not chown:
        return None if "from" in asked.instruction.flags else ROOT
    user, colon, group = chown.partition(":")
    try:
        if not user:
            raise InvalidArgument(
                f"{chown} names no user", "As in --chown=0:0 or --chown=root:root."
            )
        found = users.resolve(root, f"{user}:{group if colon and group else user}")
    except EngineError as error:
        raise BuildFailed(
            f"unable to convert uid/gid chown string to host mapping: {error.message}",
            error.hint,
        ) from error
    return Owner(uid=found.uid, gid=found.gid)


def make_working_directory(asked: Asked) -> None:
    """Carry out WORKDIR: relative to the one before, and made if it is missing."""
    work, stage = asked.work, asked.stage
    path = expand_words(asked.dockerfile, asked.instruction, stage.variables())[0]
    if not path.startswith("/"):
        home = stage.defaults.working_dir
        path = posixpath.normpath(posixpath.join("/", home, path))
    stage.defaults = stage.defaults._replace(working_dir=path)
    step = Step(
        words=stage.saying(f"WORKDIR {path}"),
        defaults=stage.defaults,
        author=stage.config.author,
    )
    if work.cached(stage, step):
        return
    layers = work.layers_below(stage.image)
    with workbench.laid_out(work.house, layers) as bench:
        with files.closing(bench.root):
            placing = Placing(bench.root)
            before = placing.status(path)
            if before is not None and not stat.S_ISDIR(before.st_mode):
                raise BuildFailed(f"Cannot mkdir: {path} is not a directory")
            placing.make_directories(posixpath.normpath(path), ROOT)
            placing.close()
        work.commit(stage, step, bench.upper)
