"""Measuring containers, and changing what is measured: update, stats, top.

Try it: `lab update --cpus 0.5 NAME`, `lab stats NAME`, `lab top NAME`
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from engine.containers.options.asked import UpdateOptions
from engine.containers.record import Container
from engine.containers.telling import tell
from engine.errors import told_as_engine_errors
from engine.verbs.sessions import SessionVerbs

if TYPE_CHECKING:
    from engine.containers.looking.stats import Stats
    from engine.containers.looking.top import ProcessTable
    from engine.kernel.counters import Allowed


class MeasuringVerbs(SessionVerbs):
    """The verbs about how much of the machine a container uses, or may use."""

    @told_as_engine_errors()
    def update(self, name: str, wanted: UpdateOptions) -> None:
        """Give a container other limits, at once and for later starts."""
        from engine.containers.update import update

        with self._acting("update", name) as container:
            update(self._house, container, wanted)

    def stats(
        self, names: Sequence[str] = (), *, all: bool = False
    ) -> "Iterator[list[Stats]]":
        """What containers use: each `next` looks anew, at what was used since the last.

        Without names: those that run, or `all`; the first look has no CPU percentage.
        """
        from engine.containers.looking.stats import Meter

        meter = Meter(self._house)
        while True:
            with told_as_engine_errors():
                found = [self.container(name) for name in names]
                measured = meter.measure(found or self.containers(all=all))
            yield measured

    def is_under_oom(self, container: Container) -> bool:
        """Whether a container hangs for want of memory (--oom-kill-disable)."""
        from engine.kernel import counters

        if not (container.options.oom_kill_disable and container.running):
            return False
        return counters.is_under_oom(self._house.cgroup(container))

    def limits_met(self, name: str) -> tuple[str, ...]:
        """Which limits have kept a container that runs from more: "memory", "pids"."""
        from engine.kernel import counters

        return counters.limits_met(self._house.cgroup(self._house.records.find(name)))

    def allowed(self, pid: int) -> "Allowed":
        """What the control group of a process may take, by its number here."""
        from engine.kernel import counters

        return counters.allowed(pid)

    @told_as_engine_errors()
    def top(self, name: str, options: Sequence[str] = ()) -> "ProcessTable":
        """The processes of a container; `options` are those of ps(1)."""
        from engine.containers.looking.top import top

        container = self.container(name)
        found = top(self._house, container, options)
        tell(self._house, container, "top")
        return found
