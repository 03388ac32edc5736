"""The facade: one class through which everybody outside uses the engine.

    shell, lessons, grader ──▶ Engine ──▶ verbs/ ──▶ containers, images, volumes

It holds no state of its own: state is on disk, with locks, so any number of Engines in
any number of processes may work on one root at once. Making one touches no disk.

The verbs are in engine/verbs/, in groups. Each finds what it is about, repairs the
record if a crash has left it wrong (see containers/repair.py), and hands over to the
room that knows how. What the student should hear of repairs collects in `notices`.

Try it: python3 -c "from engine.engine import Engine; print(Engine().containers())"
"""

import importlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.containers.house import DEFAULT_ROOT, House
from engine.containers.options.asked import ContainerOptions, ExecOptions, UpdateOptions
from engine.containers.record import Container
from engine.errors import EngineError
from engine.filters import has_labels, to_prune
from engine.images.stored import StoredImage
from engine.oci.health import Healthcheck
from engine.runtime.restart import RestartPolicy
from engine.runtime.state import State
from engine.storage.volumes import Volume
from engine.verbs.building import BuildVerbs
from engine.verbs.copying import CopyingVerbs
from engine.verbs.looking import LookingVerbs
from engine.verbs.system import SystemVerbs

if TYPE_CHECKING:
    # "as" says that these are here for others to import, as types.
    from engine.build.options import BuildOptions as BuildOptions
    from engine.build.options import DockersLines as DockersLines
    from engine.build.options import Progress as Progress
    from engine.build.options import StepReport as StepReport
    from engine.containers.copying.looked import PathStatus as PathStatus
    from engine.containers.looking.announcing import Announcements as Announcements
    from engine.containers.looking.disk import DiskUsage as DiskUsage
    from engine.containers.looking.disk import Share as Share
    from engine.containers.looking.layers import LayerView as LayerView
    from engine.containers.looking.mounts import MountPoint as MountPoint
    from engine.containers.looking.plugs import Plug as Plug
    from engine.containers.looking.plugs import Switch as Switch
    from engine.containers.looking.processes import ProcessInfo as ProcessInfo
    from engine.containers.looking.stats import Stats as Stats
    from engine.containers.looking.top import ProcessTable as ProcessTable
    from engine.containers.sessions.attachment import Attachment as Attachment
    from engine.containers.sessions.reading import LogFollower as LogFollower
    from engine.containers.sessions.session import Session as Session
    from engine.containers.witness import Seen as Seen
    from engine.events import Event as Event
    from engine.filters import Wanted as Wanted
    from engine.gatekeeper import Question as Question
    from engine.growing import Follower as Follower
    from engine.http.web import Page as Page
    from engine.images.archives.loading import LoadedImage as LoadedImage
    from engine.images.deleting import Pruned as Pruned
    from engine.images.importing import architecture as architecture
    from engine.images.stack import HistoryRow as HistoryRow
    from engine.images.unmounted import UnmountedImage as UnmountedImage
    from engine.network.networks import Network as Network
    from engine.registry.logins import Known as Known
    from engine.registry.logins import Login as Login
    from engine.registry.logins import brought as brought
    from engine.registry.pulling import Pulled as Pulled
    from engine.registry.server.collecting import Collected as Collected
    from engine.registry.server.registry import Registry as Registry
    from engine.registry.server.service import Served as Served
    from engine.registry.server.service import ServerSettings as ServerSettings
    from engine.registry.server.summary import TaggedManifest as TaggedManifest
    from engine.registry.telling import TransferProgress as TransferProgress
    from engine.runtime.command.bundled import Bundled as Bundled
    from engine.runtime.logs import LogEntry as LogEntry
    from engine.runtime.sandbox import Endpoint as Endpoint
    from engine.runtime.sandbox import Sandbox as Sandbox
    from engine.runtime.scope import Arrangement as Arrangement
    from engine.runtime.state import Arrow as Arrow
    from engine.serving.labd import Labd as Labd
    from engine.storage.changes import Change as Change
    from engine.storage.room import Allowance as Allowance

__all__ = [
    "Container",
    "ContainerOptions",
    "Engine",
    "EngineError",
    "ExecOptions",
    "Healthcheck",
    "RestartPolicy",
    "State",
    "StoredImage",
    "UpdateOptions",
    "Volume",
    "has_labels",
    "to_prune",
]


_LATE = {
    "Allowance": "storage.room",
    **dict.fromkeys(
        ("BuildOptions", "DockersLines", "Progress", "StepReport"), "build.options"
    ),
    "Bundled": "runtime.command.bundled",
    "Login": "registry.logins",
    "Labd": "serving.labd",
    "Registry": "registry.server.registry",
    "ServerSettings": "registry.server.service",
    "TransferProgress": "registry.telling",
    "UnmountedImage": "images.unmounted",
    "architecture": "images.importing",
    "brought": "registry.logins",
}


def __getattr__(name: str) -> Any:
    """What few commands need: imported when somebody asks for it."""
    if name in _LATE:
        return getattr(importlib.import_module(f"engine.{_LATE[name]}"), name)
    raise AttributeError(name)


class Engine(SystemVerbs, LookingVerbs, CopyingVerbs, BuildVerbs):
    """A container engine whose files are below one directory."""

    def __init__(self, root: Path | None = None) -> None:
        """`root` None: $LABSHELL_ROOT, else /var/lib/labshell."""
        chosen = root or os.environ.get("LABSHELL_ROOT") or DEFAULT_ROOT
        self.root = Path(os.path.realpath(chosen))
        self._house = House(self.root)

    @property
    def notices(self) -> list[str]:
        """What was repaired or left out, a line each; whoever prints it clears it."""
        return self._house.notices

    def close(self) -> None:
        """End idle spawners now, and take its mount away if nothing needs it."""
        from engine.runtime import client

        client.end_spawners(self._house.place)
        self._house.leave()

    @property
    def registry(self) -> "Registry":
        """The private registry that has its files here, and need not be there yet."""
        from engine.registry.server.registry import Registry

        return Registry(self.root / "registry")

    def destroy(self) -> None:
        """Remove all that there is of this engine: servers, containers, images, root.

        For an engine that was made for one purpose and that nobody else uses. What
        `labshell-runc` has made of bundles in its volumes goes, too; if something of
        that refuses to, the EngineError comes when all else has gone.
        """
        from engine import files
        from engine.errors import EngineError
        from engine.runtime.command.bundled import Bundled
        from engine.serving.labd import Labd

        labd = Labd.of(self.root)
        if (found := labd.find()) and found.root == str(self.root):
            labd.stop()
        if self.registry.find():
            self.registry.stop()
        refused: list[EngineError] = []
        for one in Bundled.below(self.root):
            try:
                one.delete()
            except EngineError as error:
                refused.append(error)
        if self.root.exists():
            for container in self.containers(all=True):
                self.remove(container.id, force=True)
        self.close()
        files.remove_tree(self._house.place.directory)
        files.remove_tree(self.root)
        if refused:
            raise refused[0]
