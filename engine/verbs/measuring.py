"""Measuring containers, and changing what is measured: update, stats, top.

Try it: `lab update --cpus 0.5 NAME`, `lab stats NAME`, `lab top NAME`
"""

from engine.containers.options import UpdateOptions
from engine.errors import told_as_engine_errors
from engine.verbs.containers import ContainerVerbs


class MeasuringVerbs(ContainerVerbs):
    """The verbs about how much of the machine a container uses, or may use."""

    @told_as_engine_errors()
    def update(self, name: str, wanted: UpdateOptions) -> None:
        """Give a container other limits, at once and for later starts."""
        from engine.containers.update import update

        update(self._house, self.container(name), wanted)
