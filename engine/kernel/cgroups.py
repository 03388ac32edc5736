"""Control groups: how much of the machine a set of processes may use.

A control group is a directory that the kernel fills with files. A limit is a number
written into a file, membership is a pid written into `cgroup.procs`, and the group
ends with rmdir(2). There are two layouts, and the machine decides which:

    version 1   one tree for each controller   /sys/fs/cgroup/memory/GROUP/
    version 2   one tree for all               /sys/fs/cgroup/GROUP/

Here groups are made, joined, looked into and removed. What they are for has files of
its own: limits.py, freezer.py, counters.py, devices.py.

A group is named by its path below the root of the tree: "labshell-1a2b3c4d/ID", or
with --cgroup-parent "labshell-1a2b3c4d/PARENT/ID" or "PARENT/ID". A limit of the parent
holds for all that is in it together. A parent that we make gets a mark, and goes with
its last container; one that somebody else has made stays.

Under version 2 the one tree belongs to systemd, where that is process 1. It gives us a
part of it, a *scope* (see runtime/scope.py), in which we may do as we like:

    labshell-1a2b3c4d/ID  is then  system.slice/labshell-1a2b3c4d.scope/ID

man: cgroups(7); Documentation/admin-guide/cgroup-v2.rst of the kernel
Try it: `lab run -d --name box busybox sleep 60; find /sys/fs/cgroup -name 'labshell-*'`
"""

import contextlib
import errno
import functools
import os
import time
from collections.abc import Iterable
from pathlib import Path

from engine.errors import SyscallError, from_os_error
from engine.kernel import controllers, group_files, mount_table
from engine.kernel.pseudo_files import read_text

CONTROLLERS = (
    *("memory", "cpu", "cpuacct", "cpuset", "pids"),
    *("freezer", "devices", "blkio"),
)
_TREE = Path("/sys/fs/cgroup")
ENGINES = "labshell-"  # how the group of an engine begins; it takes that away itself
SLICE = "system.slice"  # in which systemd keeps the scopes of engines
# What is said of a group that is no longer there, or is being removed at this moment.
_GONE = (errno.ENOENT, errno.ENODEV)
_ALONE = 2  # links of a directory without another one in it
ATTEMPTS, MOMENT = 100, 0.01  # for what the kernel does in its own time, seconds


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


def path_of(group: str) -> str:
    """Where `group` is below the root of its tree: in the engine's scope if it has one.

    Where it is, it is found. A new one goes where the engine has a plain group: there
    are containers in that, from a time when systemd gave no scope.
    """
    engine, slash, inside = group.partition("/")
    if version() == 2 and engine.startswith(ENGINES):
        scope = _TREE / SLICE / f"{engine}.scope"
        is_there = bool(inside) and (scope / inside).exists()
        if is_there or (scope.exists() and not (_TREE / engine).exists()):
            return f"{SLICE}/{scope.name}{slash}{inside}"
    return group


def is_in_scope(group: str) -> bool:
    """Whether `group` is in a scope, which systemd takes away when it is empty."""
    return path_of(group) != group


def directories(group: str) -> list[Path]:
    """The directories of `group`, one for each tree."""
    path = path_of(group)
    return [Path(place) / path for place in dict.fromkeys(trees().values())]


def directory(group: str, controller: str) -> Path:
    """The directory of `group` in which the files of `controller` are."""
    tree = trees().get("" if version() == 2 else controller)
    if tree is None:
        raise SyscallError("open", 2, f"cgroup controller {controller}")
    return tree / path_of(group)


def _make(path: Path) -> None:
    for _ in range(ATTEMPTS):
        try:
            group_files.make(path)
            return
        except FileExistsError:
            return
        except OSError as error:
            if error.errno not in _GONE:
                raise
        _make_above(path.parent)
    raise FileNotFoundError(errno.ENOENT, "it is removed again and again", str(path))


def _make_above(path: Path) -> None:
    """Make a group that shall hold those of containers, and mark it as ours.

    The end of another container may take it away again before we are in it: the next
    attempt makes it anew.
    """
    try:
        group_files.make(path)
        with contextlib.suppress(OSError):  # unmarked, it stays: the safe side
            group_files.mark(path)
        _furnish(path)
    except FileExistsError:
        return
    except (OSError, SyscallError) as error:
        if error.errno not in _GONE:
            raise
        if path.parent not in trees().values():
            _make_above(path.parent)


def _furnish(path: Path) -> None:
    """Give a group what it must have from those above before anybody can join it."""
    units = (p for p in path.parents if p.suffix in (".scope", ".service"))
    tops = {*trees().values(), *units}
    writes = controllers.to_hand_down(path, tops)
    if version() == 1:
        if not path.is_relative_to(trees().get("cpuset", "/nowhere")):
            return
        writes = controllers.to_fill_cpuset(path, tops)
    for file, value in writes:
        try:
            group_files.write(file, value)
        except SyscallError as error:
            if error.errno != errno.EBUSY or file.parent not in trees().values():
                raise
            _clear(file.parent)
            group_files.write(file, value)


def _clear(tree: Path) -> None:
    """Move the processes at the root of the tree into a group.

    In a container its root is an ordinary group of the machine, with the rule that it
    hands controllers down or has processes. Whoever is there has started us.
    """
    with contextlib.suppress(FileExistsError):
        group_files.make(tree / "init")
    for pid in read_text(tree / "cgroup.procs").split():
        with contextlib.suppress(SyscallError):  # it has ended
            group_files.write(tree / "init" / "cgroup.procs", pid)


def create(group: str) -> None:
    """Make the group, empty and without limits, and those above it."""
    try:
        for path in directories(group):
            _make(path)
            _furnish(path)
    except OSError as error:
        raise from_os_error(error) from error


def join(group: str) -> None:
    """Move this process, of one thread, into the group; its children are born there.

    Moving a whole process stops every fork on the machine for some milliseconds.
    Version 1 can move a single thread, the caller itself, without that.
    """
    name = "cgroup.procs" if version() == 2 else "tasks"
    for path in directories(group):
        group_files.write(path / name, "0")


def settle(group: str) -> None:
    """Make a group for the engine's own processes, and move this one there.

    On version 2 it needs no controllers. The group above could not hand any down as
    long as this process is in it: a group has processes, or groups that are limited.
    """
    try:
        for path in directories(group):
            _make(path)
            if version() == 1:
                _furnish(path)
    except OSError as error:
        raise from_os_error(error) from error
    join(group)


def exists(group: str) -> bool:
    """Whether there is such a group: a start makes it in all trees at once."""
    path = path_of(group)  # asked of hundreds at once: without a Path for each tree
    return any(os.path.exists(f"{place}/{path}") for place in [*trees().values()][:1])


def members(group: str) -> list[int]:
    """The processes in the group and in those made inside it, by number."""
    found: set[int] = set()
    for path in directories(group):
        for place in with_those_inside(path):
            try:
                found.update(map(int, read_text(place / "cgroup.procs").split()))
            except FileNotFoundError:
                continue
            except OSError as error:
                raise from_os_error(error) from error
    return sorted(found)


def with_those_inside(path: Path) -> Iterable[Path]:
    """The directory of a group after those of the groups inside it; none if gone."""
    try:
        if os.stat(path).st_nlink == _ALONE:
            return [path]
    except FileNotFoundError:
        return []
    from engine.kernel import subgroups  # few containers divide theirs

    return subgroups.inside(path)


def is_empty(group: str) -> bool:
    """Whether no process is in the group itself.

    One look will do: whoever joins a group joins it in the first tree first.
    """
    try:
        return not read_text(directories(group)[0] / "cgroup.procs")
    except OSError:  # it has gone
        return True


def remove_empty(group: str) -> None:
    """Take the group away if it has no groups below; else SyscallError EBUSY."""
    try:
        for path in filter(Path.exists, directories(group)):
            group_files.remove(path)
    except OSError as error:
        raise from_os_error(error) from error


def remove(group: str) -> None:
    """Take the group away. Its processes must have ended: SyscallError EBUSY if not.

    Those above it that we made go too, unless they hold something else.
    """
    for path in directories(group):
        for place in with_those_inside(path):
            _remove_left(place)
        for above in path.parents:
            if above.name.startswith(ENGINES) or not _is_ours(above):
                break
            try:
                group_files.remove(above)
            except FileNotFoundError:
                continue
            except OSError:  # other containers are in it, or somebody else's groups
                break


def _remove_left(place: Path) -> None:
    """Remove a group that a process which was just killed is still leaving."""
    for attempt in range(ATTEMPTS):
        try:
            group_files.remove(place)
        except FileNotFoundError:
            return
        except OSError as error:
            if error.errno != errno.EBUSY or attempt == ATTEMPTS - 1:
                raise from_os_error(error) from error
            time.sleep(MOMENT)
        else:
            return


def _is_ours(path: Path) -> bool:
    try:
        return os.getxattr(path, group_files.MARK) == b""
    except FileNotFoundError:
        return True  # it has gone with another container: those above may be left
    except OSError:
        return False
