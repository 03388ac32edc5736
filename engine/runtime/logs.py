"""Logs: what a container printed, on disk, in Docker's format.

Each line of `log.jsonl` is one line of output:

    {"log": "hello\\n", "stream": "stdout", "time": "2026-01-31T12:00:00.123456789Z"}

A line that the program has not ended yet has no newline in "log". Lines over 16 KB
are cut. The shim writes, anybody reads.

Try it: `lab run --name box busybox echo hello`, then read containers/ID/log.jsonl
"""

import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.files import now

_LONGEST = 16384  # bytes of one line


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """One line of output: when it came, on which stream, and its bytes."""

    time: str
    stream: str
    data: bytes


class LogWriter:
    """Appends the output of one process, line by line."""

    def __init__(self, path: Path) -> None:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        self._descriptor = os.open(path, flags, 0o600)
        self._pending = {"stdout": b"", "stderr": b""}

    def write(self, stream: str, data: bytes) -> None:
        """Note `data`; a line that is not complete yet waits for its end."""
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
        entries = [
            json.dumps(
                {
                    "log": line.decode(errors="replace"),
                    "stream": stream,
                    "time": moment,
                },
                ensure_ascii=False,
            )
            for line in lines
        ]
        if entries:
            text = ("\n".join(entries) + "\n").encode(errors="replace")
            # A full disk must not end the container: what does not fit is lost.
            with contextlib.suppress(OSError):
                os.write(self._descriptor, text)

    def close(self) -> None:
        """Write what has no newline, and end."""
        for stream, rest in self._pending.items():
            if rest:
                self._append(stream, [rest])
        os.close(self._descriptor)


def _pieces(line: bytes) -> Iterator[bytes]:
    """The line, in as many pieces as it is too long for one."""
    for place in range(0, len(line), _LONGEST):
        yield line[place : place + _LONGEST]


def read(path: Path, start: int = 0) -> Iterator[tuple[LogEntry, int]]:
    """Each complete entry after byte `start`, with the place where the next begins."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return
    with file:
        file.seek(start)
        for line in file:
            if not line.endswith(b"\n"):
                return
            start += len(line)
            try:
                data = json.loads(line)
            except ValueError:
                continue  # cut short by a crash, or by a full disk
            yield (
                LogEntry(
                    time=data["time"], stream=data["stream"], data=data["log"].encode()
                ),
                start,
            )
