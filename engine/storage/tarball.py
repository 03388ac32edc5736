r"""The tar format: for each file 512 bytes of header, then its data in 512s.

    offset     0     100   108  116  124   136    148       156   157     257
    field      name  mode  uid  gid  size  mtime  checksum  type  target  ustar …

Numbers are octal digits: a format from 1979 that a person can read with `less`. What
does not fit in there, a long name, a large number, an extended attribute, comes before
the entry as an entry of its own, of type x: lines of the form `LENGTH KEY=VALUE\n`
(PAX, 1997). GNU tar had its own way for long names before that (types L and K). A
tar ends with two blocks of zeros.

This file turns one entry into bytes and back. Names are bytes on Linux, in any
encoding or none; Python keeps them as text with os.fsdecode, and so do we.

man: tar(5) of libarchive, pax(1p)
Try it: `tar c /etc/hostname | xxd | head -40`
"""

import os
import struct
from collections.abc import Mapping
from typing import NamedTuple

from engine.errors import ImageError

BLOCK = 512
END = bytes(2 * BLOCK)
FILE, HARD_LINK, LINK, CHARACTER, BLOCK_DEVICE, DIRECTORY, FIFO = "0123456"
PAX_NEXT, PAX_GLOBAL, GNU_NAME, GNU_LINK, GNU_SPARSE = "x", "g", "L", "K", "S"
XATTR = "SCHILY.xattr."  # and the attribute's name: a PAX key

_HEADER = struct.Struct("100s8s8s8s12s12s8sc100s8s32s32s8s8s155s12x")
_ALSO_FILES = b"\x007"  # from before there were types; "contiguous", which no one is
_CHECKSUM = slice(148, 156)
_MAGIC = b"ustar\x0000"
_LARGEST_ID = 0xFFFF_FFFE  # the last one means "no change" to chown(2)
_LARGEST_SIZE = (1 << 63) - 1
_LARGEST_DEVICE = 0xF_FFFF
_LAST_SECOND = 1 << 40  # of mtime; file systems know fewer


class Entry(NamedTuple):
    """One entry. `name` is as written; `modified` is in nanoseconds since 1970."""

    name: str
    kind: str = FILE
    mode: int = 0
    uid: int = 0
    gid: int = 0
    size: int = 0
    modified: int = 0
    target: str = ""
    major: int = 0
    minor: int = 0
    xattrs: Mapping[str, bytes] = {}
    records: Mapping[str, bytes] = {}


def encode(entry: Entry) -> bytes:
    """The header of an entry, with a PAX header before it if one is needed."""
    records: dict[str, bytes] = {XATTR + key: entry.xattrs[key] for key in entry.xattrs}
    name, target = os.fsencode(entry.name), os.fsencode(entry.target)
    if len(name) > 100:
        records["path"] = name
    if len(target) > 100:
        records["linkpath"] = target
    seconds = entry.modified // 1_000_000_000
    numbers = []
    for key, number, digits in (
        ("uid", entry.uid, 7),
        ("gid", entry.gid, 7),
        ("size", entry.size, 11),
        ("mtime", seconds, 11),
    ):
        if not 0 <= number < 8**digits:
            records[key] = b"%d" % number
            number = 0
        numbers.append(b"%0*o" % (digits, number))
    header = _HEADER.pack(
        name[:100],
        b"%07o" % entry.mode,
        *numbers,
        b" " * 8,
        entry.kind.encode(),
        target[:100],
        _MAGIC,
        b"",
        b"",
        b"%07o" % entry.major,
        b"%07o" % entry.minor,
        b"",
    )
    header = header[:148] + b"%06o\0 " % sum(header) + header[156:]
    return _pax(records) + header if records else header


def _pax(records: Mapping[str, bytes]) -> bytes:
    """The entry of type x that goes before another and says more about it."""
    lines = b"".join(_pax_line(key, records[key]) for key in sorted(records))
    header = encode(Entry(name="PaxHeader", kind=PAX_NEXT, mode=0o644, size=len(lines)))
    return header + lines + padding(len(lines))


def _pax_line(key: str, value: bytes) -> bytes:
    """A line that begins with its own length, the digits of the length included."""
    rest = b" " + os.fsencode(key) + b"=" + value + b"\n"
    length = len(rest)
    while len(b"%d" % length) + len(rest) != length:
        length = len(b"%d" % length) + len(rest)
    return b"%d" % length + rest


def padding(size: int) -> bytes:
    """The zeros after `size` bytes of data, up to the next block."""
    return bytes(-size % BLOCK)


def decode(header: bytes, records: Mapping[str, bytes]) -> Entry:
    """The entry in a header block; PAX `records` for it win over what is in there."""
    (name, mode, uid, gid, size, mtime, checksum, kind, target, magic, _, _, major,
     minor, prefix) = _HEADER.unpack(header)  # fmt: skip
    expected = sum(header) - sum(header[_CHECKSUM]) + 8 * ord(" ")
    if checksum.strip(b" \0").lstrip(b"0") != b"%o" % expected:
        raise damaged("a header's checksum is wrong")
    name = text(name)
    if magic == _MAGIC and prefix[0]:
        name = f"{text(prefix)}/{name}"
    name = _path(records, "path", name)
    kind = FILE if kind in _ALSO_FILES else kind.decode("latin-1")
    if kind == FILE and name.endswith("/"):
        kind = DIRECTORY  # how tar wrote directories before it had a type for them
    return Entry(
        name=name,
        kind=kind,
        mode=octal(mode) & 0o7777,
        uid=_number(records, "uid", uid, _LARGEST_ID),
        gid=_number(records, "gid", gid, _LARGEST_ID),
        size=_number(records, "size", size, _LARGEST_SIZE),
        modified=_mtime(records, mtime),
        target=_path(records, "linkpath", text(target)),
        major=_number(records, "SCHILY.devmajor", major, _LARGEST_DEVICE),
        minor=_number(records, "SCHILY.devminor", minor, _LARGEST_DEVICE),
        xattrs={
            key.removeprefix(XATTR): value
            for key, value in records.items()
            if key.startswith(XATTR)
        },
        records=records,
    )


def decode_pax(data: bytes) -> dict[str, bytes]:
    """The records in the data of an entry of type x or g."""
    records = {}
    while data:
        digits, _, _ = data[:20].partition(b" ")
        length = int(digits) if digits.isdigit() else 0
        line = data[len(digits) + 1 : length]
        key, equals, value = line[:-1].partition(b"=")
        if not equals or len(data) < length or line[-1:] != b"\n":
            raise damaged("an extended header is not LENGTH KEY=VALUE")
        records[os.fsdecode(key)] = value
        data = data[length:]
    return records


def damaged(what: str) -> ImageError:
    """The error for a tar that breaks the format."""
    return ImageError(
        f"the archive is damaged: {what}", "Is it a tar file? Make or fetch it again."
    )


def text(raw: bytes) -> str:
    """A string that ends at the first zero byte, or fills its field."""
    return os.fsdecode(raw.partition(b"\0")[0])


def _path(records: Mapping[str, bytes], key: str, written: str) -> str:
    path = os.fsdecode(records[key]) if key in records else written
    if "\0" in path:
        raise damaged(f"a zero byte in {path!r}")
    return path


def octal(raw: bytes) -> int:
    """A number in octal digits, or, if its first bit is set, in base 256."""
    if raw[0] & 0x80:
        value = int.from_bytes(raw, "big") & ~(0x80 << 8 * (len(raw) - 1))
        negative = raw[0] & 0x40
        return value - (1 << 8 * len(raw) - 1) if negative else value
    digits = raw.strip(b" \0")
    try:
        return int(digits, 8) if digits else 0
    except ValueError:
        raise damaged(f"{digits[:12]!r} is not an octal number") from None


def _number(
    records: Mapping[str, bytes], key: str, written: bytes, largest: int
) -> int:
    try:
        number = int(records[key]) if key in records else octal(written)
    except ValueError:
        raise damaged(f"{key} {records[key][:20]!r} is not a number") from None
    if not 0 <= number <= largest:
        raise damaged(f"{key} {number} is out of range")
    return number


def _mtime(records: Mapping[str, bytes], written: bytes) -> int:
    """Whole seconds in a header, with a fraction in PAX: "1700000000.25"."""
    if "mtime" not in records:
        seconds, nanoseconds = octal(written), 0
    else:
        whole, _, fraction = records["mtime"].partition(b".")
        try:
            seconds = int(whole)
            nanoseconds = int(fraction[:9].ljust(9, b"0"))
        except ValueError:
            raise damaged(f"mtime {records['mtime'][:20]!r} is not a number") from None
    seconds = max(-_LAST_SECOND, min(seconds, _LAST_SECOND))
    return seconds * 1_000_000_000 + nanoseconds
