"""What can be copied between containers and this machine.

Try it: `lab cp box:/etc/passwd . ; lab cp . box:/srv; lab cp box:/etc - | tar tv`
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from engine.containers.telling import tell
from engine.errors import told_as_engine_errors
from engine.verbs.containers import ContainerVerbs

if TYPE_CHECKING:
    from engine.containers.copying.ends import End
    from engine.containers.copying.looked import PathStatus
    from engine.storage.compression import Readable


class CopyingVerbs(ContainerVerbs):
    """The verbs that copy files."""

    @told_as_engine_errors()
    def copy_out(
        self,
        name: str,
        path: str,
        destination: str,
        follow: bool = False,
        owners: bool = False,
    ) -> int:
        """Copy `path` of a container to this machine; the size of the files, in bytes.

        `follow`: of a link, its target; `owners`: keep users and groups, as numbers,
        else they are those of this process.
        """
        from engine.containers.copying import copy, ends, shifting

        shift = shifting.inward(self.container(name))
        with (
            self._files(name, path, "archive-path") as source,
            ends.outside(destination) as goal,
        ):
            return copy.copy(source, goal, follow=follow, owners=owners, shift=shift)

    @told_as_engine_errors()
    def copy_in(self, name: str, source: str, path: str, follow: bool = False) -> int:
        """Copy `source` of this machine into a container; the size of the files.

        Users and groups are kept, as numbers.
        """
        from engine.containers.copying import copy, ends, shifting

        with (
            ends.outside(source) as origin,
            self._files(name, path, "extract-to-dir") as goal,
            shifting.writing(self.container(name)) as shift,
        ):
            return copy.copy(origin, goal, follow=follow, owners=True, shift=shift)

    @told_as_engine_errors()
    def path_status(self, name: str, path: str) -> "PathStatus":
        """What is at `path` of a container. NotFound if nothing is."""
        from engine.containers.copying import looked
        from engine.containers.copying.ends import inside

        with inside(self._house, self.container(name), name, path) as end:
            return looked.path_status(end)

    def pack_files(self, name: str, path: str, out: int, follow: bool = False) -> None:
        """Write a tar of `path` of a container to the descriptor `out`.

        BrokenPipeError if nobody reads it any more.
        """
        from engine.containers.copying import shifting
        from engine.containers.copying.tars import write_archive

        shift = shifting.inward(self.container(name))
        with self._files(name, path, "archive-path") as source:
            write_archive(source, out, follow=follow, shift=shift)

    @told_as_engine_errors()
    def unpack_files(
        self, name: str, path: str, stream: "Readable", *, as_user: bool = False
    ) -> None:
        """Unpack a tar into the directory `path` of a container.

        `as_user`: all of it shall belong to the container's user, unless that is root.
        """
        from engine.containers.copying import shifting
        from engine.containers.copying.tars import read_archive, user_of

        container = self.container(name)
        owner = user_of(container) if as_user else None
        with (
            self._files(name, path, "extract-to-dir") as destination,
            shifting.writing(container) as shift,
        ):
            read_archive(stream, destination, owner, shift)

    @contextmanager
    def _files(self, name: str, path: str, event: str) -> "Iterator[End]":
        """A path of a container, and afterwards the event that it was copied."""
        from engine.containers.copying.ends import inside

        with (
            self._acting("cp", name) as container,
            inside(self._house, container, name, path) as end,
        ):
            yield end
        tell(self._house, container, event)
