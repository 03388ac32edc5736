"""Fingerprints: by what COPY knows a file again.

    name mode uid gid size type target … and content      time: no

It is the digest of what a tar's header says, without the time, and of the content: so
a file that was only touched is the same, and one whose mode changed is not. Docker's
classic builder computes it in just this way (it calls it tarsum, version 1): the same
file has the same `COPY file:…` in the history of both. (Not so where a tar would have
a hard link, and where files of an image have owners whom Docker's machine has names
for: what a machine calls its users should not be in an image.)

    file:<digest>     one file
    dir:<digest>      a directory: of its own, and those of all that is in it
    multi:<digest>    several sources: of their digests

Source: moby, pkg/tarsum
Try it: `lab history --no-trunc ID`; then `docker history --no-trunc` of the same
"""

import contextlib
import os
import stat
from collections.abc import Iterable
from typing import TYPE_CHECKING, BinaryIO

from engine import deadline
from engine.oci import digest as digests

if TYPE_CHECKING:
    import hashlib

_CHUNK = 1 << 20  # bytes read at a time
CAPABILITY = "security.capability"  # the one attribute that counts, and is copied
_TYPES = {
    stat.S_IFREG: "0",
    stat.S_IFCHR: "3",
    stat.S_IFBLK: "4",
    stat.S_IFDIR: "5",
    stat.S_IFIFO: "6",
}


def of(
    path: str, status: os.stat_result, descriptor: int | None, *, owned: bool
) -> str:
    """The fingerprint of what is at a path; `descriptor` is a file, open to be read.

    `owned`: users and groups count. Of a directory what is in it does not.
    """
    if descriptor is None:
        return _header(path, status, b"", owned).hexdigest()
    digest = _header(path, os.fstat(descriptor), capability(descriptor), owned)
    while data := os.read(descriptor, _CHUNK):
        deadline.check()
        digest.update(data)
    return digest.hexdigest()


def of_content(name: str, mode: int, content: bytes) -> str:
    """The fingerprint of a file that is in no tree yet."""
    digest = _begun(name, stat.S_IFREG | mode, 0, 0, len(content), "0")
    digest.update(content)
    return digest.hexdigest()


def of_file(name: str, mode: int, size: int, content: BinaryIO) -> str:
    """The same of an open file of root's, which may be large."""
    digest = _begun(name, stat.S_IFREG | mode, 0, 0, size, "0", owned=True)
    while data := content.read(_CHUNK):
        deadline.check()
        digest.update(data)
    return digest.hexdigest()


def together(kind: str, parts: Iterable[str]) -> str:
    """One name for several: "dir:…" or "multi:…"."""
    joined = ",".join(parts)
    return f"{kind}:{digests.hex_of(digests.sha256(joined.encode()))}"


def capability(descriptor: int) -> bytes:
    """The file capabilities of an open file, b"" if it has none."""
    with contextlib.suppress(OSError):  # none, or a file system without attributes
        return os.getxattr(descriptor, CAPABILITY)
    return b""


def _header(
    path: str, status: os.stat_result, power: bytes, owned: bool
) -> "hashlib._Hash":
    kind = stat.S_IFMT(status.st_mode)
    name = f"{path}/" if stat.S_ISDIR(kind) else path
    owner = (status.st_uid, status.st_gid) if owned else (0, 0)
    size = status.st_size if stat.S_ISREG(kind) else 0
    device = status.st_rdev if kind in (stat.S_IFCHR, stat.S_IFBLK) else 0
    numbers = (status.st_mode, *owner, size, _TYPES.get(kind, "?"))
    digest = _begun(name, *numbers, device=device, owned=owned)
    if power:
        digest.update(CAPABILITY.encode() + power)
    return digest


def _begun(
    name: str,
    mode: int,
    uid: int,
    gid: int,
    size: int,
    kind: str,
    *,
    device: int = 0,
    owned: bool = False,
) -> "hashlib._Hash":
    import hashlib  # slow to load, and of no use to a build that copies nothing

    user = "root" if owned and uid == 0 else ""
    group = "root" if owned and gid == 0 else ""
    text = (
        f"name{name}mode{mode}uid{uid}gid{gid}size{size}typeflag{kind}linkname"
        f"uname{user}gname{group}devmajor{os.major(device)}devminor{os.minor(device)}"
    )
    return hashlib.sha256(text.encode(errors="surrogateescape"))
