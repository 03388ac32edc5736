"""Foreign calls: the command line that runc has taught all runtimes.

    create --bundle DIR --pid-file FILE [--console-socket SOCKET] ID
    start ID
    exec --detach --process FILE --pid-file FILE [--console-socket SOCKET] ID
    delete --force ID

What create and exec answer is in files: the number of the process that was made in one,
and in another why none was; the master of its terminal comes through the socket. They
are in a directory beside config.json that goes when the call is over.

man: runc(8), runc-create(8), runc-exec(8), unix(7) on SCM_RIGHTS
Try it: `lab run --name box --runtime runc busybox true; lab acts box | grep runc`
"""

import contextlib
import json
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from engine import entries, files
from engine.acts import act
from engine.errors import EngineError, NotExecutable, ProgramNotFound
from engine.notes import quote

_ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LC_ALL": "C",
}
_SECONDS = 60  # a call that takes longer is stuck
_LARGEST_LOG = 1 << 20  # bytes
_LONGEST_REASON = 1000  # characters
# In the reason that a runtime gives, and so does dockerd (daemon/errors.go).
_NOT_FOUND = ("executable file not found", "no such file or directory")
_NOT_EXECUTABLE = ("permission denied", "not a directory", "is a directory")


class Made(NamedTuple):
    """A process that a runtime has made; `master` is of its terminal, or -1."""

    pid: int
    master: int


class Caller(NamedTuple):
    """Calls a runtime about one container.

    `words` are its program and what always stands behind it, which ends with the
    directory of its records; `bundle` is a directory.
    """

    words: tuple[str, ...]
    id: str
    bundle: Path

    @property
    def remembers(self) -> bool:
        """Whether it has a record of the container, as after a `delete` that failed."""
        return os.path.exists(f"{self.words[-1]}/{self.id}")

    def create(self, *, terminal: bool) -> Made:
        """Make the container with our streams; its process waits for `start`."""
        with self._place() as place:
            words = ("create", "--bundle", str(self.bundle))
            return self._have_made(place, *words, terminal=terminal)

    def start(self) -> None:
        """Let the process that waits become the program."""
        _call(self.words, ("start", self.id))

    def execute(self, process: Mapping[str, Any]) -> Made:
        """Run one more process with our streams, as config.json would describe it."""
        with self._place() as place:
            described = place / "process.json"
            files.write_new_json(described, process)
            words = ("exec", "--detach", "--process", str(described))
            return self._have_made(place, *words, terminal=process["terminal"])

    def delete(self) -> None:
        """Have all taken away, and killed what still runs; nothing need be there."""
        _call(self.words, ("delete", "--force", self.id))

    @contextmanager
    def _place(self) -> Iterator[Path]:
        """A directory for the answers to one call."""
        place = self.bundle / f"call.{os.getpid()}"
        files.remove_tree(place)  # of one that was killed, and had our number
        entries.make_directory(place)
        try:
            yield place
        finally:
            files.remove_tree(place)

    def _have_made(self, place: Path, *asked: str, terminal: bool) -> Made:
        words = (*asked, "--pid-file", str(place / "pid"))
        with contextlib.ExitStack() as stack:
            if terminal:
                listener = stack.enter_context(_listening(place))
                # Called from the bundle: the path of a socket has 107 bytes at most.
                words += ("--console-socket", f"{place.name}/console")
            log = place / "log"
            _call(self.words, (*words, self.id), str(self.bundle), str(log))
            master = _received(listener) if terminal else -1
        return Made(pid=int((place / "pid").read_text()), master=master)


@contextmanager
def _listening(place: Path) -> Iterator[socket.socket]:
    """A socket in a directory, whose path may be long."""
    with (
        files.closing(files.open_directory(place)) as opened,
        socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener,
    ):
        listener.bind(f"/proc/self/fd/{opened}/console")
        listener.listen(1)
        listener.setblocking(False)
        yield listener


def _received(listener: socket.socket) -> int:
    """The master that a runtime has sent before its call was over."""
    descriptors: list[int] = []
    with contextlib.suppress(BlockingIOError):  # it never came
        connection, _ = listener.accept()
        with connection:
            _, descriptors, _, _ = socket.recv_fds(connection, 4096, 1)
    if not descriptors:
        raise EngineError("the runtime has sent no terminal", "Is it a runtime at all?")
    return descriptors[0]


def _line(words: tuple[str, ...], asked: tuple[str, ...], *_: object) -> str:
    return " ".join(map(quote, (*words, *asked)))


@act(
    "runc(8)",
    _line,
    _line,
    concept="runtime",
    refusal=lambda call, number, target: EngineError(f"{call}: errno {number}"),
)
def _call(
    words: tuple[str, ...],
    asked: tuple[str, ...],
    directory: str | None = None,
    log: str | None = None,
) -> None:
    """Call a runtime from a directory, and wait until it has done what it is `asked`.

    With a `log`, what it makes has our streams, and why it fails is read there.
    """
    import subprocess  # few containers have another runtime

    logging = ("--log", log, "--log-format", "json") if log else ()
    other = None if log else subprocess.DEVNULL
    errors = None if log else subprocess.PIPE
    try:
        done = subprocess.run(
            (*words, *logging, *asked),
            cwd=directory,
            env=_ENVIRONMENT,
            timeout=_SECONDS,
            stdin=other,
            stdout=other,
            stderr=errors,
        )
    except OSError as error:
        raise EngineError(
            f"cannot run the runtime {words[0]}: {error.strerror}",
            "Install it, or make the container with --runtime labshell, our own.",
        ) from error
    except subprocess.TimeoutExpired as error:
        raise EngineError(
            f"{words[0]} {asked[0]} did not come to an end", "Is the machine busy?"
        ) from error
    if done.returncode:
        said = _last_error(Path(log)) if log else done.stderr.decode(errors="replace")
        raise _failure(words[0], asked[0], said or f"status {done.returncode}")


def _last_error(log: Path) -> str:
    """The last error in a log of JSON lines; "" if there is none."""
    with contextlib.suppress(OSError, ValueError, TypeError, LookupError):
        with log.open("rb") as file:
            lines = file.read(_LARGEST_LOG).splitlines()
        told = [json.loads(line) for line in lines]
        return [str(entry["msg"]) for entry in told if entry["level"] == "error"][-1]
    return ""


def _failure(program: str, verb: str, said: str) -> EngineError:
    """The error for what a runtime has said of a call that failed."""
    in_a_line = " ".join(said.split())[:_LONGEST_REASON]
    message = f"{os.path.basename(program)} {verb}: {in_a_line}"
    reason = in_a_line.lower()
    if any(words in reason for words in _NOT_FOUND):
        return ProgramNotFound(message, "`ls /bin`, run inside, shows what there is.")
    if any(words in reason for words in _NOT_EXECUTABLE):
        return NotExecutable(message, "Is it a program, and executable (x)?")
    return EngineError(message, "--runtime labshell makes it with our own runtime.")
