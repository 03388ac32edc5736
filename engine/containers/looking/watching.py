"""Watching: the events that were, and those that come.

A reader goes through the file put aside (events.jsonl.1), then through the one that is
written, and then waits; see engine/growing.py. inotify(7) says only that something in
the directory has changed; what it was, the file tells.

man: inotify(7)
Try it: `lab events` in one terminal, `lab run --rm busybox true` in another
"""

from collections.abc import Generator, Sequence
from pathlib import Path

from engine import events, filters
from engine.errors import InvalidArgument
from engine.events import Event
from engine.filters import Filters
from engine.growing import Follower, GrowingFile, follow
from engine.kernel import watches

KEYS = (
    "config container daemon event image label network node plugin scope secret "
    "service type volume"
).split()


class EventFollower(Follower[Event]):
    """The events that agree with filters, between two times (seconds since 1970).

    Without `since` those from now on, or, if there is an `until`, all up to that;
    without `until` it never ends.
    """

    def __init__(
        self,
        root: Path,
        since: float | None = None,
        until: float | None = None,
        wanted: Filters = filters.NONE,
    ) -> None:
        filters.refuse_unknown(wanted, KEYS)
        if since is not None and until is not None and since > until:
            raise InvalidArgument(
                f"`since` time ({int(since)}) cannot be after `until` time "
                f"({int(until)})",
                "Events go from `since` to `until`: --since 2h --until 1h.",
            )
        self._since, self._wanted = since, wanted
        # From now on is a place in the file: by the clock, which somebody may set back
        # meanwhile, what comes then would be over.
        last = 0 if since is None and until is None else None
        changes = watches.on_files_in(root)  # before the first look: nothing is missed
        super().__init__(GrowingFile(events.path(root), last), changes, until)

    def _parse(self, line: bytes) -> Event:
        return Event.parse(line)

    def _is_too_late(self, entry: Event) -> bool:
        return self._until is not None and entry.nanoseconds / 1e9 > self._until

    def _is_wanted(self, entry: Event) -> bool:
        moment = entry.nanoseconds / 1e9
        early = self._since is not None and moment < self._since
        return not early and agrees(entry, self._wanted)


def watch(
    root: Path,
    since: float | None = None,
    until: float | None = None,
    wanted: Filters = filters.NONE,
) -> Generator[Event, None, None]:
    """The same, one by one; sleeps while there is none."""
    yield from follow(EventFollower(root, since, until, wanted))


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
