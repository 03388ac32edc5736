"""Folding: acts that differ in one word or two become one line, with their number.

    echo 'c 1:3 rwm' > …/devices.allow
    echo 'c 1:5 rwm' > …/devices.allow      ──►   3 × echo … > …/devices.allow
    echo 'c 1:7 rwm' > …/devices.allow

    mkdir "$ROOTFS"/sys/fs/cgroup/cpu             3 × mkdir "$ROOTFS"/sys/fs/cgroup/…
    mount -t cgroup -o cpu cgroup …         ──►       mount -t cgroup -o … cgroup …
    mkdir "$ROOTFS"/sys/fs/cgroup/pids
    …

Alike are acts of one function that made the same call, with the same outcome, by
commands that have at least half of their words in common. Whoever wants to see each
asks for JSON: nothing is folded there.

Try it: `lab acts box --concept cgroups`, then with `--json`
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

LEAST = 3  # acts that are worth folding
_WORD = re.compile(r""""[^"]*"\S*|'[^']*'\S*|\S+""")
_BORDERS = "/,:=-. "


class Folded(NamedTuple):
    """One line of a list: the command, and the acts that it stands for, in order.

    `goes_on`: it belongs to the line above, and was done as often, in turns with it.
    """

    shell: str
    acts: tuple[Mapping[str, Any], ...]
    goes_on: bool = False

    @property
    def microseconds(self) -> int:
        """What they took together."""
        return sum(int(act["microseconds"]) for act in self.acts)


def fold(acts: Sequence[Mapping[str, Any]]) -> list[Folded]:
    """The acts in their order, runs of like ones as one line."""
    words = [_WORD.findall(str(act["shell"])) for act in acts]
    folded: list[Folded] = []
    place = 0
    while place < len(acts):
        period, times = _run(acts, words, place)
        for turn in range(period):
            members = range(place + turn, place + period * times, period)
            together = tuple(acts[number] for number in members)
            shell = _merged([words[number] for number in members])
            if times == 1:
                shell = str(acts[place]["shell"])
            folded.append(Folded(shell=shell, acts=together, goes_on=turn > 0))
        place += period * times
    return folded


def _run(
    acts: Sequence[Mapping[str, Any]], words: Sequence[list[str]], place: int
) -> tuple[int, int]:
    """How many acts from `place` on make one round, and how many rounds there are."""
    for period in (1, 2):
        end = place + period
        while end < len(acts) and _alike(
            acts, words, end, place + (end - place) % period
        ):
            end += 1
        times = (end - place) // period
        if times >= LEAST:
            return period, times
    return 1, 1


def _alike(
    acts: Sequence[Mapping[str, Any]], words: Sequence[list[str]], one: int, other: int
) -> bool:
    """Whether two acts may share a line."""
    first, second = acts[one], acts[other]
    if any(first[key] != second[key] for key in ("call", "symbol")):
        return False
    if _refusal(first) != _refusal(second):
        return False
    if len(words[one]) != len(words[other]):
        return False
    if _target(words[one]) != _target(words[other]):
        return False
    same = sum(a == b for a, b in zip(words[one], words[other], strict=True))
    return 2 * same >= len(words[one])


def _refusal(act: Mapping[str, Any]) -> str:
    result = str(act["result"])
    return result if result.startswith("-1") else ""


def _target(words: Sequence[str]) -> str:
    """The name of the file that a command writes, if it writes one."""
    if ">" not in words[:-1]:
        return ""
    return words[words.index(">") + 1].rpartition("/")[2]


def _merged(lines: Sequence[Sequence[str]]) -> str:
    """What the lines have in common; what they have not is an ellipsis."""
    return " ".join(_common(column) for column in zip(*lines, strict=True))


def _common(words: Sequence[str]) -> str:
    if len(set(words)) == 1:
        return words[0]
    front = _shared(words)
    back = _shared([word[::-1] for word in words])[::-1]
    shortest = min(map(len, words))
    if len(front) + len(back) > shortest:
        back = ""
    return f"{front}…{back}"


def _shared(words: Sequence[str]) -> str:
    """The beginning that all have, up to the last border of a name."""
    first, last = min(words), max(words)
    length = next(
        (n for n, (a, b) in enumerate(zip(first, last, strict=False)) if a != b),
        min(len(first), len(last)),
    )
    while length and first[length - 1] not in _BORDERS:
        length -= 1
    return first[:length]
