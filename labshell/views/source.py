"""The engine's own source, as lines of text: in the terminal's colours, if wanted.

What is shown is read from the installed code by its symbol, never from a copy, so it is
what really ran. A function inside a function is shown with the one around it. The marks
that say how an act is told, `@act(…)`, are left out: what they say is told anyhow.

Try it: `lab run --explain=full busybox true 2>&1 | less`
"""

import ast

from labshell.lessons import symbols
from labshell.lessons.fields import LessonError


def source_of(symbol: str, *, colour: bool) -> list[str]:
    """The lines of a symbol of the engine: "engine.kernel.roots:pivot"."""
    try:
        text = symbols.find(symbol.partition(".<")[0]).text.rstrip()
    except LessonError as error:  # the code has changed since the act
        return [error.message]
    if ":" in symbol:
        text = _without_marks(text)
    if colour:
        from pygments import highlight
        from pygments.formatters.terminal import TerminalFormatter
        from pygments.lexers.python import PythonLexer

        text = highlight(text, PythonLexer(), TerminalFormatter()).rstrip("\n")
    return text.split("\n")


def _without_marks(text: str) -> str:
    """A function, or a class, without the decorators that make its calls acts."""
    marks = {
        number
        for node in ast.walk(ast.parse(text))
        for mark in getattr(node, "decorator_list", ())
        if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "act"
        for number in range(mark.lineno, (mark.end_lineno or mark.lineno) + 1)
    }
    lines = enumerate(text.split("\n"), 1)
    return "\n".join(line for number, line in lines if number not in marks)
