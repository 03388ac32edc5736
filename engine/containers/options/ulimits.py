"""Ulimits: how much each single process may use, whatever group it is in.

    --ulimit nofile=1024:2048     soft limit 1024, hard limit 2048 open files
    --ulimit core=0               both are 0: no core dumps
    --ulimit memlock=-1           no limit

The soft limit holds; a process may raise its own up to the hard limit, and lower that
for ever. Unlike a control group's, these limits are each process's own: a hundred
processes may have a hundred times as much.

man: getrlimit(2)
Try it: `lab run --ulimit nofile=20:30 busybox sh -c 'ulimit -n; ulimit -Hn'`
"""

from collections.abc import Iterable

from engine.errors import InvalidArgument

UNLIMITED = (1 << 64) - 1  # as the runtime specification writes it
NAMES = (
    *("core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice"),
    *("nofile", "nproc", "rss", "rtprio", "rttime", "sigpending", "stack"),
)


def ulimits(texts: Iterable[str]) -> dict[str, tuple[int, int]]:
    """What follows --ulimit, as the specification has it: name -> (soft, hard)."""
    found = {}
    for text in texts:
        name, soft, hard = parse(text)
        found[f"RLIMIT_{name.upper()}"] = (soft % (1 << 64), hard % (1 << 64))
    return found


def parse(text: str) -> tuple[str, int, int]:
    """("nofile", 1024, 2048) for "nofile=1024:2048"; -1 is no limit."""
    name, equals, limits = text.partition("=")
    if not equals:
        raise InvalidArgument(
            f"invalid ulimit argument: {text}", "NAME=SOFT or NAME=SOFT:HARD."
        )
    if name not in NAMES:
        raise InvalidArgument(
            f"invalid ulimit type: {name}", f"There are: {', '.join(NAMES)}."
        )
    values = limits.split(":")
    if len(values) > 2:
        raise InvalidArgument(
            f"too many limit value arguments - {limits}, can only have up to two, "
            "`soft[:hard]`",
            f"{name}=SOFT:HARD.",
        )
    soft, hard = _number(values[0]), _number(values[-1])
    if hard != -1 and (soft == -1 or soft > hard):
        raise InvalidArgument(
            "ulimit soft limit must be less than or equal to hard limit: "
            f"{soft} > {hard}",
            "The soft limit is what holds, the hard limit how far it may be raised.",
        )
    return name, soft, hard


def _number(text: str) -> int:
    if text == "-1" or (text.isascii() and text.isdigit() and len(text) < 19):
        return int(text)
    raise InvalidArgument(f"invalid ulimit value: {text}", "A number; -1: no limit.")
