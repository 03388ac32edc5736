"""What a build looks like while it goes on.

    Lines    line after line, in Docker's words: `Step 1/3 : FROM busybox`
    Rich     a line a step, that says how it is going, and what it prints below it
    Silent   nothing, until it fails: for -q

All keep the steps, for the table at the end and for the page of --report.

Try it: `lab build .`; `lab build --progress rich .`
"""

import os
import sys
from typing import TYPE_CHECKING, Any

from engine.engine import DockersLines, StepReport
from labshell.views.amounts import size
from labshell.views.tables import printable, table

if TYPE_CHECKING:
    from labshell.commands.explaining import Teller

PARTS = ("container", "command", "changes", "wait", "status", "commit")
_WIDEST = 56  # characters of an instruction
_LONGEST_KEPT = 1 << 20  # bytes of output, for when -q fails


class Lines(DockersLines):
    """Docker's own lines. What RUN prints goes where its streams went."""

    def __init__(self, teller: "Teller | None" = None) -> None:
        """`teller` tells what is done meanwhile; with one, each step is explained."""
        self.steps: list[StepReport] = []
        self._teller = teller

    def __enter__(self) -> "Lines":
        return self

    def __exit__(self, *_: Any) -> None:
        """Nothing is left open."""

    def part(self, name: str, about: str) -> None:
        """One of the six parts of a RUN begins: what is done follows."""
        if self._teller:
            sys.stdout.flush()
            self._teller.heading(f"{PARTS.index(name) + 1} {name}: {about}")

    def output(self, data: bytes, *, error: bool) -> None:
        """What a program prints, as it is."""
        sys.stdout.flush()
        os.write(2 if error else 1, data)

    def ends(self, report: StepReport) -> None:
        """A step is over."""
        self.steps.append(report)
        super().ends(report)
        if self._teller and report.why:
            what = "cached" if report.cached else "not cached"
            self.line(f"      {what}: {report.why}")

    def fails(self, report: StepReport) -> None:
        """A step has failed; the error is told by who ends the command."""
        self.steps.append(report)

    def show_failure(self) -> None:
        """Everything has been shown already."""

    def summary(self) -> None:
        """A table of the steps."""
        print(steps_table(self.steps), file=sys.stderr)

    def line(self, text: str) -> None:
        """One line; what was done before it stands above it."""
        if self._teller:
            self._teller.catch_up()
        print(printable(text), flush=True)


class Silent(Lines):
    """Keeps what it hears, and shows it only if the build fails."""

    def __init__(self) -> None:
        super().__init__()
        self._kept: list[bytes] = []
        self._size = 0

    def output(self, data: bytes, *, error: bool) -> None:
        """Keep it, within bounds."""
        if self._size < _LONGEST_KEPT:
            self._kept.append(data)
            self._size += len(data)

    def show_failure(self) -> None:
        """What was printed up to the failure."""
        sys.stdout.flush()
        for data in self._kept:
            os.write(2, data)

    def summary(self) -> None:
        """No table: the ID is all that was asked for."""

    def line(self, text: str) -> None:
        """Keep it."""
        self.output(f"{printable(text)}\n".encode(), error=False)


class Rich(Lines):
    """A line a step, rewritten while it lasts; what RUN prints scrolls above it."""

    def __init__(self, teller: "Teller | None" = None) -> None:
        super().__init__(teller)
        from rich.console import Console

        self._console = Console(stderr=True, highlight=False)
        self._status = self._console.status("")

    def __enter__(self) -> "Rich":
        self._status.start()
        return self

    def __exit__(self, *_: Any) -> None:
        """Take the moving line away."""
        self._status.stop()

    def begins(self, number: int, total: int, text: str) -> None:
        """A step begins."""
        from rich.text import Text

        line = f"{number}/{total}  {printable(text)[:_WIDEST]}"
        self._status.update(Text(line))

    def note(self, line: str) -> None:
        """What came of it; the rest is what the lines of a step say already."""
        if line.startswith("Successfully "):
            self._console.print(line)

    def output(self, data: bytes, *, error: bool) -> None:
        """What a program prints, above the moving line."""
        from rich.text import Text

        for line in data.decode(errors="replace").splitlines():
            style = "red" if error else "dim"
            self._console.print(Text(f"      {printable(line)}", style=style))

    def ends(self, report: StepReport) -> None:
        """A step is over: its line stays."""
        from rich.text import Text

        self.steps.append(report)
        mark = "=" if report.cached else "+"
        amount = size(report.size) if report.size else ""
        text = printable(report.text)[:_WIDEST]
        place = f"{report.number}/{report.total}"
        line = f" {mark} {place:>5}  {text:<{_WIDEST}} {report.seconds:7.2f} s {amount}"
        self._console.print(Text(line, style="green" if report.cached else ""))
        if self._teller and report.why:
            self._console.print(Text(f"          {report.why}", style="dim"))

    def warns(self, line: str) -> None:
        """Something is probably not meant so."""
        from rich.text import Text

        self._console.print(Text(f"[Warning] {line}", style="yellow"))


def steps_table(steps: list[StepReport]) -> str:
    """One line a step: what, whether it was cached, how long, how much."""
    rows = [
        [
            f"{step.number}/{step.total}",
            step.text.replace("\n", " ")[:_WIDEST],
            "cached" if step.cached else "",
            f"{step.seconds:.2f}",
            size(step.size) if step.size else "",
        ]
        for step in steps
    ]
    return table(["STEP", "INSTRUCTION", "CACHE", "SECONDS", "SIZE"], rows)
