"""A tree that COPY takes files from: the context, or the files of an image.

    context   a directory of this machine, less what .dockerignore leaves out
    image     its layers, seen as one: COPY --from

Both are an open directory. A name in it is resolved by the kernel with this directory
as its "/" (kernel/paths.py): no link, and no "..", leads out. What a link in the
context points at must itself be in the context, and not be left out of it.

Source: measured on Docker 20.10
man: openat2(2)
Try it: `ln -s /etc/passwd x; printf 'FROM busybox\\nCOPY x /\\n' | lab build -f- .`
"""

import os
import re
import stat
from collections.abc import Iterator
from typing import NamedTuple

from engine import files
from engine.build import fingerprints
from engine.build.globs import names_of
from engine.build.ignore import Ignored
from engine.errors import SyscallError
from engine.kernel import paths, places
from engine.storage.pack import refuse_too_deep

_STARS = re.compile(r"\*+")
_WILD = re.compile(r"(?:[^\\*?\[]|\\.)*[*?\[]", re.DOTALL)
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Item(NamedTuple):
    """One file, directory, link … of a tree: its path and its status.

    `implied`: a directory that is left out itself, but for something in it.
    """

    path: str
    status: os.stat_result
    implied: bool = False

    @property
    def is_directory(self) -> bool:
        """Whether there is a directory."""
        return stat.S_ISDIR(self.status.st_mode)


class Tree:
    """An open directory to copy from; `owned`: users and groups in it mean something.

    In a context they do not: what comes from there belongs to root. `bare`: no context
    came, only a Dockerfile, and the directory is empty.
    """

    def __init__(
        self, root: int, ignored: Ignored | None, *, owned: bool, bare: bool = False
    ) -> None:
        self.root, self.owned, self.bare = root, owned, bare
        self._ignored = ignored
        self._place = os.readlink(f"/proc/self/fd/{root}")
        self._digests: dict[str, str] = {}

    def find(self, path: str) -> Item | None:
        """What is at `path`, links followed inside the tree; None if nothing is."""
        try:
            place = places.find(self.root, path or ".", follow=True)
        except SyscallError as error:
            if error.name in ("ENOENT", "ENOTDIR", "ELOOP"):
                return None
            raise
        with files.closing(place.directory) as directory:
            if place.status is None:
                return None
            real = os.path.relpath(
                os.readlink(f"/proc/self/fd/{directory}"), self._place
            )
            real = os.path.normpath(os.path.join(real, place.name))
        real = "" if real == "." else real
        if real and self._left_out(real) and not self._implied(real):
            return None
        return Item(path=real, status=place.status)

    def matching(self, pattern: str) -> list[str]:
        """The paths that a pattern with `*`, `?` or `[…]` means, in order."""
        try:
            (names,) = names_of(_STARS.sub("*", pattern))
        except ValueError:
            return []
        found = [""]
        for wanted in names:
            found = [path for above in found for path in self._below(above, wanted)]
        return found

    def _below(self, above: str, wanted: str | re.Pattern[str] | None) -> list[str]:
        item = self.find(above)
        if item is None or not item.is_directory or wanted is None:
            return []
        with files.closing(paths.open_directory(self.root, item.path or ".")) as here:
            names = sorted(os.listdir(here))
        fits = (
            (lambda name: name == wanted)
            if isinstance(wanted, str)
            else (lambda name: bool(wanted.fullmatch(name)))
        )
        whole = [f"{above}/{name}" if above else name for name in names if fits(name)]
        return [path for path in whole if not self._left_out(path)]

    def below(self, path: str) -> Iterator[Item]:
        """All that is in a directory, each before what is in it, in order of names."""
        with files.closing(paths.open_directory(self.root, path or ".")) as directory:
            yield from self._walk(directory, f"{path}/" if path else "")

    def _walk(self, directory: int, prefix: str) -> Iterator[Item]:
        refuse_too_deep(prefix)
        with os.scandir(directory) as found:
            names = sorted(entry.name for entry in found)
        for name in names:
            path = prefix + name
            status = os.stat(name, dir_fd=directory, follow_symlinks=False)
            left_out = self._left_out(path)
            if not stat.S_ISDIR(status.st_mode):
                if not left_out and not stat.S_ISSOCK(status.st_mode):
                    yield Item(path=path, status=status)
                continue
            if left_out and not self._implied(path):
                continue
            with files.closing(files.open_directory(name, directory)) as inner:
                inside = self._walk(inner, f"{path}/")
                if left_out:
                    yield from _if_any(Item(path, status, implied=True), inside)
                else:
                    yield Item(path=path, status=status)
                    yield from inside

    def _left_out(self, path: str) -> bool:
        return self._ignored is not None and self._ignored.excludes(path)

    def _implied(self, path: str) -> bool:
        return self._ignored is not None and self._ignored.may_include_below(path)

    def open_file(self, path: str) -> int:
        """A regular file, open to be read."""
        return paths.open_inside(self.root, path, _FILE)

    def link_text(self, path: str) -> str:
        """Where a link points, as it is written."""
        above, _, name = path.rpartition("/")
        with files.closing(paths.open_directory(self.root, above or ".")) as directory:
            return os.readlink(name, dir_fd=directory)

    def digest(self, item: Item) -> str:
        """The fingerprint of one item (see fingerprints.py): computed once.

        A link has that of what it leads to; one that leads nowhere, its own path.
        """
        if item.path not in self._digests:
            found: Item | None = item
            if stat.S_ISLNK(item.status.st_mode):
                found = self.find(item.path)
            self._digests[item.path] = self._digest(found) if found else item.path
        return self._digests[item.path]

    def _digest(self, item: Item) -> str:
        if not stat.S_ISREG(item.status.st_mode):
            return fingerprints.of(item.path, item.status, None, owned=self.owned)
        with files.closing(self.open_file(item.path)) as file:
            return fingerprints.of(item.path, item.status, file, owned=self.owned)


def is_pattern(path: str) -> bool:
    """Whether a source has `*`, `?` or `[` in it that mean something."""
    return bool(_WILD.match(path))


def _if_any(directory: Item, inside: Iterator[Item]) -> Iterator[Item]:
    first = next(inside, None)
    if first is not None:
        yield directory
        yield first
        yield from inside
