"""What a command says when it fails: what is wrong, and what to do about it.

    Error: No such image: nosuch:latest
    Hint:  `lab images` lists the images that are here.

Two lines on stderr, the first one red on a terminal (unless NO_COLOR is set), and
never a traceback. Messages may quote what an image says, so control characters are
made visible.

Try it: `lab run nosuch; echo $?`
"""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from engine.engine import Engine
from engine.errors import EngineError, from_os_error

_before: list[Callable[[], None]] = []


@contextmanager
def after(tell_the_rest: Callable[[], None]) -> Iterator[None]:
    """While this lasts an error is printed after what this function has to tell."""
    _before.append(tell_the_rest)
    try:
        yield
    finally:
        _before.pop()


def report(error: Exception) -> None:
    """Print the error, and its hint if it has one."""
    if isinstance(error, OSError) and not isinstance(error, EngineError):
        error = from_os_error(error)
    if getattr(error, "exit_code", None) == 128 + signal.SIGINT:
        print(file=sys.stderr)  # the message should not stand behind ^C
    message = getattr(error, "message", str(error))
    say(message, getattr(error, "hint", ""), getattr(error, "excerpt", ""))


def say(message: str, hint: str = "", excerpt: str = "") -> None:
    """Print one red line that says what is wrong, and one that says what to do.

    Between them, `excerpt` shows the place in a file that is meant, in two lines.
    """
    from labshell.messages import translate
    from labshell.views.tables import printable

    for tell_the_rest in _before:
        tell_the_rest()
    red, plain = ("\x1b[31m", "\x1b[0m") if _in_colour() else ("", "")
    sys.stdout.flush()  # what was printed before the failure comes before it
    print(f"{red}{translate('Error: ')}{printable(message)}{plain}", file=sys.stderr)
    for line in excerpt.splitlines():
        print(printable(line), file=sys.stderr)
    if hint:
        print(f"{translate('Hint:  ')}{printable(hint)}", file=sys.stderr)
    sys.stderr.flush()


def notice(text: str) -> None:
    """Print something the student should know that is no failure.

    If it has a second line, that is what to do about it.
    """
    from labshell.messages import translate
    from labshell.views.tables import printable

    told, _, hint = text.partition("\n")
    print(f"{translate('Note:  ')}{printable(told)}", file=sys.stderr, flush=True)
    if hint:
        hint = f"{translate('Hint:  ')}{printable(hint)}"
        print(hint, file=sys.stderr, flush=True)


def tell(engine: Engine) -> None:
    """Print what the engine has repaired, or left out, once."""
    for line in engine.notices:
        notice(line)
    engine.notices.clear()


def _in_colour() -> bool:
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM", "dumb") == "dumb"
    return sys.stderr.isatty() and not plain
