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

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from engine.errors import ImageError
from engine.storage import nodes, tarball, whiteouts
from engine.storage.tarball import Entry
from engine.storage.unpack import inside
from engine.storage.whiteouts import Mark

MOST_PATHS = 200_000  # of one image: more than any distribution ships
_MOST_LINKS = 40  # as many as the kernel follows: path_resolution(7)
_LONGEST_PATH, _LONGEST_NAME = 4096, 255  # bytes; a zero byte ends the path
_IMPLIED = Entry(name="", kind=tarball.DIRECTORY, mode=0o755)


class Node(NamedTuple):
    """What a container would see at a path. `layer` counts from 0, the bottom.

    `place`: which of that layer's files it is, counted from 0. A path would not tell: a
    hard link keeps what it was made of, whatever gets that name later.
    """

    entry: Entry
    layer: int
    place: int

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
    """The entries of one layer, by the paths that they are about.

    `deleted` and `opaque` are what its directory would have when it were unpacked: of
    two entries about one name the later one counts (storage/unpack.py).
    """

    def __init__(self, number: int) -> None:
        self._number, self._files = number, 0
        self.added: Tree = {}
        self.deleted: set[str] = set()
        self.opaque: set[str] = set()

    def add(self, entry: Entry) -> str:
        """Take in one entry, in the order of the tar; its path, "" if it has none."""
        _refuse_too_long(entry)
        directory, _, last = inside(entry.name).rpartition("/")
        if not last and entry.kind != tarball.DIRECTORY:
            raise tarball.damaged("its root is no directory")
        named = whiteouts.to_overlay(last)
        if not last or named.mark is Mark.IGNORED:
            return ""
        directory = self._real(directory)
        path = f"{directory}/{named.name}" if directory else named.name
        self._imply(directory)
        self._refuse_too_many()
        if named.mark is Mark.OPAQUE:
            self.opaque.add(directory)
            return ""
        if named.mark is Mark.WHITEOUT:
            self._hide(path)
            return ""
        self._put(path, entry)
        return path

    def _imply(self, directory: str) -> None:
        """A directory that is not mentioned comes of what is said to be in it."""
        for path in (directory, *ancestors(directory)) if directory else ():
            if path not in self.added:
                self._make_directory(path, _IMPLIED)
            elif not self.added[path].is_directory:
                raise tarball.damaged(f"{path[:200]!a} is no directory in this layer")

    def _make_directory(self, path: str, entry: Entry) -> None:
        """Deleted, and then made anew: what was below must not show through."""
        if path in self.deleted:
            self.deleted.remove(path)
            self.opaque.add(path)
        self.added[path] = Node(entry, self._number, -1)

    def _hide(self, path: str) -> None:
        """A whiteout. What this layer itself has under the name stays (layer.md)."""
        if path not in self.added:
            self.deleted.add(path)
        elif self.added[path].is_directory:
            self.opaque.add(path)

    def _put(self, path: str, entry: Entry) -> None:
        """Enter it; what stands in its way, as an earlier entry, goes."""
        if entry.kind == tarball.DIRECTORY:
            self._make_directory(path, entry)
            return
        nodes.refuse_impossible(entry)
        before = self.added.pop(path, None)
        if before and before.is_directory:
            self._forget_below(path)
        self.deleted.discard(path)
        if entry.kind == tarball.HARD_LINK:
            self.added[path] = self._target(path, inside(entry.target))
            return
        self.added[path] = Node(entry, self._number, self._files)
        self._files += entry.kind == tarball.FILE

    def _target(self, path: str, target: str) -> Node:
        """What a hard link is a second name of; a symbolic link is not followed."""
        directory, _, last = target.rpartition("/")
        directory = self._real(directory)
        node = self.added.get(f"{directory}/{last}" if directory else last)
        if node is None or node.is_directory:
            raise tarball.damaged(f"{path[:200]!a} is a second name of nothing")
        return node

    def _refuse_too_many(self) -> None:
        """Stop at a layer so large that nobody made it to be used."""
        if len(self.added) + len(self.deleted) + len(self.opaque) > MOST_PATHS:
            raise ImageError(
                f"a layer holds more than {MOST_PATHS} files", "Make it smaller."
            )

    def _forget_below(self, path: str) -> None:
        for below in [one for one in self.added if one.startswith(f"{path}/")]:
            del self.added[below]
        for marks in (self.deleted, self.opaque):
            marks -= {one for one in marks if f"{one}/".startswith(f"{path}/")}

    def _real(self, path: str) -> str:
        """A directory's path, with the links on the way that this layer holds."""
        links, led, real = 0, 0, ""  # led: parts that are a link's
        parts = path.split("/") if path else []
        while parts:
            part, is_led = parts.pop(0), led > 0
            led -= is_led
            if part == "..":
                real = real.rpartition("/")[0]
                continue
            here = f"{real}/{part}" if real else part
            node = self.added.get(here)
            if node is None or node.entry.kind != tarball.LINK:
                if is_led and not (node and node.is_directory):
                    raise tarball.damaged(f"{path[:200]!a} leads to no directory")
                real = here
                continue
            links += 1
            if links > _MOST_LINKS:
                raise tarball.damaged(f"{path[:200]!a} leads through too many links")
            target = node.entry.target
            real = "" if target.startswith("/") else real
            further = [one for one in target.split("/") if one not in ("", ".")]
            parts, led = further + parts, led + len(further)
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


def _refuse_too_long(entry: Entry) -> None:
    """No program could open such a file, and nothing could unpack it."""
    name, target = os.fsencode(entry.name), os.fsencode(entry.target)
    whole, longest = max(len(name), len(target)), max(map(len, name.split(b"/")))
    if whole >= _LONGEST_PATH or longest > _LONGEST_NAME:
        raise tarball.damaged("a path is longer than the kernel allows")


def overlay(layers: Iterable[Layer]) -> Tree:
    """What all layers show together, bottom first."""
    tree: Tree = {}
    for layer in layers:
        tree = layer.over(tree)
    return tree
