"""Acts as a table: what the kernel was asked for, when, and with what result.

      ms   call            result   µs   the same in a shell
     0.0   unshare(2)      0        41   unshare --mount --pid …
     0.2   mount(2)        0        57   mount -t overlay overlay -o lowerdir=… /…

Time is counted from the first act. The symbol below each concept is the engine's
function that asked: `:source engine.runtime.steps:Pivot.apply` shows it.

Try it: `lab acts web`, `lab acts web --concept mounts`
"""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from labshell.views.explain import HEADINGS
from labshell.views.tables import printable

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

Act = Mapping[str, Any]
NONE = "No act is recorded."


def of_concept(acts: Sequence[Act], concept: str | None) -> list[Act]:
    """The acts of one concept, or all of them."""
    return [act for act in acts if concept in (None, act["concept"])]


def concepts(acts: Sequence[Act]) -> list[str]:
    """The concepts that occur, in the order in which they first do."""
    return list(dict.fromkeys(str(act["concept"]) for act in acts))


def draw(acts: Sequence[Act]) -> "RenderableType":
    """The acts in their order, under a heading for each stretch of one concept."""
    from rich.console import Group
    from rich.text import Text

    if not acts:
        return Text(NONE, style="dim")
    start = float(acts[0]["time"])
    parts: list[Text] = []
    for concept, together in groupby(acts, lambda act: str(act["concept"])):
        title = HEADINGS.get(concept, concept.capitalize())
        parts.append(Text(title, style="bold cyan"))
        parts += [_line(act, start) for act in together]
    return Group(*parts)


def _line(act: Act, start: float) -> "Text":
    from rich.text import Text

    failed = str(act["result"]).startswith("-1")
    line = Text(no_wrap=True, overflow="ignore")  # so that it can be copied
    line.append(f"{1000 * (float(act['time']) - start):8.1f} ms  ", style="dim")
    line.append(f"{printable(str(act['shell']))}\n", style="bold")
    line.append(" " * 13)
    line.append(f"{act['call']} = ")
    line.append(str(act["result"]), style="red" if failed else "green")
    line.append(f", {act['microseconds']} µs, by {act['symbol']}", style="dim")
    return line


def sentences(acts: Sequence[Act]) -> list[str]:
    """The acts in words, one line each."""
    return [
        f"{act['symbol']} asked for {act['call']}, as `{printable(str(act['shell']))}` "
        f"does; the answer was {act['result']} after {act['microseconds']} µs."
        for act in acts
    ] or [NONE]
