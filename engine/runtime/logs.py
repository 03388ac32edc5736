"""Logs: what a container printed, on disk, in Docker's format.

Each line of `log.jsonl` is one line of output:

    {"log": "hello\\n", "stream": "stdout", "time": "2026-01-31T12:00:00.123456789Z"}

A line that the program has not ended yet has no newline in "log". Lines over 16 KB
are cut. The shim writes, anybody reads; see engine/growing.py for how.

A log without a limit fills the disk one day. With one, the file that has reached it is
renamed to log.jsonl.1, that one to log.jsonl.2 and so on; the oldest goes.

Try it: `lab run --name box busybox echo hello`, then read containers/ID/log.jsonl
"""

import contextlib
import json
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from engine.times import now

_LONGEST = 16384  # bytes of one line


class LogEntry(NamedTuple):
    """One line of output: when it came, on which stream, and its bytes.

    `attributes` are the labels and variables that the container's log is marked with.
    """

    time: str
    stream: str
    data: bytes
    attributes: Mapping[str, str] = {}

    def shown(self, stamps: bool = False, details: bool = False) -> bytes:
        """The line, behind its time and its attributes (`a=1,b=2`) if they are wanted.

        Source: moby, api/server/httputils/write_log_stream.go
        """
        stamp = f"{self.time} " if stamps else ""
        return f"{stamp}{self._notes() if details else ''}".encode() + self.data

    def _notes(self) -> str:
        from urllib.parse import quote_plus

        pairs = sorted(self.attributes.items())
        words = (f"{quote_plus(key)}={quote_plus(value)}" for key, value in pairs)
        return f"{','.join(words)} "

    @staticmethod
    def parse(line: bytes) -> "LogEntry":
        """The entry in one line of the file. ValueError if it is none."""
        try:
            data = json.loads(line)
            return LogEntry(
                time=str(data["time"]),
                stream=str(data["stream"]),
                data=data["log"].encode(errors="replace"),
                attributes=dict(data.get("attrs", {})),
            )
        except (LookupError, TypeError, AttributeError, RecursionError) as error:
            raise ValueError(f"no log entry: {line[:80]!r}") from error


class LogKeeping(NamedTuple):
    """What is kept of a log: nothing, or `files` of `largest` bytes each (0: all)."""

    kept: bool = True
    largest: int = 0
    files: int = 1
    attributes: Mapping[str, str] = {}

    def to_json(self) -> dict[str, Any]:
        """As in bundle/shim.json."""
        fields = self._asdict()
        return {**fields, "attributes": dict(self.attributes)}


EVERYTHING = LogKeeping()


class LogWriter:
    """Appends the output of one process, line by line."""

    def __init__(self, path: Path, keeping: LogKeeping = EVERYTHING) -> None:
        self._path, self._keeping = path, keeping
        self._descriptor = self._open() if keeping.kept else -1
        self._size = os.fstat(self._descriptor).st_size if keeping.kept else 0
        self._torn = False  # the last line was cut short: the disk is full
        self._pending = {"stdout": b"", "stderr": b""}

    def _open(self) -> int:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        return os.open(self._path, flags, 0o600)

    def write(self, stream: str, data: bytes) -> None:
        """Note `data`; a line that is not complete yet waits for its end."""
        if not self._keeping.kept:
            return
        lines = (self._pending[stream] + data).split(b"\n")
        self._pending[stream] = rest = lines.pop()
        whole = [piece for line in lines for piece in _pieces(line + b"\n")]
        while len(rest) >= _LONGEST:
            whole.append(rest[:_LONGEST])
            rest = rest[_LONGEST:]
        self._pending[stream] = rest
        self._append(stream, whole)

    def _append(self, stream: str, lines: list[bytes]) -> None:
        moment = now()
        entries = [self._entry(stream, line, moment) for line in lines]
        if not self._keeping.largest:
            entries = [b"".join(entries)] if entries else []
        for entry in entries:
            if 0 < self._keeping.largest <= self._size:
                self._begin_anew()
            # A full disk must not end the container: what does not fit is lost.
            with contextlib.suppress(OSError):
                written = os.write(self._descriptor, b"\n" * self._torn + entry)
                self._torn = written < len(entry) + self._torn
                self._size += written

    def _entry(self, stream: str, line: bytes, moment: str) -> bytes:
        entry: dict[str, Any] = {"log": line.decode(errors="replace"), "stream": stream}
        if self._keeping.attributes:
            entry["attrs"] = dict(self._keeping.attributes)
        entry["time"] = moment
        text = json.dumps(entry, ensure_ascii=False) + "\n"
        return text.encode(errors="replace")

    def _begin_anew(self) -> None:
        """Put the full file aside. If that fails the log goes on in the same file."""
        from engine.growing import put_aside  # most logs are never full

        oldest = self._keeping.files - 1
        with contextlib.suppress(OSError):
            last = 0
            while last < oldest and put_aside(self._path, last).exists():
                last += 1
            for number in range(last, 0, -1):
                newer = put_aside(self._path, number - 1)
                os.replace(newer, put_aside(self._path, number))
            if oldest == 0:
                os.unlink(self._path)
            descriptor = self._open()
            os.close(self._descriptor)
            self._descriptor, self._size, self._torn = descriptor, 0, False

    def close(self) -> None:
        """Write what has no newline, and end."""
        if not self._keeping.kept:
            return
        for stream, rest in self._pending.items():
            if rest:
                self._append(stream, [rest])
        os.close(self._descriptor)


def _pieces(line: bytes) -> Iterator[bytes]:
    """The line, in as many pieces as it is too long for one."""
    for place in range(0, len(line), _LONGEST):
        yield line[place : place + _LONGEST]


def leave_word(directory: Path) -> None:
    """Write an error that nobody foresaw, the one at hand, to the shim.log there."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
    os.dup2(os.open(directory / "shim.log", flags, 0o600), 2)
    sys.excepthook(*sys.exc_info())
