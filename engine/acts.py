"""Acts: everything the engine asks of the kernel, written down as it happens.

A function that makes one system call is marked with `@act`. While somebody records,
each call of it leaves one line of JSON behind:

    {"time": 1700000000.123456,                   seconds since 1970
     "pid": 4711,                                 who asked the kernel
     "verb": "start",                             what the engine was asked for
     "microseconds": 57, "result": "0",           "-1 EPERM" for a refusal, "?" if the
                                                  call never returns
     "mark": "engine.kernel.mounts:filesystem",   the function that made the call
     "by": "engine.runtime.steps:Mask.apply",     the engine's function that wanted it
     "given": ["tmpfs", "tmpfs", 9, 1, "", "/x"]} what it was given

wording.py puts it into words: as strace(1) prints it, and as a shell command. What
takes many calls of one kind (reading a layer into a directory) is one act, and named by
the program that would do the same: "tar(1)".

Recording must not slow down what it describes. A forked child shares its memory with
its parent until it touches it, and words would touch a lot: hence they come later, and
the lines of a process are written together, before execve and at its end, in one
`O_APPEND` write. The open file goes with a forked child across unshare and pivot_root.

Before each act somebody else may be asked: see gate.py.

man: strace(1), open(2) on O_APPEND
Try it: `lab run --name box busybox true; lab acts box`
"""

import contextlib
import errno
import functools
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from types import FrameType
from typing import Any, ParamSpec, TypeVar

from engine import gate, notes
from engine.errors import SyscallError
from engine.notes import Mark, Note

P = ParamSpec("P")
R = TypeVar("R")

_MOST_BYTES = 1 << 20  # of acts kept per container: a restart loop must not fill a disk
_LEAVES = ("engine.files", "engine.entries", "contextlib")


class Recorder:
    """Collects acts and appends them to one open file."""

    def __init__(
        self, descriptor: int, *, verb: str = "", at_once: bool = False
    ) -> None:
        """`at_once` writes each act as it happens, for somebody who is watching."""
        self.descriptor = descriptor
        self.verb = verb
        self.at_once = at_once
        self.notes: list[Note] = []

    def carry_out(
        self,
        function: Callable[..., R],
        mark: Mark,
        asker: tuple[str, str],
        given: tuple[Any, ...],
        named: dict[str, Any],
    ) -> R:
        """Do it, and note how that went."""
        pid, answer, began = _pid, "0", time.time_ns()
        if not mark.returns:
            self.notes.append((mark, *asker, given, named, began, began, "?"))
            self.flush()
        try:
            result = function(*given, **named)
            if type(result) is int:
                answer = str(result)
            return result
        except Exception as error:
            answer = f"-1 {_name_of(error)}"
            raise
        finally:
            if pid == _pid:  # fork(2) returns twice: once is enough
                ended = time.time_ns()
                self.notes.append((mark, *asker, given, named, began, ended, answer))
                if self.at_once or gate.is_kept():
                    self.flush()

    def flush(self) -> None:
        """Append what was noted to the file, unless the file is full."""
        if self.notes:
            text = "".join([notes.line(one, _pid, self.verb) for one in self.notes])
            self.notes.clear()
            with contextlib.suppress(OSError):  # a full disk: the act counts, not this
                if os.fstat(self.descriptor).st_size < _MOST_BYTES:
                    os.write(self.descriptor, text.encode())


# The marks of all functions that are imported, by their names.
MARKS: dict[str, Mark] = {}
_recorder: ContextVar[Recorder | None] = ContextVar("recorder", default=None)
_pid = os.getpid()


def _in_child() -> None:
    """A forked child must not repeat what its parent has noted."""
    global _pid
    _pid = os.getpid()
    recorder = _recorder.get()
    if recorder:
        recorder.notes.clear()


os.register_at_fork(after_in_child=_in_child)


@contextmanager
def recording(
    path: Path, verb: str = "", *, at_once: bool = False, anew: bool = False
) -> Iterator[None]:
    """Record the acts of this thread, and of its children, into the file `path`.

    `verb` is what the engine was asked for, and now does: it is noted with each act.

    If there is no such file nothing is recorded, unless it is to be made `anew`: to
    take it away switches recording off. A file that cannot be opened (too many are)
    keeps nothing else from being done.
    """
    flags = os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC | (os.O_CREAT if anew else 0)
    try:
        descriptor = os.open(path, flags, 0o600)
    except OSError:
        yield
        return
    try:
        with recording_to(descriptor, verb=verb, at_once=at_once):
            yield
    finally:
        os.close(descriptor)


@contextmanager
def recording_to(
    descriptor: int, *, verb: str = "", at_once: bool = False
) -> Iterator[None]:
    """The same, into an open file."""
    recorder = Recorder(descriptor, verb=verb, at_once=at_once)
    token = _recorder.set(recorder)
    try:
        yield
    finally:
        recorder.flush()
        _recorder.reset(token)


def flush() -> None:
    """Write down what was noted so far: before exec and `os._exit`."""
    recorder = _recorder.get()
    if recorder:
        recorder.flush()


def descriptors() -> tuple[int, ...]:
    """What a child that closes all other files keeps: where acts go, who is asked."""
    recorder = _recorder.get()
    return (*((recorder.descriptor,) if recorder else ()), *gate.descriptors())


def _as_strace(*arguments: object, **_: object) -> str:
    """The arguments as strace(1) prints them: strings quoted, the rest bare."""
    return ", ".join(
        notes.in_c(value) if isinstance(value, (str, Path)) else str(value)
        for value in arguments
    )


def os_error(call: str, number: int, target: str = "") -> OSError:
    """What Python's own system calls raise: for the `refusal` of a mark."""
    error = OSError(number, os.strerror(number), target or None)
    error.add_note(call)
    return error


def act(
    call: str,
    shell: Callable[..., str],
    arguments: Callable[..., str] = _as_strace,
    *,
    concept: str = "",
    returns: bool = True,
    refusal: Callable[[str, int, str], Exception] = SyscallError,
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Mark a function as one that asks the kernel for `call`, such as "mount(2)".

    See `Mark` for the rest; `concept` is the function's file if nothing else is said.
    The function must make just this one call.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        file = function.__module__.rpartition(".")[2]
        name = f"{function.__module__}:{function.__qualname__}"
        mark = Mark(name, call, shell, arguments, concept or file, returns, refusal)

        @functools.wraps(function)
        def marked(*args: P.args, **kwargs: P.kwargs) -> R:
            recorder, kept = _recorder.get(), gate.is_kept()
            if recorder is None and not kept:
                return function(*args, **kwargs)
            asker = _asker(sys._getframe(1), function.__module__)
            if kept:
                _ask(mark, asker, args, kwargs)
            if recorder is None:
                return function(*args, **kwargs)
            return recorder.carry_out(function, mark, asker, args, kwargs)

        MARKS[name] = mark
        return marked

    return decorate


def _asker(frame: FrameType, module: str) -> tuple[str, str]:
    """Who wanted it: the nearest function that is in no file of such functions."""
    above: FrameType | None = frame
    while above is not None:
        name = above.f_globals["__name__"]
        if name != module and name not in _LEAVES:
            return name, above.f_code.co_qualname
        above = above.f_back
    return module, frame.f_code.co_qualname


def _name_of(error: Exception) -> str:
    number = getattr(error, "errno", None)
    return errno.errorcode.get(number or 0, type(error).__name__)


def _ask(
    mark: Mark, asker: tuple[str, str], given: tuple[Any, ...], named: dict[str, Any]
) -> None:
    """Ask at the gate; raise what it answers."""
    now = time.time_ns()
    recorder = _recorder.get()
    verb = recorder.verb if recorder else ""
    note = (mark, *asker, given, named, now, now, "?")
    number = gate.ask(notes.line(note, _pid, verb))
    if number:
        if recorder:
            recorder.notes.append((*note[:-1], f"-1 {errno.errorcode[number]}"))
            recorder.flush()
        paths = [str(one) for one in given if str(one).startswith("/")]
        target = paths[-1] if paths else ""
        raise mark.refusal(mark.call.partition("(")[0], number, target)
