"""Sparse files in a tar: the holes are left out, and a map says where the data goes.

    file   |data.....|        hole        |data..|          1 GB on paper
    tar    |map|data.....|data..|                           what it really has

GNU tar has written the map in three ways over the years. All are read here, since
archives last longer than habits; none is written, since Docker writes none either.

    type S            offsets and sizes in the header itself, 4 of them, then in blocks
    PAX 0.1           in the record GNU.sparse.map
    PAX 1.0           as lines of decimal digits in front of the data

man: "Storing Sparse Files" in GNU tar's manual
Try it: `truncate -s 1G big; tar --sparse -cf big.tar big; ls -l big.tar`
"""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from engine.storage import tarball
from engine.storage.tarball import BLOCK, Entry

_MOST_PIECES = 100_000
_LARGEST = 1 << 62  # bytes of a file with its holes
Take = Callable[[int], bytes]  # the next bytes of the tar


class Map(NamedTuple):
    """Where the data of a sparse file goes: (offset, length), and the whole entry."""

    entry: Entry
    pieces: tuple[tuple[int, int], ...]


def find_map(entry: Entry, header: bytes, take: Take, take_data: Take) -> Map | None:
    """The map of a sparse file, or None.

    It may go on behind the header: in GNU's own way in blocks that do not count as
    the entry's data (`take`), in PAX 1.0 in blocks that do (`take_data`).
    """
    records = entry.records
    if entry.kind == tarball.GNU_SPARSE:
        size, numbers = _from_header(header, take)
    elif entry.kind != tarball.FILE:
        return None
    elif "GNU.sparse.major" in records:
        size, numbers = _number(records, "GNU.sparse.realsize"), _from_data(take_data)
    elif "GNU.sparse.map" in records:
        size = _number(records, "GNU.sparse.size")
        numbers = [_digits(part) for part in records["GNU.sparse.map"].split(b",")]
    else:
        return None
    name = records.get("GNU.sparse.name")
    return _checked(entry, name, size, numbers)


def _from_header(header: bytes, take: Take) -> tuple[int, list[int]]:
    """Type S: four pairs at byte 386; if byte 482 is set, 21 more in a block, …"""
    size = tarball.octal(header[483:495])
    numbers = _octals(header[386:482])
    more = header[482]
    while more and len(numbers) < 2 * _MOST_PIECES:
        block = take(BLOCK)
        numbers += _octals(block[:504])
        more = block[504]
    return size, numbers


def _from_data(take: Take) -> list[int]:
    """PAX 1.0: the number of pairs, then the pairs, a line each, in whole blocks."""
    text = take(BLOCK)
    while b"\n" not in text and len(text) < 2 * BLOCK:
        text += take(BLOCK)
    count = 2 * _digits(text.partition(b"\n")[0])
    if count > 2 * _MOST_PIECES:
        raise tarball.damaged(f"a sparse file in {count // 2} pieces")
    while text.count(b"\n") < count + 1:
        text += take(BLOCK)
    return [_digits(line) for line in text.split(b"\n")[1 : count + 1]]


def _checked(
    entry: Entry, name: bytes | None, size: int, numbers: Iterable[int]
) -> Map:
    """The map, if its pieces are in order and inside the file."""
    flat = list(numbers)
    pieces = tuple(zip(flat[::2], flat[1::2], strict=False))
    end = 0
    for offset, length in pieces:
        if offset < end or offset + length > size:
            raise tarball.damaged("the pieces of a sparse file overlap")
        end = offset + length
    if size > _LARGEST or len(flat) % 2:
        raise tarball.damaged("the map of a sparse file makes no sense")
    whole = entry._replace(kind=tarball.FILE, size=size)
    return Map(whole._replace(name=tarball.text(name)) if name else whole, pieces)


def _octals(raw: bytes) -> list[int]:
    """The numbers of 12 bytes each, in pairs, up to the first pair that is empty."""
    numbers = [raw[i : i + 12] for i in range(0, len(raw), 12)]
    return [tarball.octal(number) for number in numbers if number[0]]


def _number(records: Mapping[str, bytes], key: str) -> int:
    return _digits(records.get(key, b""))


def _digits(text: bytes) -> int:
    if not text.isdigit() or len(text) > 19:
        raise tarball.damaged(f"{text[:20]!r} in a sparse file is not a number")
    return int(text)
