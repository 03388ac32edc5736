"""Binds: what `-v` shows of the machine, or of a volume, inside a container.

    -v data:/var/lib/x        the volume "data"
    -v /srv/www:/www:ro       a directory of the machine, read-only
    -v /cache                 an anonymous volume: a new one, with 64 digits for a name

All three are bind mounts over a path of the container. So what is written there goes
to the machine's directory, past the layers: it is in no diff and in no commit.

A volume that is still empty when it is first used is filled with what the image has at
that path; a directory of the machine never is.

man: mount(8) "Bind mounts"
Try it: `lab run -v data:/data busybox sh -c 'date > /data/now'; lab volume ls`
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.errors import EngineError, InvalidArgument, SyscallError
from engine.kernel import paths
from engine.storage import volumes
from engine.storage.volumes import Volumes

_VOLUME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]*\Z")
_OPTIONS = ("rw", "ro", "nocopy", "z", "Z", "rprivate", "private")


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundPath:
    """A directory of the machine that a container sees.

    `volume` is the name of the volume that `source` belongs to, "" for a directory of
    the machine; `anonymous` if nobody chose that name.
    """

    source: Path
    destination: str
    read_only: bool = False
    volume: str = ""
    anonymous: bool = False
    fill: bool = False

    def to_json(self) -> dict[str, Any]:
        """As in config.json."""
        return {
            "source": str(self.source),
            "destination": self.destination,
            "read_only": self.read_only,
            "volume": self.volume,
            "anonymous": self.anonymous,
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "BoundPath":
        """The bound path that config.json holds."""
        return BoundPath(**{**data, "source": Path(data["source"])})


def parse(text: str, store: Volumes) -> BoundPath:
    """What follows -v; a volume that does not exist yet is made."""
    source, destination, options = _split(text)
    if not destination.startswith("/"):
        raise _invalid(text, f"invalid mount path: '{destination}' must be absolute")
    destination = os.path.normpath(destination).replace("//", "/")
    if destination == "/":
        raise _invalid(text, "destination can't be '/'")
    unknown = [word for word in options if word not in _OPTIONS]
    if unknown:
        raise _invalid(text, f"invalid mode: {','.join(unknown)}")
    read_only = "ro" in options
    if source.startswith("/"):
        return BoundPath(
            source=_directory(Path(source)),
            destination=destination,
            read_only=read_only,
        )
    if source and not _VOLUME.match(source):
        raise _invalid(
            text, f'"{source}" includes invalid characters for a local volume name'
        )
    volume = store.create(source or None)
    return BoundPath(
        source=volume.mountpoint,
        destination=destination,
        read_only=read_only,
        volume=volume.name,
        anonymous=not source,
        fill="nocopy" not in options,
    )


def _split(text: str) -> tuple[str, str, list[str]]:
    parts = text.split(":")
    if len(parts) > 3 or not all(parts):
        raise _invalid(text, "it has the form [SOURCE:]DESTINATION[:OPTIONS]")
    if len(parts) == 1:
        return "", parts[0], []
    return parts[0], parts[1], parts[2].split(",") if len(parts) == 3 else []


def _directory(path: Path) -> Path:
    """A path of the machine; Docker makes a directory where there is nothing."""
    try:
        path.mkdir(mode=0o755, parents=True, exist_ok=True)
    except FileExistsError:
        return path  # a file can be bound too
    except OSError as error:
        raise SyscallError("mkdir", error.errno or 0, str(path)) from error
    return path


def _invalid(text: str, reason: str) -> EngineError:
    return InvalidArgument(
        f"invalid volume specification: '{text}': {reason}",
        "-v VOLUME:/path, -v /directory:/path, and :ro at the end for read-only.",
    )


def fill(root: int, bound: BoundPath) -> None:
    """Copy what the image has at the destination into a volume that is empty."""
    if not bound.fill or os.listdir(bound.source):
        return
    try:
        flags = os.O_RDONLY | os.O_DIRECTORY
        content = paths.open_inside(root, bound.destination, flags)
    except SyscallError:
        return  # the image has no such directory
    try:
        volumes.copy_tree(content, bound.source)
    finally:
        os.close(content)
