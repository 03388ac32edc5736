"""A picture that stays true: looked at again whenever something may have changed.

The engine announces what may change a picture: an event, a mount that comes or goes, a
file that a container writes (`engine.announcements`). What nobody announces (a process
forks, memory is used) is found by looking now and then: once a second, and never for
more than a fiftieth of one processor.

On a terminal the picture has the screen for itself until Ctrl-C, and is drawn again
when it is new or the window has another size. Of one that is too tall, that part is
shown where something new is marked. Elsewhere each new state is printed below the last.

man: proc(5) on mountinfo, poll(2), signal(7) on SIGWINCH
Try it: `lab watch tree` in one window, `lab run busybox sleep 5` in another.
"""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
    from rich.segment import Segment

    from engine.engine import Announcements

SLOW = 1.0  # seconds between two looks when nothing is announced
_REST, _REST_ANNOUNCED = 75, 2  # times as long as the last look took
_TOGETHER = 0.02  # seconds: announcements come in flocks


class Pace:
    """When to look again."""

    def __init__(self, announcements: "Announcements") -> None:
        self._announcements = announcements
        self._began = time.process_time()

    def looks(self) -> Iterator[None]:
        """One after the other, for ever, each when it is time."""
        while True:
            self._began = time.process_time()
            yield
            self._rest()

    def _rest(self) -> None:
        took = time.process_time() - self._began
        if self._announcements.wait(max(SLOW, _REST * took)):
            time.sleep(max(_TOGETHER, _REST_ANNOUNCED * took))


def show(
    look: "Callable[[], RenderableType | None]",
    title: str,
    announcements: "Announcements",
) -> None:
    """Show a picture on the whole terminal until Ctrl-C; None says: as it was."""
    from rich.console import Console
    from rich.live import Live

    # COLUMNS and LINES, where they are exported, may be those of another terminal: a
    # picture that is too tall for this one scrolls out of it.
    own = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES")}
    console = Console(highlight=False, _environ=own)
    with (
        contextlib.suppress(KeyboardInterrupt),
        Live(console=console, screen=True, auto_refresh=False) as live,
        _redrawn_when_resized(live.refresh),
    ):
        for _ in Pace(announcements).looks():
            if (drawn := look()) is not None:
                live.update(_Fitted(title, drawn), refresh=True)


class _Fitted:
    """A picture in a window; if it is too tall, the part where something is new."""

    def __init__(self, title: str, drawn: "RenderableType") -> None:
        self._title, self._drawn = title, drawn

    def __rich_console__(
        self, console: "Console", options: "ConsoleOptions"
    ) -> "RenderResult":
        from rich.segment import Segment
        from rich.text import Text

        lines = console.render_lines(self._drawn, options, pad=False)
        first, room = 0, max(1, console.height - 1)
        heading = f"{self._title} · Ctrl-C ends"
        if len(lines) > room:
            new = (n for n, line in enumerate(lines) if _is_new(line))
            first = max(0, min(next(new, 0) - room // 4, len(lines) - room))
            heading += f" · {first + 1}-{first + room} of {len(lines)} lines"
        yield Text(heading, style="dim", no_wrap=True, overflow="ellipsis")
        for line in lines[first : first + room]:
            yield from line
            yield Segment.line()


def _is_new(line: "Iterable[Segment]") -> bool:
    return any(segment.text.startswith("+ ") for segment in line)


@contextlib.contextmanager
def _redrawn_when_resized(redraw: Callable[[], None]) -> Iterator[None]:
    before = signal.signal(signal.SIGWINCH, lambda *_: redraw())
    try:
        yield
    finally:
        signal.signal(signal.SIGWINCH, before)


def print_each(look: Callable[[], str | None], announcements: "Announcements") -> None:
    """Print a text, and again each time it has changed, until Ctrl-C."""
    with contextlib.suppress(KeyboardInterrupt):
        for _ in Pace(announcements).looks():
            if (text := look()) is not None:
                print(text, flush=True)


def redraw(texts: Iterable[str]) -> None:
    """Print texts until Ctrl-C, on a terminal each in the place of the last.

    Nothing flickers: a line is written over the old one, and only what is left of that
    is cleared.
    """
    drawn = on_terminal()
    try:
        print("\x1b[H\x1b[J" if drawn else "", end="")
        for text in texts:
            if drawn:
                text = "\x1b[H" + text.replace("\n", "\x1b[K\n") + "\x1b[K\n\x1b[J"
            print(text, end="" if drawn else "\n", flush=True)
    except KeyboardInterrupt:
        print(file=sys.stderr)  # the prompt should not stand behind ^C


def on_terminal() -> bool:
    """May the picture have the whole screen?"""
    dumb = os.environ.get("TERM", "dumb") in ("dumb", "unknown")
    return sys.stdout.isatty() and not dumb
