"""Overlaying: what the layers of an image show together, computed and not mounted.

    layer 2   .wh.token  etc/motd           ┐
    layer 1   token  etc/  etc/.wh..wh..opq │  ─▶  etc  etc/motd  etc/issue …
    layer 0   etc/  etc/passwd              ┘

Bottom first, each layer is laid over what is there: its whiteouts and opaque
directories hide, its own entries replace. That is what the kernel's overlay does with
directories (storage/unpack.py makes them); here the entries of the tars are enough, and
nobody needs to be root, or to have a disk.

A tar may reach a directory through a link of its own (`lib/x` where `lib` leads to
`usr/lib`). It is followed inside the layer only, as when the layer is unpacked.

Source: Documentation/filesystems/overlayfs.rst; opencontainers/image-spec, layer.md
Try it: `lab layers busybox --paths`
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from engine.errors import ImageError
from engine.storage import tarball, whiteouts
from engine.storage.tarball import Entry
from engine.storage.unpack import inside
from engine.storage.whiteouts import Mark

MOST_PATHS = 200_000  # of one image: more than any distribution ships
_MOST_LINKS = 40  # as many as the kernel follows: path_resolution(7)
_LONGEST_PATH = 4096  # bytes, PATH_MAX of the kernel
_IMPLIED = Entry(name="", kind=tarball.DIRECTORY, mode=0o755)


class Node(NamedTuple):
    """What a container would see at a path. `layer` counts from 0, the bottom.

    `stored` is the path under which that layer holds it: another one for a hard link.
    """

    entry: Entry
    layer: int
    stored: str

    @property
    def is_file(self) -> bool:
        """Is it a regular file?"""
        return self.entry.kind == tarball.FILE

    @property
    def is_directory(self) -> bool:
        """Is it a directory?"""
        return self.entry.kind == tarball.DIRECTORY


Tree = dict[str, Node]  # by path: "etc/motd"


def ancestors(path: str) -> Iterator[str]:
    """The directories above a path, the nearest first: "a/b", "a" of "a/b/c"."""
    while path := path.rpartition("/")[0]:
        yield path


class Layer:
    """The entries of one layer, by the paths that they are about."""

    def __init__(self, number: int) -> None:
        self._number = number
        self.added: Tree = {}
        self.deleted: set[str] = set()
        self.opaque: set[str] = set()

    def add(self, entry: Entry) -> str:
        """Take in one entry, in the order of the tar; its path, "" if it has none."""
        directory, _, last = inside(entry.name).rpartition("/")
        named = whiteouts.to_overlay(last)
        if not last or named.mark is Mark.IGNORED:
            return ""
        if len(entry.name) + len(entry.target) > _LONGEST_PATH:
            raise tarball.damaged("a path is longer than the kernel allows")
        directory = self._real(directory)
        path = f"{directory}/{named.name}" if directory else named.name
        if named.mark is Mark.OPAQUE:
            self.opaque.add(directory)
            return ""
        if named.mark is Mark.WHITEOUT:
            self.deleted.add(path)
            return ""
        self._put(path, entry)
        self._refuse_too_many()
        return path

    def _put(self, path: str, entry: Entry) -> None:
        """Enter it; what stands in its way, as an earlier entry, goes."""
        for above in ancestors(path):
            if above not in self.added:
                self.added[above] = Node(_IMPLIED, self._number, above)
            elif not self.added[above].is_directory:
                raise tarball.damaged(f"{above[:200]!a} is no directory in this layer")
        if entry.kind != tarball.HARD_LINK:
            before = self.added.get(path)
            if before and before.is_directory and entry.kind != tarball.DIRECTORY:
                self._forget_below(path)
            self.added[path] = Node(entry, self._number, path)
            return
        target = self.added.get(self._real(inside(entry.target)))
        if target is None or target.is_directory:
            raise tarball.damaged(f"{path[:200]!a} is a second name of nothing")
        self.added[path] = target

    def _refuse_too_many(self) -> None:
        """Stop at a layer so large that nobody made it to be used."""
        if len(self.added) > MOST_PATHS:
            raise ImageError(
                f"a layer holds more than {MOST_PATHS} files", "Make it smaller."
            )

    def _forget_below(self, path: str) -> None:
        for below in [one for one in self.added if one.startswith(f"{path}/")]:
            del self.added[below]

    def _real(self, path: str) -> str:
        """A directory's path, with the links on the way that this layer holds."""
        links, parts, real = 0, path.split("/") if path else [], ""
        while parts:
            part = parts.pop(0)
            if part == "..":
                real = real.rpartition("/")[0]
                continue
            here = f"{real}/{part}" if real else part
            node = self.added.get(here)
            if node is None or node.entry.kind != tarball.LINK:
                real = here
                continue
            links += 1
            if links > _MOST_LINKS:
                raise tarball.damaged(f"{path[:200]!a} leads through too many links")
            target = node.entry.target
            if target.startswith("/"):
                real = ""
            parts = [one for one in target.split("/") if one not in ("", ".")] + parts
        return real

    def over(self, below: Mapping[str, Node]) -> Tree:
        """What this layer shows together with what is below it."""
        walls = {path for path, node in self.added.items() if not node.is_directory}
        shown = {
            path: node for path, node in below.items() if not self._hides(path, walls)
        }
        return shown | self._seen(below)

    def _hides(self, path: str, walls: set[str]) -> bool:
        if path in self.deleted or "" in self.opaque:
            return True
        return any(
            above in self.deleted or above in self.opaque or above in walls
            for above in ancestors(path)
        )

    def _seen(self, below: Mapping[str, Node]) -> Tree:
        """Its own entries; a directory that it only implies stays what it was below."""
        return {
            path: below[path]
            if node.entry is _IMPLIED and path in below and below[path].is_directory
            else node
            for path, node in self.added.items()
        }


def overlay(layers: Iterable[Layer]) -> Tree:
    """What all layers show together, bottom first."""
    tree: Tree = {}
    for layer in layers:
        tree = layer.over(tree)
    return tree
