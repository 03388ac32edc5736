"""ELF: what a program file says about itself, and which libraries it asks for.

    header ──► program headers ─┬─ PT_INTERP    the loader: /lib64/ld-linux-x86-64.so.2
                                ├─ PT_LOAD      which part of the file goes where
                                └─ PT_DYNAMIC   a list of (tag, value):
                                                  NEEDED   a library's name
                                                  RUNPATH  where to look for it
                                                  STRTAB   where the strings are

A program without PT_INTERP is static: it needs nothing but the kernel. Every value is
an offset that somebody wrote down, so every read is checked against the file.

man: elf(5), ld.so(8)
Try it: `readelf -ld /bin/ls`, then `lab rootfs make /tmp/r ls`
"""

import os
import struct
from pathlib import Path
from typing import NamedTuple

from engine.errors import ImageError

_PT_LOAD, _PT_DYNAMIC, _PT_INTERP = 1, 2, 3
_DT_NULL, _DT_NEEDED, _DT_STRTAB, _DT_RPATH, _DT_RUNPATH = 0, 1, 5, 15, 29
_MOST = 4096  # program headers, entries, bytes of a string: more is no real program


class Elf(NamedTuple):
    """What the loader of a program or library must find for it."""

    machine: int
    bits: int
    interpreter: str = ""
    needed: tuple[str, ...] = ()
    search: tuple[str, ...] = ()  # its own RUNPATH or RPATH, $ORIGIN not replaced


class _Segment(NamedTuple):
    kind: int
    offset: int
    address: int
    size: int


def is_elf(path: Path) -> bool:
    """Does the file begin as ELF files do?"""
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"


def read(path: Path) -> Elf:
    """What the ELF file `path` asks for. ImageError if it is damaged."""
    with path.open("rb") as file:
        reader = _Reader(file.fileno(), path)
        return reader.read()


class _Reader:
    """One ELF file, read by offsets."""

    def __init__(self, descriptor: int, path: Path) -> None:
        self._descriptor, self._path = descriptor, path
        magic = self._bytes(0, 16)
        if magic[:4] != b"\x7fELF" or magic[4] not in (1, 2) or magic[5] not in (1, 2):
            raise self._damaged("it is no ELF file")
        self._bits = 64 if magic[4] == 2 else 32
        self._order = "<" if magic[5] == 1 else ">"

    def read(self) -> Elf:
        """Follow the headers to what is needed."""
        (machine,) = self._unpack("H", 18)
        segments = self._segments()
        interpreter, dynamic = "", []
        for segment in segments:
            if segment.kind == _PT_INTERP:
                interpreter = self._string(segment.offset)
            elif segment.kind == _PT_DYNAMIC:
                dynamic = self._dynamic(segment)
        values = dict(dynamic)
        strings = self._offset_of(values.get(_DT_STRTAB, 0), segments)
        search = values.get(_DT_RUNPATH, values.get(_DT_RPATH))
        return Elf(
            machine=machine,
            bits=self._bits,
            interpreter=interpreter,
            needed=tuple(
                self._string(strings + value)
                for tag, value in dynamic
                if tag == _DT_NEEDED
            ),
            search=(
                tuple(self._string(strings + search).split(":"))
                if search is not None
                else ()
            ),
        )

    def _segments(self) -> list[_Segment]:
        if self._bits == 64:
            (start,) = self._unpack("Q", 32)
            size, count = self._unpack("HH", 54)
        else:
            (start,) = self._unpack("I", 28)
            size, count = self._unpack("HH", 42)
        if count > _MOST:
            raise self._damaged(f"{count} program headers")
        return [self._segment(start + size * number) for number in range(count)]

    def _segment(self, at: int) -> _Segment:
        if self._bits == 64:
            kind, _, offset, address, _, size = self._unpack("IIQQQQ", at)
        else:
            kind, offset, address, _, size = self._unpack("IIIII", at)
        return _Segment(kind, offset, address, size)

    def _dynamic(self, segment: _Segment) -> list[tuple[int, int]]:
        """The (tag, value) pairs, up to the one that ends them."""
        pair = "QQ" if self._bits == 64 else "II"
        step = struct.calcsize(f"={pair}")
        pairs = []
        for number in range(min(segment.size // step, _MOST)):
            tag, value = self._unpack(pair, segment.offset + number * step)
            if tag == _DT_NULL:
                break
            pairs.append((tag, value))
        return pairs

    def _offset_of(self, address: int, segments: list[_Segment]) -> int:
        """Where in the file an address of the running program comes from."""
        for part in segments:
            if (
                part.kind == _PT_LOAD
                and part.address <= address < part.address + part.size
            ):
                return address - part.address + part.offset
        return address

    def _string(self, offset: int) -> str:
        text, zero, _ = os.pread(self._descriptor, _MOST, offset).partition(b"\0")
        if not zero:
            raise self._damaged("a string without an end")
        return os.fsdecode(text)

    def _unpack(self, layout: str, offset: int) -> tuple[int, ...]:
        layout = self._order + layout
        return struct.unpack(layout, self._bytes(offset, struct.calcsize(layout)))

    def _bytes(self, offset: int, size: int) -> bytes:
        # an offset beyond what the kernel takes is as damaged as one beyond the end
        data = os.pread(self._descriptor, size, offset) if offset < 1 << 62 else b""
        if len(data) < size:
            raise self._damaged("it ends too early")
        return data

    def _damaged(self, what: str) -> ImageError:
        return ImageError(
            f"{self._path} cannot be used: {what}", "Install the program again."
        )
