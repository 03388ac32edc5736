"""The acts of one container, afterwards: as text, in sentences, one line of JSON each.

All that is recorded is shown, in the order of time: the verbs that were asked of the
container are headings, and below them the concepts. How a line looks is told in
explain.py, where the same acts are told while they are done.

Try it: `lab acts web`, `lab acts web --json | jq .call`
"""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from labshell.views.explain import Explainer, Manner
from labshell.views.tables import printable

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


def as_json_lines(acts: Sequence[Act]) -> list[str]:
    """Each act with all its fields, a line of JSON each."""
    return [json.dumps(act) for act in acts]


def sentences(acts: Sequence[Act]) -> list[str]:
    """The acts in words, one line each."""
    return [
        f"{act['symbol']} asked for {act['call']}, as `{printable(str(act['shell']))}` "
        f"does; the answer was {act['result']} after {act['microseconds']} µs."
        for act in acts
    ] or [NONE]
