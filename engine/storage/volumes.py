"""Volumes: directories that outlive the containers that use them.

    volumes/NAME/volume.json    when it was made, its labels
    volumes/NAME/_data/         the content: this is what a container sees

A volume is no layer: nothing is copied when it is written to, nothing of it is
committed, and removing a container does not touch it.

Try it: `lab volume create data; lab volume inspect data`
"""

import contextlib
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine import events, files
from engine.errors import Conflict, InvalidArgument, NotFound
from engine.files import now

_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """One volume; `created` is RFC 3339, `anonymous` if the engine chose its name."""

    name: str
    created: str
    mountpoint: Path
    labels: Mapping[str, str] = field(default_factory=dict)
    anonymous: bool = False

    def to_json(self) -> dict[str, Any]:
        """As in volume.json."""
        return {
            "created": self.created,
            "labels": dict(self.labels),
            "anonymous": self.anonymous,
        }


class Volumes:
    """All volumes of one engine root."""

    def __init__(self, root: Path) -> None:
        self.directory = root / "volumes"

    def create(
        self, name: str | None = None, labels: Mapping[str, str] | None = None
    ) -> Volume:
        """The volume `name`, made if it is not there; None makes an anonymous one."""
        anonymous = name is None
        name = name or os.urandom(32).hex()
        if not _NAME.match(name):
            raise InvalidArgument(
                f'"{name}" includes invalid characters for a local volume name',
                "Letters, digits, then also _ . and -, two characters at least.",
            )
        with contextlib.suppress(NotFound):
            return self.find(name)
        volume = Volume(
            name=name,
            created=now(),
            mountpoint=self.directory / name / "_data",
            labels=labels or {},
            anonymous=anonymous,
        )
        try:
            volume.mountpoint.mkdir(mode=0o755, parents=True, exist_ok=True)
            files.write_json(self.directory / name / "volume.json", volume.to_json())
        except OSError:
            with contextlib.suppress(OSError):  # another will tell of it
                files.remove_tree(self.directory / name)
            raise
        self._tell(volume, "create")
        return volume

    def find(self, name: str) -> Volume:
        """The volume of this name."""
        try:
            if not _NAME.match(name):
                raise FileNotFoundError(name)
            return files.read_record(
                self.directory / name / "volume.json",
                lambda data: Volume(
                    name=name, mountpoint=self.directory / name / "_data", **data
                ),
            )
        except FileNotFoundError as error:
            raise NotFound(
                f"get {name}: no such volume", "`lab volume ls` lists them."
            ) from error

    def all(self) -> list[Volume]:
        """Every volume, by name."""
        found = []
        with contextlib.suppress(FileNotFoundError):
            for name in sorted(os.listdir(self.directory)):
                with contextlib.suppress(NotFound):
                    found.append(self.find(name))
        return found

    def remove(self, name: str, used_by: list[str]) -> None:
        """Remove a volume with its content, unless containers use it."""
        volume = self.find(name)
        if used_by:
            raise Conflict(
                f"remove {name}: volume is in use - [{', '.join(used_by)}]",
                "Remove the containers first: `lab rm`.",
            )
        files.remove_tree(volume.mountpoint.parent)
        self._tell(volume, "destroy")

    def _tell(self, volume: Volume, action: str) -> None:
        root, notes = self.directory.parent, {"driver": "local"}
        events.record(root, "volume", action, volume.name, notes)


def copy_tree(source: int, target: Path) -> None:
    """Copy the content of the open directory `source` into the directory `target`.

    Owners, modes, times, links, device nodes and extended attributes are kept; no link
    is followed.
    """
    directory = os.open(target, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _copy_entries(source, directory)
    finally:
        os.close(directory)


def _copy_entries(source: int, target: int) -> None:
    for name in os.listdir(source):
        status = os.stat(name, dir_fd=source, follow_symlinks=False)
        if stat.S_ISDIR(status.st_mode):
            os.mkdir(name, dir_fd=target)
            with _opened(name, source) as below, _opened(name, target) as copy:
                _copy_entries(below, copy)
        elif stat.S_ISREG(status.st_mode):
            _copy_file(name, source, target)
        elif stat.S_ISLNK(status.st_mode):
            os.symlink(os.readlink(name, dir_fd=source), name, dir_fd=target)
        else:
            os.mknod(name, status.st_mode, status.st_rdev, dir_fd=target)
        _copy_attributes(name, target, status)
    _copy_status(source, target)


@contextlib.contextmanager
def _opened(name: str, parent: int) -> Any:
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(name, flags, dir_fd=parent)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _copy_file(name: str, source: int, target: int) -> None:
    reading = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=source)
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        writing = os.open(name, flags, 0o600, dir_fd=target)
        try:
            while os.sendfile(writing, reading, None, 1 << 24):
                pass
            _copy_owner_and_extended(reading, writing)
        finally:
            os.close(writing)
    finally:
        os.close(reading)


def _copy_owner_and_extended(reading: int, writing: int) -> None:
    """Owner first: chown(2) takes the capabilities of a program away."""
    status = os.fstat(reading)
    os.fchown(writing, status.st_uid, status.st_gid)
    for attribute in os.listxattr(reading):
        os.setxattr(writing, attribute, os.getxattr(reading, attribute))


def _copy_attributes(name: str, target: int, status: os.stat_result) -> None:
    """Owner, mode and times, none of them through a link.

    A container that has the volume too may put a link to any path in the place of
    what was just copied, and chmod(2) by name would follow it on the machine.
    """
    owner = (status.st_uid, status.st_gid)
    if not stat.S_ISREG(status.st_mode):  # a file has its owner already
        os.chown(name, *owner, dir_fd=target, follow_symlinks=False)
    flags = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
    copy = os.open(name, flags, dir_fd=target)
    try:
        if not stat.S_ISLNK(os.fstat(copy).st_mode):
            os.chmod(f"/proc/self/fd/{copy}", stat.S_IMODE(status.st_mode))
    finally:
        os.close(copy)
    times = (status.st_atime_ns, status.st_mtime_ns)
    os.utime(name, ns=times, dir_fd=target, follow_symlinks=False)


def _copy_status(source: int, target: int) -> None:
    """A directory's own owner, mode and times, once it is filled."""
    status = os.fstat(source)
    os.fchown(target, status.st_uid, status.st_gid)
    os.fchmod(target, stat.S_IMODE(status.st_mode))
    os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))
