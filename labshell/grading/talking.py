"""Talking: a dialog is held with a script in a sandbox, through a terminal.

    grader                                    sandbox
    ──────                                    ───────
    pexpect ── pty ── lab exec -it ─────────▶ sh solve.sh, on a pty of its own
    waits for a text, types, waits …

It is what a student would do who types `docker exec -it`: a terminal here, one inside,
and the engine between them. What is shown is read as it comes, and kept up to a limit.

man: pty(7); pexpect's documentation, "API Overview"
Try it: an item with a `dialog` (dialog.py), and `lab assignment try`
"""

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pexpect

from labshell.grading.dialog import Line, Talked

_SIZE = (24, 80)  # lines and columns of the terminal
_PIECE = 4096  # bytes that are read at once
_SEEN, _ENDED, _NEVER = range(3)  # what becomes of a text that is waited for


class _TooMuch(Exception):
    """More was shown than there may be."""


class _Shown:
    """What the terminal has shown, up to a limit."""

    def __init__(self, most: int) -> None:
        self.data, self._most = bytearray(), most

    def write(self, data: bytes) -> None:
        self.data += data
        if len(self.data) > self._most:
            del self.data[self._most :]
            raise _TooMuch

    def flush(self) -> None:
        """Nothing is kept back."""


def talk(
    root: Path,
    container: str,
    command: Sequence[str],
    lines: Sequence[Line],
    *,
    until: float,
    most: int,
) -> Talked:
    """Run a command in a container of the engine at `root`, and hold a dialog with it.

    It may take until that monotonic time, and show `most` bytes.
    """
    shown = _Shown(most)
    child = _spawned(root, container, command)
    child.logfile_read = shown
    seen, status, limit = 0, None, ""
    try:
        for line in lines:
            came = _comes(child, line.see, line.seconds, until)
            if came != _SEEN:
                break
            seen += 1
            if line.answer is not None:
                child.sendline(line.answer)
        else:
            came = _ENDED
            child.expect_exact(pexpect.EOF, timeout=_left(until))
        if came == _ENDED:
            status = child.wait()
    except pexpect.TIMEOUT:
        limit = "seconds"
    except _TooMuch:
        limit = "output"
    finally:
        child.close(force=True)
    return Talked(exit_status=status, output=bytes(shown.data), limit=limit, seen=seen)


def _spawned(
    root: Path, container: str, command: Sequence[str]
) -> "pexpect.spawn[Any]":
    return pexpect.spawn(
        sys.executable,
        ["-P", "-S", "-m", "labshell", "exec", "-it", container, *command],
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            "LABSHELL_ROOT": str(root),
            "TERM": "dumb",
        },
        dimensions=_SIZE,
        maxread=_PIECE,
    )


def _comes(child: "pexpect.spawn[Any]", text: str, seconds: float, until: float) -> int:
    """Is the text shown in its time? pexpect.TIMEOUT if all time is over before."""
    left = _left(until)
    wanted: list[Any] = [text.encode(), pexpect.EOF]
    try:
        return child.expect_exact(wanted, timeout=min(seconds, left))
    except pexpect.TIMEOUT:
        if left <= seconds:
            raise
        return _NEVER


def _left(until: float) -> float:
    return max(0.0, until - time.monotonic())
