"""What strace(1) has written, read as calls that can be compared with acts.

    4711 move_mount(5</>, "", 4</x>, "", A|B) = 0    -f: the pid; -y: the path
    4711 execve("/bin/true", ["true"], 0x7f… /* 3 vars */ <unfinished ...>
    4711 <... execve resumed>)                = 0    another process came between

Two texts of arguments are alike if they differ only in what nobody can know beforehand,
an address in memory, or in what has no order: flags. Where a descriptor leads is
compared for control groups only, as elsewhere the same file has several paths.

man: strace(1)
Try it: `strace -f -y -o /tmp/trace sudo ./lab run --rm busybox true`
"""

import re
from pathlib import Path
from typing import NamedTuple

_LINE = re.compile(r"(\d+) +(?:<\.\.\. )?(\w+)(?: resumed>|\()(.*)", re.DOTALL)
_END = re.compile(r"(.*?)\) += (-?\w+)(<[^>]*>)?( E[A-Z0-9]+)?.*", re.DOTALL)
_UNFINISHED = " <unfinished ...>"
_PARTS = re.compile(
    r'"(?:[^"\\]|\\.)*"'  # a string
    r"|(?:\d+|AT_FDCWD)<(?!<)[^>]*>"  # a descriptor, and where it leads
    r"|[\w<]+(?:\|[\w<]+)+"  # flags
    r"|, filter=0x[0-9a-f]+"  # where a program lies in memory
    r"|0x[0-9a-f]{9,} "  # where an environment does
    r"| /\* MS_\?\?\? \*/"
)


class Call(NamedTuple):
    """One system call as the kernel saw it; `result` is "?" if it never returned."""

    pid: int
    name: str
    arguments: str
    result: str


def read(path: Path) -> list[Call]:
    """The calls in a file that `strace -f -y -o` has written, as they began."""
    calls: list[Call] = []
    begun: dict[int, int] = {}  # pid -> the place of the call it is in
    for line in path.read_text(errors="surrogateescape").splitlines():
        match = _LINE.fullmatch(line)
        if not match:
            continue  # a signal, or the end of a process
        pid, name, rest = int(match[1]), match[2], match[3]
        if pid in begun:
            place = begun.pop(pid)
            calls[place] = _call(pid, name, calls[place].arguments + rest)
        elif rest.endswith(_UNFINISHED):
            begun[pid] = len(calls)
            calls.append(Call(pid, name, rest.removesuffix(_UNFINISHED), "?"))
        else:
            calls.append(_call(pid, name, rest))
    return calls


def _call(pid: int, name: str, rest: str) -> Call:
    match = _END.fullmatch(rest)
    if not match:
        return Call(pid, name, rest, "?")
    return Call(pid, name, match[1], match[2] + (match[4] or ""))


def alike(arguments: str) -> str:
    """The arguments, without what no two runs have in common."""
    return _PARTS.sub(lambda match: _alike(match[0]), arguments)


def _alike(part: str) -> str:
    if part.startswith('"'):
        return part
    if "<" in part and part.endswith(">"):
        return part if "</sys/fs/cgroup/" in part else part.partition("<")[0]
    if "|" in part:
        return "|".join(sorted(part.split("|")))
    return ""
