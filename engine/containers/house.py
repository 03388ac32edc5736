"""The house: one engine root on disk, and what all verbs of containers share.

    root/        format.json  images/  snapshots/  containers/  names/  volumes/  locks/
    /run/labshell/TAG/        sockets (see runtime/place.py)

format.json says which layout this is: a root that a different engine made is refused,
not guessed at.

Try it: `cat /var/lib/labshell/format.json`
"""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from engine import acts, files
from engine.containers.record import Container
from engine.containers.records import Records
from engine.errors import EngineBroken, from_os_error
from engine.images.store import ImageStore
from engine.kernel import cgroups
from engine.runtime import scope
from engine.runtime.place import Place
from engine.storage.volumes import Volumes

if TYPE_CHECKING:
    from engine.containers.witness import Witness
    from engine.network.networks import Networks

FORMAT = {"version": 1, "whiteouts": "overlay"}
DEFAULT_ROOT = Path("/var/lib/labshell")


class House:
    """The stores of one engine root."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.place = Place(root=root)
        self.notices: list[str] = []
        self.witness: Witness | None = None
        self._known = False
        self._ready = False

    @cached_property
    def records(self) -> Records:
        """The containers, if the root is of a format that we know."""
        self._check_format()
        return Records(self.root, self.notices)

    @cached_property
    def images(self) -> ImageStore:
        """The images, if the root is of a format that we know."""
        self._check_format()
        return ImageStore(self.root, self.notices)

    @cached_property
    def volumes(self) -> Volumes:
        """The volumes, if the root is of a format that we know."""
        self._check_format()
        return Volumes(self.root, self.notices)

    @property
    def networks(self) -> "Networks":
        """The networks, if the root is of a format that we know."""
        from engine.network.networks import Networks

        self._check_format()
        return Networks(self.root, self.notices)

    def prepare(self) -> None:
        """Make the root and its mount if this is the first use."""
        if self._ready:
            return
        try:
            self._check_format()
            if not self._known:
                self._found()
            self.place.settle()
        except OSError as error:
            raise from_os_error(error) from error
        self._ready = True

    def _check_format(self) -> None:
        """Refuse a root that a different engine has made; a new one is no root yet."""
        if self._known:
            return
        try:
            found = files.read_json(self.root / "format.json")
        except FileNotFoundError:
            return
        if found != FORMAT:
            raise EngineBroken(
                f"{self.root} was made by another version of the engine",
                "Use --root with another directory, or move this one away.",
            )
        self._known = True

    def _found(self) -> None:
        """Make the root; a directory that holds something else keeps its mode."""
        self.root.mkdir(mode=0o711, parents=True, exist_ok=True)
        if not os.listdir(self.root):
            os.chmod(self.root, 0o711)
        (self.root / "locks").mkdir(mode=0o700, exist_ok=True)
        files.write_json(self.root / "format.json", FORMAT)

    def leave(self) -> None:
        """Take mount, control group and bridges away, unless containers need them."""
        self.place.leave_for_good()
        if (self.root / "networks").exists():
            from engine.network import making
            from engine.network.machine import Machine

            making.clear(Machine(place=self.place, networks=self.networks))
        self._ready = False

    def engine_group(self) -> str:
        """The engine's own control group, made if it is not there.

        Where it is a scope, it begins with a process that is put into it: the spawner.
        """
        group = self.place.cgroup
        if scope.is_to_be_had() and not cgroups.exists(group):
            from engine.runtime import client

            self.prepare()
            client.wait_for_spawner(self.place)
        cgroups.create(group)
        return group

    def cgroup(self, container: Container) -> str:
        """The control group of a container: in the engine's, or where it was asked."""
        parent = container.options.cgroup_parent or ""
        if parent.startswith("/"):
            return f"{parent}/{container.id}".lstrip("/")
        return "/".join(filter(None, (self.place.cgroup, parent, container.id)))

    @contextmanager
    def recording(
        self, verb: str, directory: Path, draft: Path | None = None
    ) -> Iterator[None]:
        """While this lasts, acts are written into a container's acts.jsonl.

        `draft`: it is being made there, and so is the file, unless nobody wants it.
        """
        record = (draft or directory) / "acts.jsonl"
        wanted = self.watched or os.environ.get("LABSHELL_ACTS") != "off"
        anew = draft is not None and wanted
        with acts.recording(record, verb, at_once=self.watched, anew=anew):
            if self.witness is not None:
                self.witness.follow(record, directory)
            yield

    @property
    def watched(self) -> bool:
        """Whether somebody wants to hear of each act at once."""
        return self.witness is not None

    def silence(self) -> AbstractContextManager[None]:
        """While this lasts nobody is told of acts: a program has the terminal."""
        return self.witness.silence() if self.witness else nullcontext()

    @property
    def locks(self) -> Path:
        """Where the locks of the whole root are, and the marks of unfinished work."""
        return self.root / "locks"

    @property
    def filters(self) -> Path:
        """Where compiled system call policies are kept."""
        path = self.root / "seccomp"
        path.mkdir(mode=0o700, exist_ok=True)
        return path
