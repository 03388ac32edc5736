"""The process table: what the kernel tells of each process, as ps(1) reads it.

    /proc/PID/stat      52 fields in one line: state, parent, terminal, times …
    /proc/PID/status    users and groups
    /proc/PID/cmdline   the arguments, each with a zero byte at its end

The name in `stat` stands in parentheses and may hold anything, parentheses and spaces
too: what counts is the last closing one.

A process may say that its arguments are elsewhere in its memory, and without end
(PR_SET_MM_MAP). So only as many are read as by ps(1).

man: proc(5), ps(1), prctl(2)
Try it: `cat /proc/self/stat`
"""

from pathlib import Path
from typing import NamedTuple

_LONGEST_ARGUMENTS = 1 << 17  # bytes


class ProcessEntry(NamedTuple):
    """One process. Times in clock ticks, sizes in bytes; `started` since boot.

    `inside_pid` is its number in its own pid namespace, None if that is the machine's;
    `terminal` is the number of its device; `foreground` is the process group that its
    terminal listens to; `state` is a letter: R, S, D, Z, T.
    """

    pid: int
    inside_pid: int | None
    name: str
    arguments: tuple[str, ...]
    state: str
    parent: int
    group: int
    session: int
    terminal: int
    foreground: int
    user_time: int
    system_time: int
    priority: int
    nice: int
    threads: int
    started: int
    virtual: int
    resident: int
    locked: bool
    real_uid: int
    uid: int
    real_gid: int
    gid: int


def read(pid: int) -> ProcessEntry | None:
    """The process `pid`; None if it has ended."""
    place = Path(f"/proc/{pid}")
    try:
        stat = (place / "stat").read_bytes().decode(errors="replace")
        lines = (place / "status").read_bytes().decode(errors="replace").splitlines()
        command = command_line(pid).decode(errors="replace")
    except OSError:
        return None
    name, _, rest = stat.partition("(")[2].rpartition(")")
    fields = ["", "", "", *rest.split()]  # so that numbers are those of proc(5)
    status = dict(line.split(":", 1) for line in lines if ":" in line)
    uids, gids = status["Uid"].split(), status["Gid"].split()
    *outer, innermost = status.get("NSpid", str(pid)).split()
    return ProcessEntry(
        pid=pid,
        inside_pid=int(innermost) if outer else None,
        name=name,
        arguments=tuple(command.rstrip("\0").split("\0")) if command else (),
        state=fields[3],
        parent=int(fields[4]),
        group=int(fields[5]),
        session=int(fields[6]),
        terminal=int(fields[7]),
        foreground=int(fields[8]),
        user_time=int(fields[14]),
        system_time=int(fields[15]),
        priority=int(fields[18]),
        nice=int(fields[19]),
        threads=int(fields[20]),
        started=int(fields[22]),
        virtual=int(fields[23]),
        resident=_kilobytes(status.get("VmRSS", "0")) * 1024,
        locked=_kilobytes(status.get("VmLck", "0")) > 0,
        real_uid=int(uids[0]),
        uid=int(uids[1]),
        real_gid=int(gids[0]),
        gid=int(gids[1]),
    )


def command_line(pid: int) -> bytes:
    """Its arguments as the kernel has them, but no more than anybody may want to see.

    OSError if it has ended.
    """
    with open(f"/proc/{pid}/cmdline", "rb") as file:
        return file.read(_LONGEST_ARGUMENTS)


def children(pid: int) -> list[int]:
    """The children of process `pid`; none if it has ended."""
    try:
        numbers = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [int(number) for number in numbers]


def _kilobytes(text: str) -> int:
    return int(text.split()[0])
