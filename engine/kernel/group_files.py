"""The files of control groups: all that is ever asked of the kernel about them.

    mkdir     a new group, which the kernel fills with files
    write     a limit into a file; a process's number into cgroup.procs
    setxattr  a mark of ours on a group
    chown     a group becomes somebody's who may make groups in it
    rmdir     the end of a group

Which groups there are and what belongs into their files is in cgroups.py.

man: cgroups(7), mkdir(2), write(2), rmdir(2), xattr(7)
Try it: `lab run --name box busybox true; lab acts box --concept cgroups`
"""

import os
from pathlib import Path

from engine.acts import act, os_error
from engine.errors import SyscallError
from engine.files import closing
from engine.notes import in_c, quote

MARK = "trusted.labshell"  # an extended attribute of groups that we made


@act(
    "mkdir(2)",
    lambda path: f"mkdir {quote(path)}",
    lambda path: f"{in_c(path)}, 0755",
    concept="cgroups",
    refusal=os_error,
)
def make(path: Path) -> None:
    """Make a group. FileExistsError if there is one."""
    path.mkdir(mode=0o755)


@act(
    "setxattr(2)",
    lambda path: f"setfattr -n {MARK} {quote(path)}",
    lambda path: f'{in_c(path)}, "{MARK}", "", 0, 0',
    concept="cgroups",
    refusal=os_error,
)
def mark(path: Path) -> None:
    """Note on a group that it was made here, and may be removed here."""
    os.setxattr(path, MARK, b"")


@act(
    "chown(2)",
    lambda path, owner: f"chown {owner}:{owner} {quote(path)}",
    lambda path, owner: f"{in_c(path)}, {owner}, {owner}",
    concept="cgroups",
    refusal=os_error,
)
def give(path: Path, owner: int) -> None:
    """Give a group, or a file of it, to the user and group of this number."""
    os.chown(path, owner, owner)


def write(path: Path, *values: str) -> None:
    """Write values into one file of a control group, one after the other."""
    try:
        with closing(os.open(path, os.O_WRONLY | os.O_CLOEXEC)) as descriptor:
            for value in values:
                _write(descriptor, path, value)
    except OSError as error:
        raise SyscallError("write", error.errno or 0, str(path)) from error


@act(
    "write(2)",
    lambda descriptor, path, value: (
        f"echo {quote(value)} > {quote(path)}{_explained(str(path))}"
    ),
    lambda descriptor, path, value: (
        f"{descriptor}<{path}>, {in_c(value)}, {len(value.encode())}"
    ),
    concept="cgroups",
    refusal=os_error,
)
def _write(descriptor: int, path: Path, value: str) -> int:
    return os.write(descriptor, value.encode())


@act(
    "rmdir(2)", lambda path: f"rmdir {quote(path)}", concept="cgroups", refusal=os_error
)
def remove(path: Path) -> None:
    """Remove a group without processes and groups in it."""
    path.rmdir()


def _explained(path: str) -> str:
    """What numbers mean that are descriptors of the engine."""
    if path.endswith("/cgroup.event_control"):
        return "  # descriptors: an eventfd, and the file that it shall hear of"
    return ""
