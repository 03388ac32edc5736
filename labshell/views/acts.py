"""The acts of one container, afterwards: as text, in sentences, one line of JSON each.

All that is recorded is shown, in the order of time: the verbs that were asked of the
container are headings, and below them the concepts. How a line looks is told in
explain.py, where the same acts are told while they are done.

Try it: `lab acts web`, `lab acts web --json | jq .call`
"""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labshell.views import naming
from labshell.views.explain import Explainer, Manner, manner_for
from labshell.views.folding import Folded, fold
from labshell.views.tables import printable

if TYPE_CHECKING:
    from engine.engine import Seen

Act = Mapping[str, Any]
NONE = "No act is recorded."


def of_concept(acts: Sequence[Act], concept: str | None) -> list[Act]:
    """The acts of one concept, or all of them."""
    return [act for act in acts if concept in (None, act["concept"])]


def concepts(acts: Sequence[Act]) -> list[str]:
    """The concepts that occur, in the order in which they first do."""
    return list(dict.fromkeys(str(act["concept"]) for act in acts))


def tell(
    acts: Sequence[Act],
    directory: Path,
    manner: Manner,
    write: Callable[[str], object] = print,
) -> None:
    """Write the acts of the container in `directory`, line by line."""
    if not acts:
        write(NONE)
    explainer = Explainer(write, manner)
    explainer.hear([(act, directory) for act in acts])
    explainer.hear([])


class Teller:
    """Prints acts as they are heard of: drawn, in sentences, or as JSON."""

    def __init__(self, root: Path, *, json: bool, plain: bool) -> None:
        manner = manner_for(sys.stdout, frozenset(), source=False)
        self._explainer = Explainer(self._write, manner, root)
        self._json, self._plain = json, plain
        self._named: Path | None = None

    def hear(self, seen: "Sequence[Seen]") -> None:
        """Print these; nothing to hear means that it is quiet."""
        if not (self._json or self._plain):
            self._explainer.hear(seen)
            return
        for directory, some in groupby(seen, lambda one: one.directory):
            acts = [one.act for one in some]
            for line in (
                as_json_lines(acts) if self._json else self._said(acts, directory)
            ):
                self._write(line)

    def _said(self, acts: Sequence[Act], directory: Path | None) -> list[str]:
        """In sentences; what the short names stand for is said once."""
        if directory is None:
            return []
        names, *said = sentences(acts, directory)
        if directory != self._named:
            said.insert(0, names)
        self._named = directory
        return said

    def _write(self, line: str) -> None:
        print(line, flush=True)


def as_json_lines(acts: Sequence[Act]) -> list[str]:
    """Each act with all its fields, a line of JSON each."""
    return [json.dumps(act) for act in acts]


def sentences(acts: Sequence[Act], directory: Path) -> list[str]:
    """The acts in words, a line each; runs of like ones are one, as in `tell`."""
    if not acts:
        return [NONE]
    names = f"$ID stands for {directory.name}, $LAB for {directory.parents[1]}"
    told = [f"{names}, $C for $LAB/containers/$ID, $ROOTFS for $C/rootfs."]
    short = [
        {**act, "shell": naming.shortened(str(act["shell"]), directory)} for act in acts
    ]
    for _, stretch in groupby(short, lambda act: (act["verb"], act["concept"])):
        told += map(_sentence, fold(list(stretch)))
    return told


def _sentence(line: Folded) -> str:
    act, shell = line.acts[0], printable(line.shell)
    if shell.startswith("# "):
        meaning = f"which no command of the shell does: {shell[2:]}"
    else:
        meaning = f"as `{shell}` does"
    times = f" {len(line.acts)} times" if len(line.acts) > 1 else ""
    begin = f"{act['verb']}: " if act["verb"] else ""
    return (
        f"{begin}{act['symbol']} called {act['call']}{times}, {meaning}; "
        f"{_outcome(line)}."
    )


def _outcome(line: Folded) -> str:
    """What the kernel answered, where that says something, and after how long."""
    time = f"it took {line.microseconds} µs"
    result, *others = {str(act["result"]) for act in line.acts}
    if result == "?":
        return "nothing comes back from it"
    if result.startswith("-1"):
        return (
            f"the kernel refused with {result.removeprefix('-1').strip()}, and {time}"
        )
    if result == "0" or others:
        return time
    return f"the answer was {result}, and {time}"
