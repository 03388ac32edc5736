"""Control groups: how much of the machine a set of processes may use.

A control group is a directory that the kernel fills with files. A limit is a number
written into a file, membership is a pid written into `cgroup.procs`, and the group
ends with rmdir(2). There are two layouts, and the machine decides which:

    version 1   one tree for each controller   /sys/fs/cgroup/memory/GROUP/
    version 2   one tree for all               /sys/fs/cgroup/GROUP/

    what                 version 1                    version 2
    memory               memory.limit_in_bytes        memory.max
    memory and swap      memory.memsw.limit_in_bytes  memory.swap.max (swap alone)
    cpu time             cpu.cfs_quota_us             cpu.max
    cpu share            cpu.shares                   cpu.weight
    processes            pids.max                     pids.max
    freeze               freezer.state                cgroup.freeze
    killed for memory    memory.oom_control           memory.events

A group is named by its path below the root of the tree: "labshell-1a2b3c4d/ID".

man: cgroups(7); Documentation/admin-guide/cgroup-v2.rst of the kernel
Try it: `lab run -m 64m busybox cat /sys/fs/cgroup/memory/memory.limit_in_bytes`
"""

import contextlib
import errno
import functools
import os
import signal
import time
from pathlib import Path

from engine.acts import act
from engine.errors import SyscallError, from_os_error
from engine.kernel import mount_table
from engine.oci.resources import Resources

CONTROLLERS = ("memory", "cpu", "cpuacct", "pids", "freezer", "devices", "blkio")
_V2_CONTROLLERS = ("memory", "cpu", "pids", "io", "cpuset")
_TREE = Path("/sys/fs/cgroup")
_ATTEMPTS, _MOMENT = 100, 0.01  # for what the kernel does in its own time, seconds


@functools.cache
def version() -> int:
    """2 where one tree holds all controllers, else 1 (a hybrid machine counts as 1)."""
    return 2 if (_TREE / "cgroup.controllers").exists() else 1


@functools.cache
def trees() -> dict[str, Path]:
    """Controller -> the mount point of its tree. On version 2 all are the same."""
    if version() == 2:
        return {"": _TREE}
    found: dict[str, Path] = {}
    for mount in mount_table.table():
        if mount.kind == "cgroup":
            words = mount.options.split(",")
            found |= {c: Path(mount.target) for c in CONTROLLERS if c in words}
    return found


def directories(group: str) -> list[Path]:
    """The directories of `group`, one for each tree."""
    return [Path(place) / group for place in dict.fromkeys(trees().values())]


def directory(group: str, controller: str) -> Path:
    """The directory of `group` in which the files of `controller` are."""
    tree = trees().get("" if version() == 2 else controller)
    if tree is None:
        raise SyscallError("open", 2, f"cgroup controller {controller}")
    return tree / group


@act("mkdir(2)", lambda path: f"mkdir -p {path}")
def _make(path: Path) -> None:
    try:
        path.mkdir(mode=0o755)
    except FileExistsError:
        return
    except FileNotFoundError:
        _make_parent(path.parent)
        path.mkdir(mode=0o755, exist_ok=True)


def _make_parent(path: Path) -> None:
    """Make the engine's own group; on version 2 hand the controllers down to it."""
    path.mkdir(mode=0o755, parents=True, exist_ok=True)
    if version() == 2:
        for level in (_TREE, path):
            has = (level / "cgroup.controllers").read_text().split()
            wanted = " ".join(f"+{c}" for c in _V2_CONTROLLERS if c in has)
            write(level / "cgroup.subtree_control", wanted)


@act("write(2)", lambda path, value: f"echo {value} > {path}")
def write(path: Path, value: str) -> None:
    """Write one value into one file of a control group."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.write(descriptor, value.encode())
        finally:
            os.close(descriptor)
    except OSError as error:
        raise SyscallError("write", error.errno or 0, str(path)) from error


def create(group: str) -> None:
    """Make the group, empty and without limits."""
    try:
        for path in directories(group):
            _make(path)
    except OSError as error:
        raise from_os_error(error) from error


def join(group: str) -> None:
    """Move this process, of one thread, into the group; its children are born there.

    Moving a whole process stops every fork on the machine for some milliseconds.
    Version 1 can move a single thread, the caller itself, without that.
    """
    name = "cgroup.procs" if version() == 2 else "tasks"
    for path in directories(group):
        write(path / name, "0")


def limit(group: str, resources: Resources) -> None:
    """Write the limits that the specification asks for; None leaves one alone."""
    (_limit_v2 if version() == 2 else _limit_v1)(group, resources)


def _limit_v1(group: str, resources: Resources) -> None:
    files: list[tuple[str, str, int | None]] = [
        ("memory", "memory.limit_in_bytes", resources.memory),
        ("memory", "memory.memsw.limit_in_bytes", resources.memory_swap),
        ("cpu", "cpu.shares", resources.cpu_shares),
        ("cpu", "cpu.cfs_period_us", resources.cpu_period),
        ("cpu", "cpu.cfs_quota_us", resources.cpu_quota),
    ]
    for controller, name, value in files:
        if value is not None:
            path = directory(group, controller) / name
            if name.startswith("memory.memsw") and not path.exists():
                continue  # the kernel does not count swap
            write(path, str(value))
    if resources.pids is not None:
        most = "max" if resources.pids <= 0 else str(resources.pids)
        write(directory(group, "pids") / "pids.max", most)


def _limit_v2(group: str, resources: Resources) -> None:
    place = directory(group, "")
    if resources.memory is not None:
        write(place / "memory.max", _number_or_max(resources.memory))
    if resources.memory_swap is not None and (place / "memory.swap.max").exists():
        both, memory = resources.memory_swap, resources.memory or 0
        write(
            place / "memory.swap.max", _number_or_max(both - memory if both > 0 else -1)
        )
    if resources.cpu_shares is not None:
        # 2…262144 shares of version 1 become 1…10000 of weight, as runc and crun do.
        weight = 1 + (resources.cpu_shares - 2) * 9999 // 262142
        write(place / "cpu.weight", str(weight))
    if resources.cpu_quota is not None:
        quota = _number_or_max(resources.cpu_quota)
        write(place / "cpu.max", f"{quota} {resources.cpu_period or 100000}")
    if resources.pids is not None:
        write(place / "pids.max", _number_or_max(resources.pids or -1))


def _number_or_max(value: int) -> str:
    return "max" if value < 0 else str(value)


def exists(group: str) -> bool:
    """Whether there is such a group: a start makes it in all trees at once."""
    return any(path.exists() for path in directories(group)[:1])


def members(group: str) -> list[int]:
    """The processes in the group and in those made inside it, by number."""
    found: set[int] = set()
    for path in directories(group):
        for place in _with_those_inside(path):
            try:
                found.update(map(int, (place / "cgroup.procs").read_text().split()))
            except FileNotFoundError:
                continue
            except OSError as error:
                raise from_os_error(error) from error
    return sorted(found)


def _with_those_inside(path: Path) -> list[Path]:
    """The directory of a group after those of the groups inside it; none if gone.

    A container that may write to its groups, a privileged one, may divide them.
    """
    return [Path(place) for place, _, _ in os.walk(path, topdown=False)]


def freeze(group: str) -> None:
    """Take the CPU away from every process of the group, and wait until it is so."""
    place = directory(group, "freezer")
    try:
        if version() == 2:
            write(place / "cgroup.freeze", "1")
            _wait_for(place / "cgroup.events", "frozen 1")
        else:
            write(place / "freezer.state", "FROZEN")
            _wait_for(place / "freezer.state", "FROZEN")
    except SyscallError:
        thaw(group)  # not half of it either
        raise


def thaw(group: str) -> None:
    """Give the CPU back, also to groups inside it that were frozen from inside."""
    name, value = ("freezer.state", "THAWED")
    if version() == 2:
        name, value = ("cgroup.freeze", "0")
    for place in reversed(_with_those_inside(directory(group, "freezer"))):
        write(place / name, value)


def _wait_for(path: Path, text: str) -> None:
    """Freezing ends within microseconds, but nothing can be waited on in version 1."""
    for _ in range(100):
        if text in path.read_text():
            return
        time.sleep(0.001)
    raise SyscallError("write", 110, str(path))


def kill_all(group: str) -> None:
    """End every process of the group, also those that are being born meanwhile."""
    if version() == 2 and (directory(group, "") / "cgroup.kill").exists():
        write(directory(group, "") / "cgroup.kill", "1")
        return
    for _ in range(_ATTEMPTS):
        found = members(group)
        if not found:
            return
        with contextlib.suppress(SyscallError):  # a fork bomb is not still in time
            freeze(group)
            found = members(group)
        for pid in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        thaw(group)
        time.sleep(_MOMENT)


def memory_kills(group: str) -> int:
    """How many processes of the group the kernel has killed because memory ran out."""
    name = "memory.events" if version() == 2 else "memory.oom_control"
    try:
        text = (directory(group, "memory") / name).read_text()
    except (OSError, SyscallError):
        return 0
    counts = dict(line.split(" ", 1) for line in text.splitlines() if " " in line)
    return int(counts.get("oom_kill", 0))


@act("rmdir(2)", lambda path: f"rmdir {path}")
def _remove(path: Path) -> None:
    path.rmdir()


def remove_empty(group: str) -> None:
    """Take the group away if it has no groups below; else SyscallError EBUSY."""
    for path in directories(group):
        if path.exists():
            try:
                _remove(path)
            except OSError as error:
                raise from_os_error(error) from error


def remove(group: str) -> None:
    """Take the group away. Its processes must have ended: SyscallError EBUSY if not."""
    for path in directories(group):
        for place in _with_those_inside(path):
            for attempt in range(_ATTEMPTS):
                try:
                    _remove(place)
                except FileNotFoundError:
                    pass
                except OSError as error:
                    # A process that was just killed is still leaving: wait a moment.
                    if error.errno != errno.EBUSY or attempt == _ATTEMPTS - 1:
                        raise from_os_error(error) from error
                    time.sleep(_MOMENT)
                    continue
                break
