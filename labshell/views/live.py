"""A picture that stays true: drawn again whenever something may have changed.

The kernel tells when a mount comes or goes: /proc/self/mountinfo becomes "ready" for
poll(2) with POLLPRI. Starting and ending a container is always such an event. What
makes no mount (a process forks, a file is written) is found by looking once a second.

On a terminal the picture has the screen for itself until Ctrl-C; elsewhere each new
state is printed below the last one.

man: proc(5) on mountinfo, poll(2)
Try it: `lab watch tree` in one window, `lab run busybox sleep 5` in another.
"""

import os
import select
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import RenderableType

SLOW = 1.0  # seconds between two looks when nothing is announced


@contextmanager
def announcements() -> Iterator[Callable[[], None]]:
    """A function that waits until a mount changes, or until it is time to look."""
    mounts = os.open("/proc/self/mountinfo", os.O_RDONLY | os.O_CLOEXEC)
    poll = select.poll()
    poll.register(mounts, select.POLLPRI | select.POLLERR)

    def wait() -> None:
        poll.poll(SLOW * 1000)

    try:
        yield wait
    finally:
        os.close(mounts)


def show(draw: "Callable[[], RenderableType]", title: str) -> None:
    """Show a picture on the whole terminal until Ctrl-C."""
    from rich.console import Console, Group
    from rich.live import Live
    from rich.text import Text

    def picture() -> "RenderableType":
        return Group(Text(f"{title} · Ctrl-C ends", style="dim"), draw())

    # COLUMNS and LINES, where they are exported, may be those of another terminal: a
    # picture that is too tall for this one scrolls out of it.
    own = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES")}
    console = Console(highlight=False, _environ=own)
    with (
        announcements() as wait,
        Live(console=console, screen=True, auto_refresh=False) as live,
    ):
        try:
            while True:
                live.update(picture(), refresh=True)
                wait()
        except KeyboardInterrupt:
            return


def print_each(text: Callable[[], str]) -> None:
    """Print a text, and again each time it has changed, until Ctrl-C."""
    last = None
    with announcements() as wait:
        try:
            while True:
                if (new := text()) != last:
                    print(new, flush=True)
                    last = new
                wait()
        except KeyboardInterrupt:
            return


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
