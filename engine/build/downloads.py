"""Downloads: a URL of ADD, fetched into a file.

What comes from the network (http/web.py) is kept within bounds: of size (what is free
on the disk, less a reserve), and of time. It is never unpacked; its mode is 0600, its
time what the server says, or 1970. `--checksum=sha256:…` says what it must be: then the
build fails rather than take something else.

Source: the Dockerfile reference, "ADD"
Try it: `printf 'FROM busybox\\nADD http://127.0.0.1:8000/x /\\n' | lab build -`
"""

import email.utils
import hashlib
import posixpath
import urllib.parse
from pathlib import Path
from typing import NamedTuple

from engine.errors import BuildFailed, DigestMismatch, EngineError
from engine.http import web
from engine.storage.room import Room

_CHUNK = 1 << 18  # bytes read at a time


class Download(NamedTuple):
    """What came: in which file, under which name, of which time (nanoseconds)."""

    file: Path
    name: str
    modified: int


def fetch(url: str, directory: Path, checksum: str) -> Download:
    """Fetch `url` into `directory`."""
    file = directory / "download"
    try:
        with web.page(url) as page:
            digest = _receive(page, file)
            told = page.headers.get("Last-Modified", "")
    except EngineError as error:
        raise BuildFailed(f"ADD: {error.message}", error.hint) from error
    if checksum and checksum != f"sha256:{digest}":
        raise DigestMismatch(
            f"ADD {url}: expected {checksum}, the bytes are sha256:{digest}",
            "Somebody has changed the file, or it is another one.",
        )
    name = posixpath.basename(urllib.parse.unquote(urllib.parse.urlsplit(url).path))
    name = "" if name in (".", "..") or "\0" in name else name
    return Download(file=file, name=name, modified=_moment(told))


def _receive(page: web.Page, file: Path) -> str:
    """Write what comes to `file`; its SHA-256."""
    room, digest = Room(file.parent), hashlib.sha256()
    with file.open("wb") as out:
        while data := page.read(_CHUNK):
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
