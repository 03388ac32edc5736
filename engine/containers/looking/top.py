"""Top: the processes of a container as the machine's ps(1) would list them.

A process in a container is a process of the machine: its control group tells which
they are, and /proc tells everything about them. Numbers and users are the machine's
own, not those that are seen inside.

    lab top NAME                  as ps -ef
    lab top NAME aux              as ps aux
    lab top NAME -o pid,comm      these columns; also -eo

ps itself is not run: its other options are refused.

man: ps(1), proc(5)
Try it: `lab run -d --name box busybox sleep 600; lab top box; lab exec box ps`
"""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from engine.containers.house import House
from engine.containers.lifecycle import refuse_unless_running
from engine.containers.record import Container
from engine.errors import InvalidArgument
from engine.kernel import cgroups, process_table
from engine.kernel.process_table import ProcessEntry

FULL = ("user=UID", "pid", "ppid", "c", "stime", "tty=TTY", "time", "args=CMD")
AUX = (
    *("user", "pid", "pcpu", "pmem", "vsz", "rss", "tty=TTY", "stat"),
    *("stime=START", "bsdtime", "args"),
)
_HINT = "There are: -ef, aux, and -o with columns: -o pid,user,comm."


class ProcessTable(NamedTuple):
    """What `top` found: the headings, and a row for each process."""

    titles: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def top(house: House, container: Container, options: Sequence[str]) -> ProcessTable:
    """The processes of a container that runs. InvalidState if it does not."""
    refuse_unless_running(container)
    names = chosen(options)
    columns = [_column(name) for name in names]
    if not any(name.partition("=")[0] == "pid" for name in names):
        raise InvalidArgument(
            "Couldn't find PID field in ps output",
            "Name pid among the columns: -o pid,comm.",
        )
    now = _Moment()
    entries = map(process_table.read, cgroups.members(house.cgroup(container)))
    return ProcessTable(
        titles=tuple(title for title, _ in columns),
        rows=tuple(
            tuple(value(entry, now) for _, value in columns)
            for entry in entries
            if entry is not None
        ),
    )


def chosen(options: Sequence[str]) -> tuple[str, ...]:
    """The columns that options of ps(1) ask for, "name" or "name=HEADING"."""
    words = list(options)
    columns: list[str] = []
    for word in _taken(words):
        columns += filter(None, word.replace(" ", ",").split(","))
    rest = [word for word in words if word not in ("-e", "-A", "ax", "-ax")]
    if columns and not rest:
        return tuple(columns)
    if rest in ([], ["-f"], ["-ef"], ["-eF"]) and not columns:
        return FULL
    if rest in (["aux"], ["-aux"], ["u"], ["axu"]) and not columns:
        return AUX
    raise InvalidArgument(f"ps: unknown options: {' '.join(options)}", _HINT)


def _taken(words: list[str]) -> Iterator[str]:
    """Take every -o COLUMNS out of `words`."""
    flags = ("-o", "-eo", "-Ao", "o", "-axo", "axo")
    for flag in flags:
        while flag in words:
            place = words.index(flag)
            if place + 1 == len(words):
                raise InvalidArgument("ps: -o needs columns", _HINT)
            yield words.pop(place + 1)
            words.pop(place)
    for word in [word for word in words if word.startswith("-o")]:
        words.remove(word)
        yield word[2:]


Value = Callable[[ProcessEntry, "_Moment"], str]


def _column(word: str) -> tuple[str, Value]:
    name, equals, heading = word.partition("=")
    found = COLUMNS.get(name)
    if found is None:
        raise InvalidArgument(
            f'ps: error: unknown user-defined format specifier "{name}"',
            f"There are: {', '.join(sorted(COLUMNS))}.",
        )
    usual, value = found
    return heading if equals else usual, value


class _Moment:
    """Now, in the words of /proc: what ages and shares are computed from."""

    def __init__(self) -> None:
        self.ticks = os.sysconf("SC_CLK_TCK")
        self.memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        self.uptime = float(Path("/proc/uptime").read_text().split()[0])
        self.time = time.time()

    def age(self, entry: ProcessEntry) -> float:
        """Seconds since the process began."""
        return max(0.0, self.uptime - entry.started / self.ticks)

    def used(self, entry: ProcessEntry) -> float:
        """Seconds of processor time that it has used."""
        return (entry.user_time + entry.system_time) / self.ticks

    def share(self, entry: ProcessEntry) -> float:
        """Its processor time as a percentage of its life."""
        age = self.age(entry)
        return self.used(entry) / age * 100 if age else 0.0


def _command(entry: ProcessEntry, now: _Moment) -> str:
    if entry.state == "Z":
        return f"[{entry.name}] <defunct>"
    return " ".join(entry.arguments) or f"[{entry.name}]"


def _user(uid: int) -> str:
    """The machine's name for a user, or the number."""
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _group(gid: int) -> str:
    import grp

    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def _clock(entry: ProcessEntry, now: _Moment) -> str:
    """Processor time: [days-]hours:minutes:seconds."""
    return _long_clock(int(now.used(entry)), always_hours=True)


def _elapsed(entry: ProcessEntry, now: _Moment) -> str:
    return _long_clock(int(now.age(entry)), always_hours=False)


def _long_clock(seconds: int, always_hours: bool) -> str:
    days, hours = seconds // 86400, seconds // 3600 % 24
    text = f"{seconds // 60 % 60:02}:{seconds % 60:02}"
    if days or hours or always_hours:
        text = f"{hours:02}:{text}"
    return f"{days}-{text}" if days else text


def _minutes(entry: ProcessEntry, now: _Moment) -> str:
    minutes, seconds = divmod(int(now.used(entry)), 60)
    return f"{minutes}:{seconds:02}"


def _start(entry: ProcessEntry, now: _Moment) -> str:
    """When it began: the hour, the day if it was another one, or the year."""
    began, today = time.localtime(now.time - now.age(entry)), time.localtime(now.time)
    if began.tm_year != today.tm_year:
        return time.strftime("%Y", began)
    if began.tm_yday != today.tm_yday:
        return time.strftime("%b%d", began)
    return time.strftime("%H:%M", began)


def _terminal(entry: ProcessEntry, now: _Moment) -> str:
    major, minor = os.major(entry.terminal), os.minor(entry.terminal)
    if 136 <= major <= 143:
        return f"pts/{(major - 136) * 256 + minor}"
    if major == 4:
        return f"tty{minor}" if minor < 64 else f"ttyS{minor - 64}"
    return "?" if entry.terminal == 0 else f"{major}:{minor}"


def _state(entry: ProcessEntry, now: _Moment) -> str:
    """The state with what ps adds to it: "Ss+", "SNl"."""
    signs = "<" if entry.nice < 0 else "N" if entry.nice > 0 else ""
    signs += "L" if entry.locked else ""
    signs += "s" if entry.session == entry.pid else ""
    signs += "l" if entry.threads > 1 else ""
    signs += "+" if entry.foreground == entry.group else ""
    return entry.state + signs


_ONE: dict[tuple[str, ...], tuple[str, Value]] = {
    ("pid",): ("PID", lambda e, now: str(e.pid)),
    ("ppid",): ("PPID", lambda e, now: str(e.parent)),
    ("pgid", "pgrp"): ("PGID", lambda e, now: str(e.group)),
    ("sid", "sess", "session"): ("SID", lambda e, now: str(e.session)),
    ("user", "euser", "uname"): ("USER", lambda e, now: _user(e.uid)),
    ("ruser",): ("RUSER", lambda e, now: _user(e.real_uid)),
    ("uid", "euid"): ("UID", lambda e, now: str(e.uid)),
    ("ruid",): ("RUID", lambda e, now: str(e.real_uid)),
    ("group", "egroup"): ("GROUP", lambda e, now: _group(e.gid)),
    ("rgroup",): ("RGROUP", lambda e, now: _group(e.real_gid)),
    ("gid", "egid"): ("GID", lambda e, now: str(e.gid)),
    ("comm", "ucmd", "ucomm"): ("COMMAND", lambda e, now: e.name),
    ("args", "cmd", "command"): ("COMMAND", _command),
    ("stat",): ("STAT", _state),
    ("s", "state"): ("S", lambda e, now: e.state),
    ("c",): ("C", lambda e, now: str(min(99, int(now.share(e))))),
    ("pcpu", "%cpu"): ("%CPU", lambda e, now: f"{now.share(e):.1f}"),
    ("pmem", "%mem"): ("%MEM", lambda e, now: f"{e.resident / now.memory * 100:.1f}"),
    ("vsz", "vsize"): ("VSZ", lambda e, now: str(e.virtual // 1024)),
    ("rss", "rssize", "rsz"): ("RSS", lambda e, now: str(e.resident // 1024)),
    ("tty", "tt", "tname"): ("TT", _terminal),
    ("time", "cputime"): ("TIME", _clock),
    ("bsdtime",): ("TIME", _minutes),
    ("etime",): ("ELAPSED", _elapsed),
    ("etimes",): ("ELAPSED", lambda e, now: str(int(now.age(e)))),
    ("stime", "start_time"): ("STIME", _start),
    ("ni", "nice"): ("NI", lambda e, now: str(e.nice)),
    ("pri",): ("PRI", lambda e, now: str(39 - e.priority)),
    ("nlwp", "thcount"): ("NLWP", lambda e, now: str(e.threads)),
}
# A column's name, or one of its other names, to its heading and how it is found.
COLUMNS = {name: column for names, column in _ONE.items() for name in names}
