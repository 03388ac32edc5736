"""What a pull or a push looks like while it goes on.

    latest: Pulling from library/busybox
    3cb635b06aa2: Pull complete              a line a layer …
    3cb635b06aa2: Downloading ━━━━━╸━━━━━ 12.1/29.5 MB     … or a bar on a terminal

    Lines    line after line, as Docker prints them into a pipe
    Bars     a bar for each layer, which becomes a word when it is done
    Silent   nothing: for -q

Layers tell of themselves from several threads, so there is a lock.

Try it: `lab pull busybox`, `lab pull busybox | cat`
"""

import os
import sys
import threading
from typing import Any, TextIO

from engine.engine import TransferProgress
from labshell.views.amounts import size
from labshell.views.tables import printable

# What Docker does not print into a pipe, since nobody would see it pass.
_PASSING = {"Downloading", "Extracting", "Pushing"}
_MOST_BARS = 40  # more would not fit on a screen


class Silent(TransferProgress):
    """Tells nothing."""

    def __enter__(self) -> "Silent":
        return self

    def __exit__(self, *_: Any) -> None:
        """Nothing is left open."""


class Lines(Silent):
    """A line for each thing that happens."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._lock = threading.Lock()

    def says(self, line: str) -> None:
        """A line about all of it."""
        with self._lock:
            print(printable(line), file=self._out, flush=True)

    def layer(self, name: str, status: str) -> None:
        """A layer is now in this state."""
        if status not in _PASSING:
            self.says(f"{name}: {status}")


class Bars(Silent):
    """A bar for each layer, on a terminal."""

    def __init__(self, out: TextIO) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        self._bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=30),
            TextColumn("{task.fields[amount]}", markup=False),
            console=Console(file=out, highlight=False, markup=False),
        )
        self._tasks: dict[str, Any] = {}

    def __enter__(self) -> "Bars":
        self._bars.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._bars.stop()

    def says(self, line: str) -> None:
        """A line about all of it, above the bars."""
        self._bars.console.print(printable(line), soft_wrap=True)

    def layer(self, name: str, status: str) -> None:
        """A layer is now in this state."""
        task = self._task(name)
        self._bars.update(task, description=f"{name}: {status:<19}")
        if status.split()[0] in ("Pull", "Pushed", "Already", "Layer", "Mounted"):
            self._bars.update(task, total=1, completed=1, amount="")

    def moved(self, name: str, done: int, total: int) -> None:
        """So many of a layer's bytes have come, or gone."""
        amount = f"{size(done)}/{size(total)}"
        self._bars.update(self._task(name), completed=done, total=total, amount=amount)

    def _task(self, name: str) -> Any:
        if name not in self._tasks:
            shown = len(self._tasks) < _MOST_BARS
            task = self._bars.add_task(name, total=None, amount="", visible=shown)
            self._tasks[name] = task
        return self._tasks[name]


def view(out: TextIO, *, quiet: bool) -> Silent:
    """What fits: bars on a terminal, lines elsewhere, nothing if nothing is wanted."""
    if quiet:
        return Silent()
    bare = os.environ.get("TERM", "dumb") == "dumb"
    return Bars(out) if out.isatty() and not bare else Lines(out)


def on_stdout(*, quiet: bool) -> Silent:
    """The same, where `pull` and `push` print."""
    return view(sys.stdout, quiet=quiet)
