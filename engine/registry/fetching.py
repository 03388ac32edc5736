"""Fetching: one blob into a file, however often the connection is cut.

    GET …/blobs/sha256:9f86…                    200, bytes … cut
    GET …/blobs/sha256:9f86…, Range: bytes=7340032-    206, the rest

Its bytes are hashed while they come; only what has the digest that was asked for is
complete. What is too long is stopped at the first byte too many; what ends too early is
asked for again, from where it ended. A server that knows no ranges answers 200 and
sends all of it: then what it has sent before is read over, not written again.

As long as each connection brings something, there may be many of them; those that bring
nothing are counted.

Source: RFC 9110, 14.2 "Range"; opencontainers/distribution-spec, "Pulling blobs"
Try it: `lab pull` something large, and pull the cable
"""

import re
from collections.abc import Callable

import httpx

from engine.errors import DigestMismatch, RegistryError
from engine.oci.image import Descriptor
from engine.registry.connection import Again
from engine.registry.repository import Repository
from engine.storage.downloads import Download
from engine.storage.room import Room

_MOST_CONNECTIONS = 1000  # for one blob, each of which brought something
_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,18})-")
Moved = Callable[[int], None]


class Stopped(Exception):
    """Nobody wants it any more: another layer failed, or Ctrl-C."""


def fetch(
    repository: Repository, blob: Descriptor, download: Download, moved: Moved
) -> None:
    """Bring a download to its end. RegistryError or DigestMismatch if that fails."""
    if download.size > blob.size:
        download.restart()
    idle, wait = 0, repository.connection.wire.patience.first
    error = repository.broken(f"blob {blob.digest}", "it is cut again and again")
    for _ in range(_MOST_CONNECTIONS):
        before = download.size
        try:
            if download.size < blob.size:
                _go_on(repository, blob, download, moved)
            return _finish(repository, blob, download)
        except (Again, RegistryError) as problem:
            error = _passing(problem)
            pause = problem.wait if isinstance(problem, Again) else 0.0
        if download.size > before:
            idle, wait = 0, repository.connection.wire.patience.first
            continue
        idle += 1
        if idle >= repository.connection.wire.patience.tries:
            raise error
        repository.connection.pause(pause or wait)
        wait *= 2
    raise error


def _passing(problem: Again | RegistryError) -> RegistryError:
    """The error, if it may be gone in a moment; else it is raised."""
    if isinstance(problem, Again):
        return problem.error
    if not problem.unreachable:
        raise problem
    return problem


def _go_on(
    repository: Repository, blob: Descriptor, download: Download, moved: Moved
) -> None:
    """One connection: as much as it brings."""
    connection, what = repository.connection, f"blob {blob.digest}"
    with repository.blob(blob.digest, download.size) as response:
        if response.status_code not in (200, 206):
            body = connection.whole(response, repository.name, what)
            if response.status_code == 416:  # it knows the range, and has not so much
                download.restart()
            raise connection.failed(response, repository.name, what, body)
        known = download.size - _begins_at(response, download.size)
        if known < 0:
            raise repository.broken(what, "it sends another part than was asked for")
        room = Room(download.path.parent)
        for data in response.iter_raw():
            if connection.wire.stopped.is_set():
                raise Stopped
            skipped = min(known, len(data))
            known -= skipped
            data = data[skipped:]
            if download.size + len(data) > blob.size:
                download.restart()
                why = f"more than the {blob.size} bytes that it should have"
                raise repository.broken(what, why)
            room.take(len(data))
            download.writer.write(data)
            moved(download.size)
    if download.size < blob.size:
        why = f"it ended after {download.size} of {blob.size} bytes"
        raise Again(repository.broken(what, why))


def _begins_at(response: httpx.Response, asked: int) -> int:
    """The place of the first byte that comes."""
    if response.status_code == 200:
        return 0
    match = _CONTENT_RANGE.match(response.headers.get("content-range", ""))
    return int(match[1]) if match else asked


def _finish(repository: Repository, blob: Descriptor, download: Download) -> None:
    try:
        download.writer.finish(blob.digest)
    except DigestMismatch as error:
        download.restart()
        what = f"blob {blob.digest}"
        found = error.message.rpartition(" ")[2]
        raise repository.mismatch(what, blob.digest, found) from error
