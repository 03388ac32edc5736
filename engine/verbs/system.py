"""What can be done with an engine as a whole.

Try it: `lab system df`
"""

from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import told_as_engine_errors
from engine.verbs.archives import ArchiveVerbs

if TYPE_CHECKING:
    from engine.containers.looking.disk import DiskUsage
    from engine.containers.options.runtimes import Runtimes
    from engine.runtime.scope import Arrangement


class SystemVerbs(ArchiveVerbs):
    """The verbs of the whole."""

    @told_as_engine_errors()
    def arrangement(self) -> "Arrangement":
        """How the control groups of containers are arranged on this machine."""
        from engine.runtime import scope

        return scope.arrangement(self._house.place.cgroup)

    @told_as_engine_errors()
    def try_to_shift(self, directory: Path) -> None:
        """Shift the owners of a directory unseen, as `--userns auto` does with layers.

        EngineError if the kernel, or the file system there, cannot.
        """
        from engine.containers.identities import FIRST
        from engine.oci.spec import Identities
        from engine.runtime import shifted

        shifted.attempt(directory, Identities(FIRST))

    @told_as_engine_errors()
    def runtimes(self) -> "Runtimes":
        """Who can make containers of their bundles here."""
        from engine.containers.options import runtimes

        return runtimes.known()

    @told_as_engine_errors()
    def disk_usage(self) -> "DiskUsage":
        """What images, containers and volumes take, and what could be had back."""
        from engine.containers.looking.disk import disk_usage

        return disk_usage(self._house, self.containers(all=True))
