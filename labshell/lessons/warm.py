"""A warm `lab` for hidden scripts: Python starts once, not once a line.

The setup of a lesson says `lab` some ten times, and to start Python and to import the
engine takes longer than what each of them does. So one process does both once, and
forks for each line: the copy *is* that `lab`.

    Warm ─────── starts ───────▶ server             imports all, listens, waits
    bash: lab run … ─▶ client ── words, 0 1 2 ──▶ server ── fork ──▶ runs the line
                       (warm_client.py)           ◀── exit code ──┘

With the words come the client's directory, variables, and open files 0, 1 and 2: the
line reads and writes where it was typed. A client may also bring several lines, which
one fork runs in turn: those that need no bash (plain.py). The server ends with whoever
started it: it hears so from a pipe that nobody writes to (its lifeline).

A line for which nobody waits any more is killed, as the `lab` that it is would have
been. A client that finds no server starts a `lab` of its own: this only saves time.

man: fork(2), pidfd_open(2), unix(7) on SCM_RIGHTS
Try it: `lab learn commit/init-layer`, and beside it `pgrep -af lessons.warm`
"""

import contextlib
import gc
import importlib
import marshal
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from select import POLLIN, poll
from typing import NamedTuple, NoReturn

from labshell.lessons import warm_client
from labshell.lessons.plain import Line

CLIENT = Path(warm_client.__file__)
_NO_FORK = 126  # the exit code of a line that could not even begin
_PIPE = 1 << 16  # bytes that a pipe holds while nobody reads: see pipe(7)


class Warm:
    """The server of one shell, or of one proof; it is started when first needed."""

    def __init__(self, above: Path | None = None) -> None:
        """Its socket lies in a directory of its own below `above`."""
        self._server: subprocess.Popen[bytes] | None = None
        self._above = above
        self._directory, self._lifeline = "", -1

    def variables(self, environment: Mapping[str, str]) -> dict[str, str]:
        """What tells a script where its `lab` is asked, for a server with these."""
        if self._server is None:
            self._start(environment)
        return {"LAB_CLIENT": str(CLIENT), "LAB_WARM": f"{self._directory}/socket"}

    def run(
        self,
        lines: Sequence[Line],
        environment: Mapping[str, str],
        files: tuple[int, int, int],
        seconds: float,
        mark: str,
    ) -> int:
        """Run lines with these files, until one fails that must not; its exit code.

        That one is printed behind `mark`. OSError if there is no server, TimeoutError
        if it takes longer than this: then what still runs is killed.
        """
        where = self.variables(environment)["LAB_WARM"]
        with socket.socket(socket.AF_UNIX) as server:
            server.settimeout(seconds)
            server.connect(where)
            # marshal knows plain tuples only.
            wanted = [(line.words, line.may_fail) for line in lines]
            return warm_client.ask(server, wanted, dict(environment), files, mark)

    def _start(self, environment: Mapping[str, str]) -> None:
        self._directory = tempfile.mkdtemp(prefix="labshell-warm-", dir=self._above)
        theirs, self._lifeline = os.pipe()
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(f"{self._directory}/socket")
            listener.listen()  # before it is born: nobody finds it missing
            fds = (listener.fileno(), theirs)
            self._server = subprocess.Popen(
                [sys.executable, "-P", "-S", "-m", __name__, *map(str, fds)],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=fds,
            )
        os.close(theirs)

    @property
    def pid(self) -> int | None:
        """The process of the server, if one was started."""
        return self._server.pid if self._server else None

    def close(self) -> None:
        """End the server; lines that still run in the background run on."""
        if self._server is not None:
            os.close(self._lifeline)
            self._server.wait()
            shutil.rmtree(self._directory, ignore_errors=True)  # if it was killed
            self._server = None


class _Running(NamedTuple):
    """Lines that run: who waits for their end, and the pipe of what they imported."""

    client: socket.socket
    imported: int


def serve(listener: socket.socket, lifeline: int) -> None:
    """Fork for each client, and tell it how its line ended; until the lifeline ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the lines
    running: dict[int, _Running] = {}  # by pidfd
    waiting: dict[int, int] = {}  # the pidfd, by the descriptor of who waits
    events = poll()
    for descriptor in (listener.fileno(), lifeline):
        events.register(descriptor, POLLIN)
    while True:
        for descriptor, _ in events.poll():
            if descriptor == lifeline:
                return
            if descriptor == listener.fileno():
                pidfd, line = _fork(listener.accept()[0])
                running[pidfd], waiting[line.client.fileno()] = line, pidfd
                events.register(pidfd, POLLIN)
                events.register(line.client, 0)  # only that nobody is there any more
            elif descriptor in running:
                line = running.pop(descriptor)
                if waiting.pop(line.client.fileno(), None) is not None:
                    events.unregister(line.client)
                events.unregister(descriptor)
                _ended(descriptor, line)
            elif descriptor in waiting:
                events.unregister(descriptor)
                signal.pidfd_send_signal(waiting.pop(descriptor), signal.SIGKILL)


def _fork(client: socket.socket) -> tuple[int, _Running]:
    """Run a client's line in a copy of this process; a pidfd of the copy."""
    ours, theirs = os.pipe()
    if (pid := os.fork()) == 0:
        try:
            _run(client, theirs)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(_NO_FORK)
    os.close(theirs)
    return os.pidfd_open(pid), _Running(client, ours)


def _ended(pidfd: int, line: _Running) -> None:
    """Tell a client how its line ended, and learn from what the line has imported."""
    ended = os.waitid(os.P_PIDFD, pidfd, os.WEXITED)
    os.close(pidfd)
    assert ended is not None  # its pidfd was readable
    code = ended.si_status + (0 if ended.si_code == os.CLD_EXITED else 128)
    with line.client, contextlib.suppress(OSError):  # nobody waits for it any more
        line.client.sendall(bytes([code]))
    with open(line.imported) as names:
        for name in names.read().split():
            with contextlib.suppress(ImportError):
                importlib.import_module(name)
    gc.freeze()  # what lives now need not be looked at, nor copied, in any child


def _run(client: socket.socket, imported: int) -> NoReturn:
    """Be the `lab` of this client."""
    from labshell.cli import finish

    known = set(sys.modules)
    begun, files, _, _ = socket.recv_fds(client, 1 << 16, 3)
    rest = iter(lambda: client.recv(1 << 16), b"")
    lines, variables, directory, mark = marshal.loads(b"".join([begun, *rest]))
    for number, descriptor in enumerate(files):
        os.dup2(descriptor, number)
    os.closerange(3, imported)
    os.closerange(imported + 1, os.sysconf("SC_OPEN_MAX"))
    sys.stdin, sys.stdout = os.fdopen(0), os.fdopen(1, "w")
    sys.stderr = os.fdopen(2, "w", buffering=1, errors="backslashreplace")
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(variables)
    os.chdir(directory)
    code = 0
    for words, may_fail in lines:
        code = finish(words)
        if code and not may_fail:
            if mark:
                sys.stdout.flush()
                os.write(2, f"{mark}lab {shlex.join(words)}".encode(errors="replace"))
            break
        code = 0
    came = [name for name in sys.modules if name not in known]
    with open(imported, "w") as names:
        names.write(" ".join(came)[:_PIPE])  # it is read when this has ended
    os._exit(code)


if __name__ == "__main__":
    gc.disable()

    gc.freeze()
    door = socket.socket(fileno=int(sys.argv[1]))
    serve(door, int(sys.argv[2]))
    shutil.rmtree(Path(door.getsockname()).parent, ignore_errors=True)
