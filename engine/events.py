"""Events: what happened in the engine, one line each, for whoever wants to know.

    {"Type": "container", "Action": "die", "Actor": {"ID": "4c1…",
     "Attributes": {"exitCode": "0", "image": "busybox", "name": "box"}},
     "scope": "local", "time": 1767225600, "timeNano": 1767225600123456789}

The shape is that of the Docker Engine API. An event is one write(2) to a file that was
opened with O_APPEND: the kernel puts it at the end, whole, whoever else writes at the
same moment. So no process has to be there to collect what happens; shims and commands
write, and `lab events` reads.

A file that has grown past 10 MB is renamed to events.jsonl.1, and a new one begins.

man: open(2) on O_APPEND, rename(2)
Try it: `tail -f /var/lib/labshell/events.jsonl` while containers come and go
"""

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

LARGEST = 10 << 20  # bytes, after which a new file begins


class Event(NamedTuple):
    """Something that happened to a container, an image, a volume; when, in ns."""

    kind: str
    action: str
    id: str
    attributes: Mapping[str, str]
    nanoseconds: int

    def to_json(self) -> dict[str, Any]:
        """In the shape of the Docker Engine API."""
        return {
            "Type": self.kind,
            "Action": self.action,
            "Actor": {
                "ID": self.id,
                "Attributes": dict(sorted(self.attributes.items())),
            },
            "scope": "local",
            "time": self.nanoseconds // 1_000_000_000,
            "timeNano": self.nanoseconds,
        }

    @staticmethod
    def parse(line: bytes) -> "Event":
        """The event in one line of the file. ValueError if it is none."""
        try:
            data = json.loads(line)
            actor = data["Actor"]
            return Event(
                kind=str(data["Type"]),
                action=str(data["Action"]),
                id=str(actor["ID"]),
                attributes={str(k): str(v) for k, v in actor["Attributes"].items()},
                nanoseconds=int(data["timeNano"]),
            )
        except (LookupError, TypeError, AttributeError, RecursionError) as error:
            raise ValueError(f"no event: {line[:80]!r}") from error


def path(root: Path) -> Path:
    """Where the events of the engine root `root` are."""
    return root / "events.jsonl"


def record(
    root: Path, kind: str, action: str, identity: str, attributes: Mapping[str, str]
) -> None:
    """Note that `action` happened to the `kind` ("container", "image", …) `identity`.

    What cannot be written (a full disk) is lost: an event must not stop what it tells.
    """
    event = Event(
        kind=kind,
        action=action,
        id=identity,
        attributes=attributes,
        nanoseconds=time.time_ns(),
    )
    line = json.dumps(event.to_json(), separators=(",", ":")) + "\n"
    with contextlib.suppress(OSError):
        _append(path(root), line.encode(errors="backslashreplace"))


def _append(file: Path, line: bytes) -> None:
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    descriptor = os.open(file, flags, 0o600)
    try:
        os.write(descriptor, line)
        if os.fstat(descriptor).st_size > LARGEST:
            _begin_anew(file, descriptor)
    finally:
        os.close(descriptor)


def _begin_anew(file: Path, descriptor: int) -> None:
    """Put the full file aside; of several writers who see it full, only the first."""
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    if os.path.samestat(os.stat(file), os.fstat(descriptor)):
        os.replace(file, file.with_name(f"{file.name}.1"))
