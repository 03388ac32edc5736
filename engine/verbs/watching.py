"""Watching what happens: events as they come, acts as they are done, and changes.

Try it: `lab events`, `lab run --explain busybox true`, `lab watch tree`
"""

import contextlib
import select
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import TYPE_CHECKING

from engine.containers.record import Container
from engine.errors import told_as_engine_errors
from engine.filters import NONE, Filters
from engine.verbs.measuring import MeasuringVerbs

if TYPE_CHECKING:
    from engine.containers.looking.announcing import Announcements
    from engine.containers.looking.watching import EventFollower
    from engine.containers.witness import Listener
    from engine.events import Event


class WatchingVerbs(MeasuringVerbs):
    """The verbs for whoever waits until something happens."""

    @contextlib.contextmanager
    def explaining(self, listener: "Listener") -> "Iterator[Callable[[], None]]":
        """While this lasts, `listener` hears of each act, as it happens.

        Those of this thread, and those of the containers that it is about; in another
        thread (see containers/witness.py). What it yields tells at once what it has
        not heard yet.
        """
        from engine import acts
        from engine.containers.witness import Witness

        with Witness(listener) as witness:
            self._house.witness = witness
            try:
                with acts.recording_to(witness.notes, at_once=True):
                    yield witness.catch_up
            finally:
                self._house.witness = None

    @contextlib.contextmanager
    def overhearing(self, name: str, listener: "Listener") -> "Iterator[None]":
        """While this lasts, `listener` hears what a container's processes do.

        Its shim's acts above all, also those that nobody has just asked for: its end.
        """
        from engine.containers.witness import Witness

        directory = self.container(name).directory
        with Witness(listener) as witness:
            witness.follow(directory / "acts.jsonl", directory)
            yield

    def overhear(
        self, listener: "Listener", container: Container | None = None
    ) -> None:
        """Let `listener` hear what the processes of containers do, for ever.

        Those of one, or of all that there are and will be. KeyboardInterrupt ends it.
        """
        from engine.containers.witness import Witness

        known = self.containers(all=True) if container is None else [container]
        with (
            contextlib.closing(self.event_follower()) as events,
            Witness(listener) as witness,
        ):
            for one in known:
                witness.follow(one.directory / "acts.jsonl", one.directory)
            while True:
                for event in events.read() or _awaited(events):
                    place = self._house.root / "containers" / event.id
                    if event.kind != "container":
                        continue
                    if event.action == "destroy":
                        witness.leave(place)
                    elif container is None:
                        witness.follow(place / "acts.jsonl", place, whole=True)

    def events(
        self,
        since: float | None = None,
        until: float | None = None,
        filters: Filters = NONE,
    ) -> "Generator[Event, None, None]":
        """What happened between two times (seconds since 1970), and what happens.

        Without `since` from now on; without `until` it never ends.
        """
        from engine.containers.looking.watching import watch

        self._house.prepare()  # to wait for the first event of all, too
        return watch(self._house.root, since, until, filters)

    @told_as_engine_errors()
    def event_follower(
        self,
        since: float | None = None,
        until: float | None = None,
        filters: Filters = NONE,
    ) -> "EventFollower":
        """The same, for whoever has several things to wait for."""
        from engine.containers.looking.watching import EventFollower

        self._house.prepare()
        return EventFollower(self._house.root, since, until, filters)

    @told_as_engine_errors()
    def announcements(
        self, written: Callable[[], Sequence[Container]] | None = None
    ) -> "Announcements":
        """For whoever shows a picture that should stay true; to be closed by them.

        `written`: whose files are in the picture; asked again whenever it waits.
        """
        from engine.containers.looking.announcing import Announcements

        self._house.prepare()
        if written is None:
            return Announcements(self._house.root)
        return Announcements(
            self._house.root, lambda: [c.directory / "upper" for c in written()]
        )


def _awaited(events: "EventFollower") -> "list[Event]":
    """Sleep until there are events."""
    select.select([events], [], [])
    return []
