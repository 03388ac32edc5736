"""What of a lesson is shown, and how it looks.

    ── commit/init-layer · 3/9 guess · predict ─────────────────
    prose, as Markdown              $ lab layers otter      (and what it prints)
    1) a choice
    ✓ passed (+2): why              ✗ not yet: what is missing

Everything goes through one rich console, which knows the width of the terminal and
whether it has colours; on a dumb one it is plain text.

Try it: `COLUMNS=60 NO_COLOR=1 lab learn`
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from labshell.lessons import symbols
from labshell.lessons.prose import Paragraphs, Run, Source, pieces
from labshell.messages import translate, translate_count

if TYPE_CHECKING:
    from rich.console import Console


class Screen:
    """The terminal, in one language."""

    def __init__(self, language: str, console: "Console | None" = None) -> None:
        from labshell.lessons.page import Page

        self.language = language
        self.console = console or Page(highlight=False)

    def word(self, text: str) -> str:
        """One of the runner's own texts, translated."""
        return translate(text, self.language)

    def count(self, one: str, many: str, count: int) -> str:
        """One of them that speaks of so many things: `{count}` is the number."""
        return translate_count(one, many, count, self.language)

    def rule(self, title: str) -> None:
        """A line across, with a title."""
        from rich.rule import Rule
        from rich.text import Text

        self.console.print()
        self.console.print(Rule(Text(title, style="bold"), align="left", style="dim"))

    def markdown(self, text: str, style: str = "none") -> None:
        """Some Markdown."""
        from rich.markdown import Markdown

        self.console.print()
        self.console.print(Markdown(text, code_theme="ansi_dark", style=style))

    def say(self, text: str, style: str = "none") -> None:
        """One of the runner's own texts, on a line of its own; `code` is marked."""
        self.line(self.word(text), style)

    def line(self, text: str, style: str = "none") -> None:
        """One line as it is; what stands between backquotes is marked."""
        from rich.text import Text

        shown = Text(style=style)
        for number, part in enumerate(text.split("`")):
            shown.append(part, style="bold cyan" if number % 2 else "")
        self.console.print(shown)

    def good(self, text: str, points: int) -> None:
        """Something worked out."""
        self.line(f"✓ {text}{self._plus(points)}", "green")

    def bad(self, text: str, points: int = 0) -> None:
        """Something is missing, or not so."""
        self.line(f"✗ {text}{self._plus(points)}", "yellow")

    def _plus(self, points: int) -> str:
        return f" (+{self.points(points)})" if points else ""

    def points(self, number: int) -> str:
        """A number of points, in words."""
        return self.count("{count} point", "{count} points", number)

    def minutes(self, number: int) -> str:
        """A number of minutes, in words."""
        return self.count("{count} minute", "{count} minutes", number)

    def error(self, message: str, hint: str) -> None:
        """Something went wrong that is nobody's answer."""
        self.line(f"{self.word('Error: ')}{message}", "red")
        if hint:
            self.line(f"{self.word('Hint:  ')}{hint}")

    def prose(
        self, text: str, shown: str, run: Callable[[str], object], lead: str = "$ "
    ) -> None:
        """A section: its Markdown, its commands run where they stand, its source."""
        for piece in pieces(text, shown):
            match piece:
                case Paragraphs(text=markdown):
                    self.markdown(markdown)
                case Run(line=line):
                    self.console.print()
                    self.command(line, lead)
                    run(line)
                case Source(symbol=symbol, comment=comment):
                    self.source(symbol)
                    self.markdown(comment)

    def command(self, line: str, lead: str = "$ ") -> None:
        """A command as it would be typed."""
        self.console.print(f"{lead}{line}", style="bold", markup=False, soft_wrap=True)

    def source(self, symbol: str) -> None:
        """The source of a symbol of the engine."""
        from rich.syntax import Syntax

        found = symbols.find(symbol)
        self.console.print()
        where = self.word("`{symbol}`, in {path}")
        self.line(where.format(symbol=symbol, path=found.path), "dim")
        self.console.print(
            Syntax(
                found.text.rstrip(),
                "python",
                theme="ansi_dark",
                background_color="default",
                word_wrap=True,
            )
        )
