"""A grading while it goes on: how far it is, how fast, how long still, and with whom.

    ━━━━━━━━━━━━━━━━━╸━━━━━━━  412/1000  3120/min  0:00:11  s413.tar, s414.tar

One line that is drawn anew on a terminal and gone at the end. What is no plain mark is
written above it as it comes, and stays. A pipe gets a line for each file instead.

Try it: `lab grade class/ --assignment layers-1 -o OUT --jobs 2`
"""

from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from labshell.grading.journal import Look
from labshell.grading.rounds import Watcher
from labshell.grading.rows import GRADED
from labshell.views.tables import printable, shorten

_SHOWN = 2  # files by name
_NAME = 24  # columns for each


class _Rate(ProgressColumn):
    """How many in a minute."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed * 60:.0f}/min" if speed else "-/min")


class Bar(Watcher):
    """The line, as a context: it is there while the block runs."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self._progress = Progress(
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            _Rate(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[under_way]}", markup=False),
            console=console,
            transient=True,
            expand=True,
        )
        self._task = self._progress.add_task("", total=None, under_way="")
        self._under_way: list[str] = []
        self._lock = Lock()  # files begin in threads

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def expects(self, count: int) -> None:
        """So many files are to be looked at."""
        self._progress.update(self._task, total=count)

    def begins(self, file: Path) -> None:
        """One is being looked at."""
        with self._lock:
            self._under_way.append(file.name)
            self._show()
        if not self._progress.tasks[0].completed:
            self._progress.refresh()  # the first is seen at once

    def done(self, look: Look) -> None:
        """That is what came of it."""
        with self._lock:
            while look.file in self._under_way:  # twice, if it took too long
                self._under_way.remove(look.file)
            self._show()
        self._progress.advance(self._task)
        if look.row.status != GRADED:
            line = Text(printable(f"{look.file}: {look.row.status}"))
            self._progress.console.print(line)

    def _show(self) -> None:
        names = [shorten(printable(one), _NAME) for one in self._under_way]
        more = [f"+{len(names) - _SHOWN}"] if len(names) > _SHOWN else []
        self._progress.update(self._task, under_way=", ".join([*names[:_SHOWN], *more]))
