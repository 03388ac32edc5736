"""How two starts differ: the acts that only one has, and those with other arguments.

    --- plain
    +++ small
    Control groups: how much a container may use
      + echo 67108864 > /sys/fs/cgroup/memory/labshell-…/$ID/memory.limit_in_bytes

Compared is what was done for the last start, concept by concept, in the order in which
it was done. What differs between any two starts says nothing, and is given a name
instead: the container's ID and directories, process numbers, descriptors, terminals,
temporary names. What the engine does for itself, once for all containers (its spawner,
its own control group), is left out.

man: diff(1)
Try it: `lab acts plain small --diff`
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any, NamedTuple

from labshell.views import naming
from labshell.views.concepts import HEADINGS, heading
from labshell.views.folding import Folded, fold
from labshell.views.tables import printable

Act = Mapping[str, Any]
_NAMED = (
    (re.compile(r"\.([\w.]+)\.\d+\.[0-9a-f]{8}\b"), r".\1.$TEMPORARY"),
    (re.compile(r"/proc/self/fd/([3-9]|\d\d+)\b"), "/proc/self/fd/$FD"),
    (re.compile(r"/dev/pts/\d+\b"), "/dev/pts/$N"),
    (re.compile(r"/volumes/[0-9a-f]{64}\b"), "/volumes/$VOLUME"),
)
_OF_THE_ENGINE = ("engine.runtime.client:", "engine.runtime.interpreter:")


class Difference(NamedTuple):
    """A line that only one start has: "-" is the first of them, "+" the second."""

    sign: str
    concept: str
    line: Folded


def last_start(acts: Sequence[Act], directory: Path) -> list[Act]:
    """What was done for the last start of a container, comparable with another's."""
    began = 0
    starting = False
    for number, act in enumerate(acts):
        starts = act["verb"] == "start"
        if starts and not starting:
            began = number
        if starts or act["verb"] in ("end", "create"):
            starting = starts
    own = [act for act in acts[began:] if act["verb"] == "start"]
    pids = {str(act["pid"]) for act in own}
    pids |= {str(act["result"]) for act in own if act["call"] == "fork(2)"}
    pids.discard("1")  # that of every process 1
    told = ({**act, "shell": _general(act, directory, pids)} for act in own)
    return [act for act in told if not _of_the_engine(act)]


def _general(act: Act, directory: Path, pids: set[str]) -> str:
    """The command, with names for what is another one at each start."""
    text = naming.shortened(str(act["shell"]), directory)
    text = text.replace(directory.name[:12], "$ID")
    for pattern, name in _NAMED:
        text = pattern.sub(name, text)
    text = re.sub(r"\d+", lambda n: "$PID" if n[0] in pids else n[0], text)
    refused = str(act["result"]).startswith("-1")
    return f"{text}  # {act['result']}" if refused else text


def _of_the_engine(act: Act) -> bool:
    """Whether it was done once for all containers, by whichever came first."""
    if act["concept"] == "scope" or str(act["symbol"]).startswith(_OF_THE_ENGINE):
        return True
    return act["concept"] == "cgroups" and "$ID" not in str(act["shell"])


def differences(one: Sequence[Act], other: Sequence[Act]) -> list[Difference]:
    """What only one of two starts has, concept by concept."""
    found = []
    for concept in HEADINGS:
        old = [act for act in one if act["concept"] == concept]
        new = [act for act in other if act["concept"] == concept]
        for sign, line in _changes(old, new):
            found.append(Difference(sign=sign, concept=concept, line=line))
    return found


def _changes(old: Sequence[Act], new: Sequence[Act]) -> Iterator[tuple[str, Folded]]:
    before, after = ([str(act["shell"]) for act in acts] for acts in (old, new))
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    gone: list[Act] = []  # with what came instead: changes that follow each other
    come: list[Act] = []
    for tag, first, last, begin, end in matcher.get_opcodes():
        if tag in ("delete", "insert"):
            yield from _paired(fold(gone), fold(come))
            yield from _paired(fold(old[first:last]), fold(new[begin:end]))
            gone, come = [], []
        elif tag == "replace":
            gone += old[first:last]
            come += new[begin:end]
    yield from _paired(fold(gone), fold(come))


def _paired(
    old: Sequence[Folded], new: Sequence[Folded]
) -> Iterator[tuple[str, Folded]]:
    """Lines that go and lines that come; those of one kind next to each other."""
    left = list(new)
    for line in old:
        yield "-", line
        like = next((n for n, other in enumerate(left) if _alike(line, other)), None)
        if like is not None:
            for other in left[: like + 1]:
                yield "+", other
            del left[: like + 1]
    for line in left:
        yield "+", line


def _alike(one: Folded, other: Folded) -> bool:
    """Whether two lines are one kind of act, with other arguments."""
    kinds = [
        (line.acts[0]["call"], line.acts[0]["symbol"], line.shell.split(" ")[0])
        for line in (one, other)
    ]
    return kinds[0] == kinds[1]


def lines(
    found: Sequence[Difference], names: tuple[str, str], *, colour: bool
) -> list[str]:
    """The differences as text; nothing if there are none."""
    if not found:
        return []
    inks = {"-": "31", "+": "32", "@": "1;36"}

    def ink(sign: str, text: str) -> str:
        return f"\x1b[{inks[sign]}m{text}\x1b[0m" if colour else text

    told = [ink("-", f"--- {names[0]}"), ink("+", f"+++ {names[1]}")]
    concept = ""
    for sign, of, line in found:
        if of != concept:
            told.append(ink("@", heading(of)))
            concept = of
        count = f"{len(line.acts)} × " if len(line.acts) > 1 else ""
        told.append(ink(sign, f"  {sign} {count}{printable(line.shell)}"))
    return told
