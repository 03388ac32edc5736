"""The place of one engine root on the machine: its sockets, groups and mount.

Two engines with different roots on one machine must not meet. So whatever has a name
outside the root carries eight letters that stand for the root:

    /run/labshell/TAG/              sockets of spawner and shims
    /run/labshell/TAG/netns/ID      network namespaces of containers
    /run/labshell/TAG/runtimes/     the records of runc, if it makes containers here
    labshell-TAG/ID                 control groups of the containers
    labshell-TAG/shims              the one of the spawner and all shims
    the root mounted on itself      privately: mounts of containers stay in it

man: unix(7), mount(8) on --make-private
Try it: `ls /run/labshell`
"""

import contextlib
import os
import time
import zlib
from pathlib import Path
from typing import NamedTuple

from engine import files
from engine.errors import SyscallError
from engine.kernel import cgroups, mount_table, mounts
from engine.runtime.scope import SHIMS

_RUN = Path("/run/labshell")
_PATIENCE, _MOMENT = 2.0, 0.01  # seconds


class Place(NamedTuple):
    """The place of the engine root `root`."""

    root: Path

    @property
    def tag(self) -> str:
        """Eight letters that stand for the root in names of sockets and groups."""
        return f"{zlib.crc32(os.fsencode(self.root)):08x}"

    @property
    def cgroup(self) -> str:
        """The control group in which those of the containers are."""
        return f"{cgroups.ENGINES}{self.tag}"

    @property
    def scope(self) -> str:
        """The unit of systemd that this group is, where systemd keeps the groups."""
        return f"{self.cgroup}.scope"

    @property
    def description(self) -> str:
        """What `systemctl status` says of that unit."""
        root = os.fsencode(self.root).decode(errors="replace")
        return f"containers of labshell in {root}"

    @property
    def directory(self) -> Path:
        """Made if it is not there; only root may look into it."""
        self.sockets.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self.sockets

    @property
    def sockets(self) -> Path:
        """The same for who only looks: it may not be there."""
        return _RUN / self.tag

    def shim_socket(self, identity: str) -> Path:
        """The socket of a container's shim."""
        return self.directory / f"{identity}.sock"

    def pin(self, identity: str) -> Path:
        """Where a container's network namespace is pinned: see sandbox.py."""
        return self.sockets / "netns" / identity

    @property
    def runtimes(self) -> Path:
        """Where other runtimes than ours keep what they know, each in its directory."""
        return self.directory / "runtimes"

    def spawner_socket(self) -> Path:
        """The socket of the spawner for this user, mount namespace and version."""
        namespace = os.stat("/proc/self/ns/mnt").st_ino
        name = f"spawner-{os.getuid()}-{namespace}-{_version():08x}.sock"
        return self.directory / name

    def labd_socket(self) -> Path:
        """Where a labd of this root listens if it is not told where."""
        return self.sockets / "labd.sock"

    def settle(self) -> None:
        """Mount the root on itself, so that mounts of containers stay in it.

        Also where a disk is mounted at the root: that mount is not ours to change.
        """
        with files.locked(self.directory / "mount.lock"):
            if not mount_table.is_on_itself(self.root):
                mounts.bind(self.root, self.root, str(self.root), False)
                mounts.make_private(self.root)

    def move_in(self) -> None:
        """Leave the control groups of whoever called; called by a new spawner.

        What ends or limits its caller, a service or a login, must not do so to shims.
        Whoever launched us holds the lock until systemd has answered.
        """
        with files.locked(self.directory / "spawner.lock"):
            cgroups.settle(f"{self.cgroup}/{SHIMS}")

    def move_out(self) -> None:
        """Leave the engine's own group; called by a spawner that is about to end.

        From a scope one leaves by ending: systemd sees it empty, and takes it away.
        """
        if not cgroups.is_in_scope(self.cgroup):
            cgroups.join("")

    def leave(self) -> bool:
        """Take mount and control group away, unless containers need them.

        Whether nobody does. A scope is left to systemd.
        """
        with files.locked(self.directory / "mount.lock"):
            if self._is_needed():
                return False
            if not cgroups.is_in_scope(self.cgroup):
                with contextlib.suppress(SyscallError):  # not empty, or not there
                    cgroups.remove_empty(f"{self.cgroup}/{SHIMS}")
                    cgroups.remove_empty(self.cgroup)
            with contextlib.suppress(SyscallError, FileNotFoundError):
                if mount_table.is_on_itself(self.root):
                    mounts.unmount(self.root)
        return True

    def leave_for_good(self) -> None:
        """The same; wait until a shim that is just ending has left its group.

        Or until systemd, which takes a scope away when it is empty, has done so. That
        takes milliseconds; longer than seconds nobody waits.
        """
        until = time.monotonic() + _PATIENCE
        while self.leave() and cgroups.exists(self.cgroup):
            if time.monotonic() > until:
                return
            time.sleep(_MOMENT)

    def _is_needed(self) -> bool:
        """Whether a container runs, or is about to: its shim has settled here first."""
        inside = f"{self.root}/"
        if any(mount.target.startswith(inside) for mount in mount_table.table()):
            return True
        return any(map(files.is_locked, self.root.glob("containers/*/alive")))


def _version() -> int:
    """A number that changes when the code of spawner, shim or init does."""
    home = Path(__file__).parents[1]
    stamps = [
        f"{entry.name}{entry.stat().st_mtime_ns}"
        for folder in (home, home / "kernel", home / "oci", home / "runtime")
        for entry in os.scandir(folder)
        if entry.name.endswith(".py")
    ]
    return zlib.crc32("".join(sorted(stamps)).encode())
