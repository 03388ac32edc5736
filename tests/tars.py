"""Archives for tests, written by Python's own tarfile: a second opinion on the format.

    archive(folder("etc/"), regular("etc/motd", b"hello"), link("mtab", "/proc/mounts"))

Each part is a tarfile.TarInfo and its data. What tarfile refuses to write is written
by changing the bytes afterwards.
"""

import io
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from engine.errors import EngineError
from engine.images.importing import ImportOptions, import_tar
from engine.images.store import ImageStore
from engine.images.stored import StoredImage

Part = tuple[tarfile.TarInfo, bytes]


def part(name: str, kind: bytes, data: bytes = b"", **fields: Any) -> Part:
    """One entry with any fields: mode, uid, gid, mtime, linkname, pax_headers …"""
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, len(data)
    for field, value in fields.items():
        setattr(info, field, value)
    return info, data


def regular(name: str, data: bytes = b"", **fields: Any) -> Part:
    """A regular file."""
    return part(name, tarfile.REGTYPE, data, **{"mode": 0o644, **fields})


def folder(name: str, **fields: Any) -> Part:
    """A directory."""
    return part(name, tarfile.DIRTYPE, **{"mode": 0o755, **fields})


def link(name: str, target: str, **fields: Any) -> Part:
    """A symbolic link."""
    return part(name, tarfile.SYMTYPE, linkname=target, mode=0o777, **fields)


def hard_link(name: str, target: str) -> Part:
    """One more name for a file."""
    return part(name, tarfile.LNKTYPE, linkname=target)


def device(name: str, major: int, minor: int, kind: bytes = tarfile.CHRTYPE) -> Part:
    """A device node."""
    return part(name, kind, devmajor=major, devminor=minor, mode=0o660)


def archive(*parts: Part, form: int = tarfile.PAX_FORMAT) -> bytes:
    """A tar of these parts."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as tar:
        for info, data in parts:
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def names(data: bytes) -> list[str]:
    """The names in a tar, in order."""
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return tar.getnames()


def members(data: bytes) -> dict[str, tarfile.TarInfo]:
    """The entries of a tar by name."""
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return {info.name: info for info in tar}


def tree(directory: Path) -> dict[str, tuple[Any, ...]]:
    """A directory as data, to compare two: kind and mode, owner, content or target."""
    found: dict[str, tuple[Any, ...]] = {}
    for path in sorted(directory.rglob("*")):
        status = path.lstat()
        inside: Any = ""
        if path.is_symlink():
            inside = str(path.readlink())
        elif path.is_file():
            inside = path.read_bytes()
        name = str(path.relative_to(directory))
        mode = oct(status.st_mode)
        found[name] = (mode, status.st_uid, status.st_gid, status.st_rdev, inside)
    return found


def imported(
    store: ImageStore,
    data: bytes,
    name: str | None = None,
    changes: Sequence[str] = (),
    message: str = "",
) -> StoredImage:
    """An image of one layer, made as `lab import` makes it."""
    options = ImportOptions(reference=name, changes=tuple(changes), message=message)
    try:
        return import_tar(store, io.BytesIO(data), options)
    except EngineError:
        store.collect()
        raise
