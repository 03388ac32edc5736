"""Snapshots: layers, unpacked once and then only read.

    snapshots/<chain_id>/     the files of one layer, as overlay wants them

A layer's directory is named by its chain_id and not by its own digest, since unpacking
depends on the layers below: a parent directory that the tar omits takes its mode and
owner from there. A hundred containers of one image share these directories; overlay
never writes to them.

Order of steps: unpack under a temporary name, wait for the disk, rename. A snapshot
that has its name is whole, whatever crashed. Unpacking happens when a container first
needs the layer.

A build makes twenty layers in a second, each out of the read-write layer of a container
that has ended: that very directory is *adopted*, since unpacking would make the same
again, and the disk is waited for once, at the end (`settle`). Until then a mark stands
beside it that names this boot of the machine. After a power cut the mark is there and
names another boot: what it stands for is not believed, but unpacked anew.

man: syncfs(2), rename(2)
Try it: `lab layers busybox --paths`
"""

import contextlib
import errno
import functools
import os
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from engine import entries, files
from engine.acts import act
from engine.errors import from_os_error
from engine.kernel import libc, mount_table, mounts
from engine.notes import quote
from engine.oci import digest as digests

_TEMPORARY = ".unpacking-"
_UNSETTLED = ".unsettled-"  # and the chain_id: perhaps not on the disk yet
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
        if path.is_dir() and not self._is_in_doubt(chain_id):
            return path
        with self.scratch() as temporary:
            unpack(temporary)
            _wait_for_the_disk(temporary)
            _rename(temporary, path)
        return path

    def adopt(self, directory: Path, chain_id: str) -> Path:
        """Make a snapshot of a directory that is what the layer would be unpacked to.

        It is sound for as long as the machine is up; `settle` makes it durable.
        """
        path = self.path(chain_id)
        if path.is_dir() and not self._is_in_doubt(chain_id):
            return path
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.chown(directory, 0, 0)
        directory.chmod(_ROOT_MODE)
        self._mark(chain_id).write_text(_this_boot())
        try:
            entries.rename(directory, path)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
        return path

    def settle(self, chain_ids: Collection[str]) -> None:
        """Wait for the disk, once: adopted snapshots are then as good as any.

        What else was written to this file system before is durable then, too.
        """
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        _wait_for_the_disk(self.directory)
        for chain_id in chain_ids:
            self._mark(chain_id).unlink(missing_ok=True)

    def _mark(self, chain_id: str) -> Path:
        return self.directory / f"{_UNSETTLED}{digests.hex_of(chain_id)}"

    def _is_in_doubt(self, chain_id: str) -> bool:
        """Whether the machine went down before a snapshot was durable.

        If so, it is removed. Written anew, the mark may be empty after a power cut.
        """
        try:
            if self._mark(chain_id).read_text() == _this_boot():
                return False
        except FileNotFoundError:
            return False
        files.remove_tree(self.path(chain_id))
        self._mark(chain_id).unlink(missing_ok=True)
        return True

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
        except BaseException as error:
            with contextlib.suppress(OSError):  # a sweep removes it
                files.remove_tree(temporary)
            if isinstance(error, OSError):
                raise from_os_error(error) from error
            raise
        files.remove_tree(temporary)

    def sweep(self, keep: Collection[str]) -> list[str]:
        """Remove every snapshot not named in `keep`; the chain_ids of what is gone.

        For the holder of the exclusive store lock: nobody unpacks now.
        """
        kept = {digests.hex_of(chain_id) for chain_id in keep}
        gone = []
        for name in os.listdir(self.directory) if self.directory.is_dir() else []:
            if name.removeprefix(_UNSETTLED) not in kept:
                if name.startswith(_TEMPORARY):
                    _let_go(self.directory / name)
                files.remove_tree(self.directory / name)
                gone.append(f"sha256:{name}")
        return [name for name in gone if digests.valid(name)]


def _let_go(scratch: Path) -> None:
    """Unmount what somebody who was killed had mounted in a scratch directory."""
    for mount in list(mount_table.table()):
        if Path(mount.target).is_relative_to(scratch):
            mounts.unmount(Path(mount.target))


def _wait_for_the_disk(directory: Path) -> None:
    """One syncfs(2) for the whole tree, instead of an fsync(2) for every file in it."""
    with files.closing(files.open_directory(directory)) as descriptor:
        _sync(descriptor, directory)


@functools.cache
def _this_boot() -> str:
    """What the kernel calls the time since the machine was last started."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


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
