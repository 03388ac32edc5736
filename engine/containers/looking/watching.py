"""Watching: the events that were, and those that come.

A reader goes through the file put aside (events.jsonl.1), then through the one that is
written, and then waits; see engine/growing.py. inotify(7) says only that something in
the directory has changed; what it was, the file tells.

man: inotify(7)
Try it: `lab events` in one terminal, `lab run --rm busybox true` in another
"""

import contextlib
import os
import select
import time
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path

from engine import events, filters
from engine.errors import InvalidArgument
from engine.events import Event
from engine.filters import Filters
from engine.growing import GrowingFile
from engine.kernel import watches

KEYS = (
    "config container daemon event image label network node plugin scope secret "
    "service type volume"
).split()
_AT_ONCE = 1 << 16  # bytes


def watch(
    root: Path,
    since: float | None = None,
    until: float | None = None,
    wanted: Filters = filters.NONE,
) -> Generator[Event, None, None]:
    """The events that agree with the filters, between two times (seconds since 1970).

    Without `since` those from now on, or, if there is an `until`, all up to that;
    without `until` it never ends.
    """
    filters.refuse_unknown(wanted, KEYS)
    if since is not None and until is not None and since > until:
        raise InvalidArgument(
            f"`since` time ({int(since)}) cannot be after `until` time ({int(until)})",
            "Events go from `since` to `until`: --since 2h --until 1h.",
        )
    # From now on is a place in the file: by the clock, which somebody may set back
    # meanwhile, what comes then would be over.
    last = 0 if since is None and until is None else None
    for event in _all(root, until, last):
        moment = event.nanoseconds / 1e9
        if until is not None and moment > until:
            return
        if (since is None or moment >= since) and agrees(event, wanted):
            yield event


def _all(root: Path, until: float | None, last: int | None) -> Iterator[Event]:
    """Every event from the oldest on, or from the `last` so many; waits for more, if
    `until` is not over.
    """
    if not root.exists():
        return
    changed = watches.on_files_in(root)  # before the first look: nothing is missed
    file = GrowingFile(events.path(root), last)
    try:
        while True:
            # Looked at before reading: what comes while we read is still before it.
            over = until is not None and time.time() > until
            for line in file.lines():
                with contextlib.suppress(ValueError):  # cut short, or not ours
                    yield Event.parse(line)
            if over:
                return
            left = None if until is None else max(0.0, until - time.time())
            if select.select([changed], [], [], left)[0]:
                os.read(changed, _AT_ONCE)
    finally:
        file.close()
        os.close(changed)


def agrees(event: Event, wanted: Filters) -> bool:
    """Whether an event is among those that are wanted."""
    return all(_agrees(event, key, values) for key, values in wanted.items())


def _agrees(event: Event, key: str, values: Sequence[str]) -> bool:
    match key:
        case "type":
            return event.kind in values
        case "event":  # "exec_create" is also "exec_create: true"
            return event.action in values or event.action.split(":")[0] in values
        case "label":
            return filters.has_labels(values, event.attributes)
        case "image":
            return _is_of_image(event, values)
        case "scope":
            return "local" in values
        case _:
            names = (event.id, event.attributes.get("name", event.id))
            begins = any(name.startswith(value) for name in names for value in values)
            return event.kind == key and begins


def _is_of_image(event: Event, values: Sequence[str]) -> bool:
    """Whether it happened to one of the images, or to a container of theirs."""
    if event.kind not in ("image", "container"):
        return False
    own = event.kind == "image"
    name = event.attributes.get("name" if own else "image", "")
    return any(text in values for text in (event.id, name, name.rpartition(":")[0]))
