"""Acts: everything the engine asks of the kernel, written down as it happens.

A function of `engine/kernel/` is marked with `@act`. While somebody records, each
call of it leaves one line of JSON behind:

    {"time": 1700000000.123456,                when it began, seconds since 1970
     "pid": 4711,                              who asked the kernel
     "call": "mount(2)",                       the system call, and its man page
     "arguments": "\"overlay\", \"/x\"",        as strace(1) would print them
     "result": "0",                            or "-1 EPERM"; "?" if it never returns
     "microseconds": 57,
     "concept": "mounts",                      the file of engine/kernel/ it is in
     "symbol": "engine.runtime.steps:Pivot.apply",  the engine's function that asked
     "shell": "mount -t overlay …"}            what a student could type instead

Order of steps: `recording(path)` opens the file and remembers it for this thread
(a context variable); `@act` finds it there; a forked child inherits it, across
unshare and pivot_root, because an open file has no path. Lines are collected and
written in one `O_APPEND` write at `flush()`, before fork and exec: recording must
not slow down what it describes.

man: strace(1), open(2) on O_APPEND
Try it: `lab run --name box busybox true; lab acts box`
"""

import contextlib
import functools
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from types import FrameType
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

_MOST_BYTES = 1 << 20  # of acts kept per container: a restart loop must not fill a disk


class Recorder:
    """Collects acts and appends them to one open file."""

    def __init__(self, descriptor: int, *, at_once: bool = False) -> None:
        """`at_once` writes each act as it happens, for somebody who is watching."""
        self.descriptor = descriptor
        self.at_once = at_once
        self._lines: list[str] = []
        self._owner = os.getpid()

    def add(self, fields: dict[str, Any]) -> None:
        """Note one act."""
        if self._owner != os.getpid():  # a forked child must not repeat its parent's
            self._lines.clear()
            self._owner = os.getpid()
        self._lines.append(json.dumps(fields))
        if self.at_once:
            self.flush()

    def flush(self) -> None:
        """Append what was noted to the file, unless the file is full."""
        if self._owner == os.getpid() and self._lines:
            text = "\n".join(self._lines) + "\n"
            with contextlib.suppress(OSError):  # a full disk: the act counts, not this
                if os.fstat(self.descriptor).st_size < _MOST_BYTES:
                    os.write(self.descriptor, text.encode())
            self._lines.clear()


_recorder: ContextVar[Recorder | None] = ContextVar("recorder", default=None)


@contextmanager
def recording(path: Path, *, at_once: bool = False) -> Iterator[Recorder]:
    """Record the acts of this thread, and of its children, into the file `path`."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
    recorder = Recorder(os.open(path, flags, 0o600), at_once=at_once)
    token = _recorder.set(recorder)
    try:
        yield recorder
    finally:
        recorder.flush()
        _recorder.reset(token)
        os.close(recorder.descriptor)


@contextmanager
def recording_if_possible(path: Path) -> Iterator[None]:
    """The same, where a full disk must keep nothing else from being done."""
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):
            stack.enter_context(recording(path))
        yield


def flush() -> None:
    """Write down what was noted so far: before fork, exec and `os._exit`."""
    recorder = _recorder.get()
    if recorder:
        recorder.flush()


def descriptors() -> tuple[int, ...]:
    """The file that acts go to: a child that closes all others keeps this one."""
    recorder = _recorder.get()
    return (recorder.descriptor,) if recorder else ()


def act(
    call: str, shell: Callable[..., str], *, returns: bool = True
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Mark a function as one that asks the kernel for `call`, such as "mount(2)".

    `shell` gets the function's arguments and returns a command that does the same. A
    call that `returns` only if it fails is noted before it is made.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        concept = function.__module__.rpartition(".")[2]

        @functools.wraps(function)
        def recorded(*args: P.args, **kwargs: P.kwargs) -> R:
            recorder = _recorder.get()
            if recorder is None:
                return function(*args, **kwargs)
            fields = _beginning(call, [*args, *kwargs.values()])
            fields |= {"concept": concept, "symbol": _symbol(sys._getframe(1))}
            fields |= {"shell": shell(*args, **kwargs), "microseconds": 0}
            if not returns:
                recorder.add({**fields, "result": "?"})
            clock = time.perf_counter_ns()
            try:
                result = function(*args, **kwargs)
                fields["result"] = str(result) if type(result) is int else "0"
                return result
            except Exception as error:
                fields["result"] = f"-1 {getattr(error, 'name', type(error).__name__)}"
                raise
            finally:
                fields["microseconds"] = (time.perf_counter_ns() - clock) // 1000
                recorder.add(fields)

        return recorded

    return decorate


def _beginning(call: str, arguments: list[object]) -> dict[str, Any]:
    """What is known of an act before it is tried."""
    return {
        "time": time.time(),
        "pid": os.getpid(),
        "call": call,
        "arguments": _as_strace(arguments),
    }


def _symbol(frame: FrameType) -> str:
    """The function that a frame belongs to: "engine.runtime.rootfs:plan"."""
    return f"{frame.f_globals['__name__']}:{frame.f_code.co_qualname}"


def _as_strace(arguments: list[object]) -> str:
    """The arguments as strace(1) prints them: strings quoted, the rest bare."""
    return ", ".join(
        json.dumps(str(value)) if isinstance(value, (str, Path)) else str(value)
        for value in arguments
    )


def read(path: Path) -> list[dict[str, Any]]:
    """The acts in the file `path`, in order; none if there is no such file.

    A last line that a crash cut short is left out.
    """
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return []
    found = []
    for line in lines:
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return found
