"""Sources: what COPY and ADD were asked to take, found and known by its fingerprint.

    a name           COPY app.py /srv/            in the context, or an image (--from)
    a pattern        COPY *.py /srv/              all that it fits
    a URL            ADD https://…/x.tar /srv/    fetched, never unpacked
    a heredoc        COPY <<EOF /srv/motd         its lines are the file

Source: moby's classic builder; measured on Docker 20.10
Try it: `printf 'FROM busybox\\nCOPY nosuch /\\n' | lab build -f- .`
"""

import os
import posixpath
import stat
from collections.abc import Iterator
from typing import NamedTuple

from engine.build import fingerprints
from engine.build.trees import Item, Tree, is_pattern
from engine.errors import BuildFailed

_URLS = ("http://", "https://", "ftp://", "git://", "git@", "ssh://")


class Source(NamedTuple):
    """One source: in a tree, or in memory or a file of ours (`content`).

    `name` is what a copy of it in a directory is called.
    """

    name: str
    digest: str
    tree: Tree | None = None
    item: Item | None = None
    content: bytes = b""
    file: str = ""
    mode: int = 0o644
    modified: int = 0

    @property
    def is_directory(self) -> bool:
        """Whether it is a directory, of which the content is copied."""
        return self.item is not None and self.item.is_directory

    def digests(self) -> Iterator[tuple[str, str]]:
        """Each file of it with its fingerprint: to tell which one has changed."""
        if self.tree is None or self.item is None:
            yield self.name, self.digest
        elif not self.item.is_directory:
            yield self.item.path, self.tree.digest(self.item)
        else:
            for item in self.tree.below(self.item.path):
                yield item.path, self.tree.digest(item)


def is_url(word: str) -> bool:
    """Whether a source lies elsewhere."""
    return word.startswith(_URLS)


def in_tree(tree: Tree, word: str) -> list[Source]:
    """What a word means in a tree: one source, or all that fit a pattern."""
    path = _clean(word)
    if not is_pattern(path):
        return [_one(tree, path, word)]
    return [_one(tree, found, word) for found in tree.matching(path)]


def _clean(word: str) -> str:
    """A path relative to the top. BuildFailed if it leads above it."""
    path = posixpath.normpath(word.lstrip("/") or ".")
    if path == ".." or path.startswith("../"):
        raise BuildFailed(
            f"forbidden path outside the build context: {word} ()",
            "COPY and ADD take what is below the context: build from a directory "
            "higher up, with -f.",
        )
    return "" if path == "." else path


def _one(tree: Tree, path: str, word: str) -> Source:
    item = tree.find(path)
    if item is None:
        where = (
            ""
            if tree.owned
            else ("file not found in build context or excluded by .dockerignore: ")
        )
        raise BuildFailed(
            f"{where}stat {word.lstrip('/')}: file does not exist", _near(tree, path)
        )
    if item.is_directory:
        digests = [
            one.path if one.implied else tree.digest(one)
            for one in tree.below(item.path)
        ]
        if item.path:
            digests.append(tree.digest(item))
        digest = fingerprints.together("dir", sorted(digests))
    else:
        digest = f"file:{tree.digest(item)}"
    return Source(name=posixpath.basename(path), digest=digest, tree=tree, item=item)


def _near(tree: Tree, path: str) -> str:
    """What may have been meant."""
    if tree.bare:
        return (
            "There is no context: `lab build -` was given a Dockerfile and no files. "
            "`lab build -f - .` takes them from here."
        )
    from difflib import get_close_matches

    above, _, name = path.rpartition("/")
    beside = tree.matching(f"{above}/*".lstrip("/"))
    names = [found for found in map(posixpath.basename, beside) if found != name]
    near = get_close_matches(name, names, n=1)
    if near:
        return f"Did you mean {posixpath.join(above, near[0])}?"
    return (
        "Paths are relative to the context, and what .dockerignore names is not there."
    )


def heredoc(name: str, content: str) -> Source:
    """A file whose lines stand in the Dockerfile."""
    data = content.encode(errors="surrogateescape")
    digest = fingerprints.of_content(name, 0o644, data)
    return Source(name=name, digest=f"file:{digest}", content=data)


def downloaded(name: str, file: str, modified: int) -> Source:
    """What was fetched into a file of ours."""
    tree_of = os.stat(file)
    assert stat.S_ISREG(tree_of.st_mode), "we wrote it"
    with open(file, "rb") as content:
        digest = fingerprints.of_file(name, 0o600, tree_of.st_size, content)
    return Source(name=name, digest=digest, file=file, mode=0o600, modified=modified)
