"""The house: one engine root on disk, and what all verbs of containers share.

    root/        format.json  images/  snapshots/  containers/  names/  volumes/  locks/
    /run/labshell/HASH/       sockets

format.json says which layout this is: a root that a different engine made is refused,
not guessed at.

Try it: `cat /var/lib/labshell/format.json`
"""

import os
from pathlib import Path

from engine import files
from engine.containers.record import Records
from engine.errors import EngineBroken, from_os_error
from engine.images.store import ImageStore
from engine.runtime.place import Place
from engine.storage.volumes import Volumes

FORMAT = {"version": 1, "whiteouts": "overlay"}
DEFAULT_ROOT = Path("/var/lib/labshell")


class House:
    """The stores of one engine root."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.place = Place(root=root)
        self.records = Records(root)
        self.images = ImageStore(root)
        self.volumes = Volumes(root)
        self.notices = self.images.catalogue.notices
        self._ready = False

    def prepare(self) -> None:
        """Make the root and its mount if this is the first use."""
        if self._ready:
            return
        try:
            self._check_format()
            self.place.settle()
        except OSError as error:
            raise from_os_error(error) from error
        self._ready = True

    def _check_format(self) -> None:
        path = self.root / "format.json"
        try:
            found = files.read_json(path)
        except FileNotFoundError:
            (self.root / "locks").mkdir(mode=0o700, parents=True, exist_ok=True)
            files.write_json(path, FORMAT)
            os.chmod(self.root, 0o711)
            return
        if found != FORMAT:
            raise EngineBroken(
                f"{self.root} was made by another version of the engine",
                "Use --root with another directory, or move this one away.",
            )

    def leave(self) -> None:
        """Take the root's mount and control group away, unless containers need them."""
        self.place.leave()
        self._ready = False

    def cgroup(self, identity: str) -> str:
        """The control group of a container."""
        return f"{self.place.cgroup}/{identity}"

    @property
    def filters(self) -> Path:
        """Where compiled system call policies are kept."""
        path = self.root / "seccomp"
        path.mkdir(mode=0o700, exist_ok=True)
        return path
