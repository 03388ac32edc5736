"""Downloads: a URL of ADD, fetched into a file.

What comes from the network is kept within bounds: of size (what is free on the disk,
less a reserve), and of time. It is never unpacked; its mode is 0600, its time what the
server says, or 1970. `--checksum=sha256:…` says what it must be: then the build fails
rather than take something else.

Source: the Dockerfile reference, "ADD"
man: the standard library's urllib.request
Try it: `printf 'FROM busybox\\nADD http://127.0.0.1:8000/x /\\n' | lab build -`
"""

import email.utils
import hashlib
import posixpath
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import NamedTuple

from engine import deadline
from engine.errors import BuildFailed, DigestMismatch
from engine.storage.compression import Readable
from engine.storage.room import Room

_PATIENCE = 30.0  # seconds for a server that says nothing
_LONGEST = 600.0  # seconds for all of it
_CHUNK = 1 << 18  # bytes read at a time


class Download(NamedTuple):
    """What came: in which file, under which name, of which time (nanoseconds)."""

    file: Path
    name: str
    modified: int


def fetch(url: str, directory: Path, checksum: str) -> Download:
    """Fetch `url` into `directory`."""
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in ("http", "https"):
        raise BuildFailed(
            f"ADD {url}: only http and https are fetched",
            "Fetch it yourself, and COPY it from the context.",
        )
    name = posixpath.basename(urllib.parse.unquote(parts.path))
    name = "" if name in (".", "..") or "\0" in name else name
    file = directory / "download"
    left = deadline.left() or _LONGEST
    until = time.monotonic() + min(_LONGEST, left)
    try:
        with urllib.request.urlopen(url, timeout=min(_PATIENCE, left)) as answer:
            digest = _receive(answer, file, until, url)
            told = answer.headers.get("Last-Modified", "")
    except (urllib.error.URLError, OSError, ValueError) as error:
        deadline.check()  # it was that, then
        raise BuildFailed(
            f"cannot fetch {url}: {error}",
            "Is the address right, and does this machine reach it?",
        ) from error
    if checksum and checksum != f"sha256:{digest}":
        raise DigestMismatch(
            f"ADD {url}: expected {checksum}, the bytes are sha256:{digest}",
            "Somebody has changed the file, or it is another one.",
        )
    return Download(file=file, name=name, modified=_moment(told))


def _receive(answer: Readable, file: Path, until: float, url: str) -> str:
    """Write what comes to `file`; its SHA-256."""
    room, digest = Room(file.parent), hashlib.sha256()
    with file.open("wb") as out:
        while data := answer.read(_CHUNK):
            deadline.check()
            if time.monotonic() > until:
                raise BuildFailed(
                    f"{url} takes too long",
                    "The server is slow: try again.",
                )
            room.take(len(data))
            digest.update(data)
            out.write(data)
    return digest.hexdigest()


def _moment(told: str) -> int:
    """Nanoseconds since 1970 of a "Last-Modified"; 0 if it says nothing."""
    try:
        return int(email.utils.parsedate_to_datetime(told).timestamp()) * 1_000_000_000
    except (TypeError, ValueError, OverflowError):
        return 0
