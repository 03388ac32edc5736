"""What this process is while the shell is open: its signals, input, environment.

    SIGINT             ends the line that runs
    SIGTSTP, SIGQUIT   nothing: Ctrl-Z and Ctrl-\\ are for programs, not for the shell
    SIGTERM, SIGHUP    the shell ends, and puts the terminal right before it does

    directory          "/": what bash has left can be unmounted
    environment        bash's own, while a `lab` line runs here

man: signal(7), environ(7)
Try it: `kill -TERM PID` of the shell from another window, then `stty -a`.
"""

import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import BinaryIO


@contextmanager
def signals() -> Iterator[None]:
    """No key ends the shell.

    Handlers, not SIG_IGN: what is ignored stays ignored in the programs we start.
    """

    def end(number: int, frame: object) -> None:
        raise SystemExit(128 + number)

    def nothing(number: int, frame: object) -> None:
        pass

    handlers = {
        signal.SIGTSTP: nothing,
        signal.SIGQUIT: nothing,
        signal.SIGTERM: end,
        signal.SIGHUP: end,
    }
    before = {number: signal.signal(number, do) for number, do in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def standing_in(directory: str, environment: Mapping[str, str]) -> Iterator[None]:
    """Be, for a moment, where bash is, with the variables that bash exports."""
    own = dict(os.environ)
    _become(environment)
    with suppress(OSError):  # a directory that is gone: we stay where we are
        os.chdir(directory)
    try:
        yield
    finally:
        _become(own)
        os.chdir("/")


def _become(environment: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)


def take_script() -> BinaryIO:
    """Standard input as our script; what we run reads nothing instead of its lines."""
    script = os.fdopen(os.dup(0), "rb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return script
