"""Wording: acts as they were noted, put into words for people.

    noted   {"mark": "engine.kernel.mounts:filesystem", "given": ["proc", …], …}
    read    {"call": "mount(2)",                    and its man page
             "arguments": "\"proc\", …",            as strace(1) would print them
             "shell": "mount -t proc …",            what a student could type instead
             "concept": "mounts",                   what it belongs to
             "symbol": "engine.runtime.steps:…",    the engine's function that asked
             "verb": "start",                       what the engine was asked for
             "time", "pid", "result", "microseconds"}

The words are beside the function that makes the call, in its `@act`: the name of the
mark leads there. See acts.py for why this is not done at once.

man: strace(1)
Try it: `lab acts box --json | head -3`
"""

import contextlib
import importlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from engine.acts import MARKS
from engine.notes import Mark


def read(path: Path) -> list[dict[str, Any]]:
    """The acts in the file `path`, in the order of time; none if there is no file.

    A last line that a crash cut short is left out.
    """
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return []
    return in_order(lines)


def in_order(lines: Iterable[bytes]) -> list[dict[str, Any]]:
    """The acts in these lines, by time; a line that is none is left out.

    So is an act that was noted before it was made, if it failed and is told again.
    """
    found = []
    for line in lines:
        with contextlib.suppress(ValueError):
            found.append(in_words(json.loads(line)))
    told = {_moment(act) for act in found if act["result"] != "?"}
    acts = [act for act in found if act["result"] != "?" or _moment(act) not in told]
    return sorted(acts, key=lambda act: float(act["time"]))


def in_words(noted: dict[str, Any]) -> dict[str, Any]:
    """An act as it was noted, with all its words. ValueError if it is none."""
    try:
        mark = _find(noted["mark"])
        given, named = noted["given"], noted.get("named", {})
        return {
            "time": noted["time"],
            "pid": noted["pid"],
            "verb": noted.get("verb", ""),
            "call": mark.call,
            "arguments": mark.arguments(*given, **named),
            "result": noted["result"],
            "microseconds": noted["microseconds"],
            "concept": mark.concept,
            "symbol": noted["by"],
            "shell": mark.shell(*given, **named),
        }
    except (LookupError, TypeError, AttributeError) as error:
        raise ValueError(f"not an act of this engine: {error}") from error


def _find(name: str) -> Mark:
    """The mark of this name, of any part of the engine."""
    module = name.partition(":")[0]
    if name not in MARKS and module.startswith("engine."):
        importlib.import_module(module)
    return MARKS[name]


def _moment(act: dict[str, Any]) -> tuple[Any, ...]:
    return act["time"], act["pid"], act["call"]
