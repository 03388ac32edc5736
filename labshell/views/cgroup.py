"""Control groups as a picture: what a container uses, against what it may use.

    web
    memory  ██████████░░░░░░░░░░  16MiB of 32MiB, at most 31MiB so far
            refused 12 times, 1 process killed for want of it
    cpu     ██████████░░░░░░░░░░  50 % of one processor, held back 9 times for 0.4 s
    pids    ░░░░░░░░░░░░░░░░░░░░  2 of 100

A bar shows the part of the limit that is used; without a limit there is none to show,
and for the processor a full bar is one processor. "Refused" counts how often the group
stood at its memory limit, "held back" the periods in which its quota was used up.

man: cgroups(7); https://docs.kernel.org/admin-guide/cgroup-v2.html
Try it: `lab watch cgroup`, beside it `lab run -m 32m --cpus 0.5 busybox yes >/dev/null`
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from labshell.views.amounts import memory_size
from labshell.views.tables import printable

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

    from engine.engine import Stats

_NOTHING = "No container runs: there is no control group to look into."
_WIDTH = 20  # of a bar


def draw(measured: "Sequence[Stats]") -> "RenderableType":
    """The groups, one below the other; each line is a thing that can be limited."""
    from rich.console import Group
    from rich.text import Text

    running = [one for one in measured if one.now is not None]
    if not running:
        return Text(_NOTHING, style="dim")
    return Group(*(line for one in running for line in _lines(data(one))))


def _lines(found: dict[str, Any]) -> "Iterator[Text]":
    from rich.text import Text

    yield Text(printable(found["name"]), style="bold cyan")
    yield _line("memory", found["memory"], found["memory_limit"], _memory(found))
    if trouble := _trouble(found):
        yield Text(f"        {trouble}", style="bold red")
    yield _line("cpu", found["cpu_percent"], 100, _cpu(found))
    yield _line("pids", found["pids"], found["pids_limit"], _pids(found))


def _line(name: str, used: int, limit: int | None, said: str) -> "Text":
    """The name of a thing, a bar of which a part is full, and what is said of it."""
    from rich.text import Text

    line = Text(f"{name:<8}", overflow="fold")
    if limit:
        part = used / limit
        full = min(_WIDTH, round(part * _WIDTH))
        colour = "green" if part < 0.8 else "yellow" if part < 1 else "red"
        line.append("█" * full, style=colour)
        line.append("░" * (_WIDTH - full) + "  ", style="dim")
    return line.append(said)


def data(one: "Stats") -> dict[str, Any]:
    """The figures of one container: bytes, per cent, seconds, and how often."""
    assert one.now is not None  # it runs
    found = one.now.counters
    return {
        "name": one.name,
        "memory": one.memory,
        "memory_limit": found.memory_limit,
        "memory_peak": found.memory_peak,
        "memory_refused": found.memory_failures,
        "killed": found.memory_kills,
        "under_oom": found.under_oom,
        "cpu_percent": round(one.cpu_percent),
        "held_back": found.throttled_periods,
        "held_back_seconds": round(found.throttled_time / 1e9, 1),
        "pids": found.pids,
        "pids_limit": found.pids_limit,
    }


def _memory(found: dict[str, Any]) -> str:
    limit = found["memory_limit"]
    of = f"of {memory_size(limit)}" if limit else "without a limit"
    peak = memory_size(found["memory_peak"])
    return f"{memory_size(found['memory'])} {of}, at most {peak} so far"


def _trouble(found: dict[str, Any]) -> str:
    """What the kernel did when memory ran out; nothing if it never did."""
    parts = []
    if times := found["memory_refused"]:
        parts.append(f"refused {_times(times)}")
    if killed := found["killed"]:
        what = "1 process" if killed == 1 else f"{killed} processes"
        parts.append(f"{what} killed for want of it")
    if found["under_oom"]:
        parts.append("now it waits for memory, and nobody is killed")
    return ", ".join(parts)


def _cpu(found: dict[str, Any]) -> str:
    said = f"{found['cpu_percent']} % of one processor"
    if times := found["held_back"]:
        said += f", held back {_times(times)} for {found['held_back_seconds']} s"
    return said


def _pids(found: dict[str, Any]) -> str:
    limit = found["pids_limit"]
    return f"{found['pids']} of {limit}" if limit else f"{found['pids']}, no limit"


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"


def sentences(measured: "Sequence[Stats]") -> list[str]:
    """The groups in words, one line each."""
    running = [data(one) for one in measured if one.now is not None]
    if not running:
        return [_NOTHING]
    said = []
    for found in running:
        trouble = f", {text}" if (text := _trouble(found)) else ""
        said.append(
            f"{printable(found['name'])}: memory {_memory(found)}{trouble}; "
            f"cpu {_cpu(found)}; processes and threads {_pids(found)}."
        )
    return said


def as_json(measured: "Sequence[Stats]") -> list[dict[str, Any]]:
    """The figures as data."""
    return [data(one) for one in measured if one.now is not None]
