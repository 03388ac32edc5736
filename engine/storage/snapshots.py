"""Snapshots: layers, unpacked once and then only read.

    snapshots/<chain_id>/     the files of one layer, as overlay wants them

A layer's directory is named by its chain_id and not by its own digest, since unpacking
depends on the layers below: a parent directory that the tar omits takes its mode and
owner from there. A hundred containers of one image share these directories; overlay
never writes to them.

Order of steps: unpack under a temporary name, wait for the disk, rename. A snapshot
that has its name is whole, whatever crashed. Unpacking happens when a container first
needs the layer.

man: syncfs(2), rename(2)
Try it: `lab layers busybox --paths`
"""

import errno
import os
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from engine import entries, files
from engine.acts import act
from engine.errors import from_os_error
from engine.kernel import libc
from engine.notes import quote
from engine.oci import digest as digests

_TEMPORARY = ".unpacking-"
_ROOT_MODE = 0o755  # of "/" in an image whose tar does not say


class Snapshots:
    """The unpacked layers in `directory`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def path(self, chain_id: str) -> Path:
        """Where the layer with this chain_id is unpacked, or will be."""
        return self.directory / digests.hex_of(chain_id)

    def ensure(self, chain_id: str, unpack: Callable[[Path], None]) -> Path:
        """The directory of a layer; `unpack` fills an empty one if it is not there."""
        path = self.path(chain_id)
        if path.is_dir():
            return path
        with self.scratch() as temporary:
            unpack(temporary)
            _wait_for_the_disk(temporary)
            _rename(temporary, path)
        return path

    def content_size(self, chain_id: str) -> int:
        """The bytes in the files of an unpacked layer: what Docker calls its size."""
        from engine.storage import usage

        return usage.of(self.path(chain_id)).content

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """An empty directory, removed at the end unless it was renamed."""
        name = f"{_TEMPORARY}{os.getpid()}-{os.urandom(4).hex()}"
        temporary = self.directory / name
        try:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            entries.make_directory(temporary)
            temporary.chmod(_ROOT_MODE)
            yield temporary
        except OSError as error:
            raise from_os_error(error) from error
        finally:
            files.remove_tree(temporary)

    def sweep(self, keep: Collection[str]) -> list[str]:
        """Remove every snapshot not named in `keep`; the chain_ids of what is gone.

        For the holder of the exclusive store lock: nobody unpacks now.
        """
        kept = {digests.hex_of(chain_id) for chain_id in keep}
        gone = []
        for name in os.listdir(self.directory) if self.directory.is_dir() else []:
            if name not in kept:
                files.remove_tree(self.directory / name)
                gone.append(f"sha256:{name}")
        return [name for name in gone if digests.valid(name)]


def _wait_for_the_disk(directory: Path) -> None:
    """One syncfs(2) for the whole tree, instead of an fsync(2) for every file in it."""
    with files.closing(files.open_directory(directory)) as descriptor:
        _sync(descriptor, directory)


@act(
    "syncfs(2)",
    lambda descriptor, directory: f"sync -f {quote(directory)}",
    lambda descriptor, directory: f"{descriptor}",
    concept="layers",
)
def _sync(descriptor: int, directory: Path) -> None:
    libc.call("syncfs", descriptor, target=str(directory))


def _rename(temporary: Path, path: Path) -> None:
    """Take the name, unless another process was faster: then its copy is as good."""
    try:
        entries.rename(temporary, path)
        files.sync_directory(path.parent)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
