"""The page that a lesson is printed on: the terminal, or the left of a wide one.

Lines longer than this are hard to read. A terminal may change its size at any time, as
when `:panes` takes half of it, so it is asked anew for whatever is printed.

Source: rich.console.Console
Try it: `lab learn` in tmux, and `:panes`
"""

from rich.console import Console, ConsoleOptions

WIDTH = 88  # columns


class Page(Console):
    """A console of rich that is never wider than can be read."""

    @property
    def options(self) -> ConsoleOptions:
        """What there is to print on, now."""
        terminal = super().options
        return terminal.update(max_width=min(terminal.max_width, WIDTH))
