"""An asciicast of a session: what was on the screen, and when.

    your terminal <──> this process <── pty ──> the shell
                            └──> FILE, a line an event

    {"version": 2, "width": 80, "height": 24, "timestamp": 1795924800, …}
    [0.41, "o", "hello\\r\\n"]         output, seconds since the beginning
    [7.02, "r", "100x30"]            the terminal was resized

What you type is not recorded (a password would be), only what the terminal shows of it.
Each event is written at once, so a session that is killed leaves a film of all until
then. `asciinema play FILE`, or its player on a web page, shows it.

See: https://docs.asciinema.org/manual/asciicast/v2/
man: pty(7), script(1)
Try it: `lab learn --record lesson.cast`
"""

import codecs
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from engine.engine import Engine
from engine.errors import InvalidState, from_os_error
from labshell.lessons import saving
from labshell.lessons.lines import environment
from labshell.messages import translate

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class Cast:
    """One recording."""

    def __init__(self, descriptor: int, columns: int, lines: int) -> None:
        self._file = os.fdopen(descriptor, "w", encoding="utf-8", buffering=1)
        self._began = time.monotonic()
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.trouble: OSError | None = None
        self.events = 0
        self._write(
            {
                "version": 2,
                "width": columns,
                "height": lines,
                "timestamp": int(time.time()),
                "env": {"TERM": os.environ.get("TERM", "")},
            }
        )

    def show(self, text: str) -> None:
        """Something came on the screen."""
        if text:
            self._event("o", text)

    def show_bytes(self, data: bytes) -> bytes:
        """The same, as it comes from a pty; a character may be cut in two."""
        self.show(self._decoder.decode(data))
        return data  # the terminal shows it unchanged

    def resize(self, columns: int, lines: int) -> None:
        """The terminal has another size."""
        self._event("r", f"{columns}x{lines}")

    def _event(self, kind: str, data: str) -> None:
        self.events += 1
        self._write([round(time.monotonic() - self._began, 6), kind, data])

    def _write(self, line: object) -> None:
        """Write one line. On a full disk the film ends, and the session goes on."""
        if self.trouble is not None:
            return
        try:
            self._file.write(json.dumps(line, ensure_ascii=False) + "\n")
        except OSError as error:
            self.trouble = error

    def close(self) -> None:
        """The end; OSError if the film is not whole."""
        try:
            self._file.close()
        except OSError as error:
            self.trouble = self.trouble or error
        if self.trouble is not None:
            raise self.trouble


@contextmanager
def recorded(path: Path) -> Iterator[Cast]:
    """A new recording in `path`. InvalidState if there is such a file.

    If it comes to nothing, because the session could not begin, no file is left.
    """
    try:
        descriptor = os.open(path, _NEW, 0o600)
    except FileExistsError as error:
        raise InvalidState(
            translate("{file} is there already").format(file=path),
            translate("Choose another name, or remove it."),
        ) from error
    except OSError as error:
        raise from_os_error(error) from error
    cast = Cast(descriptor, *shutil.get_terminal_size((100, 30)))
    try:
        saving.hand_over(descriptor, path)
        yield cast
    except BaseException:
        if not cast.events:
            path.unlink(missing_ok=True)
        raise
    finally:
        try:
            cast.close()
        except OSError as error:
            raise from_os_error(error) from error


def record(engine: Engine, words: Sequence[str], cast: Cast) -> int:
    """Run `lab WORDS` on a pty between you and it, and record; its exit status."""
    import pexpect

    if not (os.isatty(0) and os.isatty(1)):
        raise InvalidState(
            translate("A recording needs a terminal"), translate("Type it in one.")
        )
    columns, lines = shutil.get_terminal_size()
    child = pexpect.spawn(
        sys.executable,
        ["-P", "-S", "-m", "labshell", *words],
        env=environment(engine),
        dimensions=(lines, columns),
    )

    def resized(number: int, frame: FrameType | None) -> None:
        columns, lines = os.get_terminal_size()
        child.setwinsize(lines, columns)
        cast.resize(columns, lines)

    before = signal.signal(signal.SIGWINCH, resized)
    try:
        # pexpect gives bytes here; its stubs say str, which it gives elsewhere.
        watch: Any = cast.show_bytes
        child.interact(escape_character=None, output_filter=watch)
    finally:
        signal.signal(signal.SIGWINCH, before)
        child.close()
    status: int | None = child.exitstatus
    return 128 + (child.signalstatus or 0) if status is None else status
