"""The engine's own source, as lines of text: in the terminal's colours, if wanted.

What is shown is read from the installed code by its symbol, never from a copy, so it is
what really ran. A function inside a function is shown with the one around it.

Try it: `lab run --explain=full busybox true 2>&1 | less`
"""

from labshell.lessons import symbols
from labshell.lessons.fields import LessonError


def source_of(symbol: str, *, colour: bool) -> list[str]:
    """The lines of a symbol of the engine: "engine.kernel.roots:pivot"."""
    try:
        text = symbols.find(symbol.partition(".<")[0]).text.rstrip()
    except LessonError as error:  # the code has changed since the act
        return [error.message]
    if colour:
        from pygments import highlight
        from pygments.formatters.terminal import TerminalFormatter
        from pygments.lexers.python import PythonLexer

        text = highlight(text, PythonLexer(), TerminalFormatter()).rstrip("\n")
    return text.split("\n")
