"""An inspector: a process where each submission is looked at by a child of its own.

    grader (threads)         inspector (one thread)          child, for one submission
    ────────────────         ──────────────────────          ─────────────────────────
    a file, open      ─────▶ forks                ─────────▶ gives up root, is limited
                             waits, not too long             reads, checks
    a result          ◀───── kills what is left   ◀───────── writes marks, and ends

The inspector has loaded the assignment and its checks before, so a fork is all that it
costs. The child is nobody, and its "/" is a directory that has been removed: nothing is
in it, and nothing can be made there. It has so much memory and time, and no processes.
It says which check it begins with, a line each, so that a limit has a place; its last
line is the result. What it writes is a claim still: the grader looks at every field,
and has the key that the child never sees.

Who is not root has the same, but for the change of user and of "/": so this works in a
plain container, too.

man: fork(2), setrlimit(2), setresuid(2), chroot(2), unix(7) on SCM_RIGHTS
Try it: `lab grade class/ --assignment layers-1 -o OUT --jobs 2`, beside it `pstree -a`
"""

import base64
import json
import os
import resource
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from engine.engine import UnmountedImage
from engine.errors import EngineError
from labshell import messages
from labshell.grading.assignment import Assignment, read_assignment
from labshell.grading.limits import Limits
from labshell.grading.marking import (
    NO_RUNS,
    handed_in,
    load_checks,
    mark,
    open_bases,
)
from labshell.grading.paper import Exhausted
from labshell.grading.ran import Runs, packed, unpacked

_NOBODY = 65534
_LARGEST_RESULT = 1 << 20  # bytes
_LARGEST_FILES = 24 << 20  # that are to be run: 16 MB, and a third more as text
_MOST_FILES = 64  # open at once
_NEVER = 1e6  # seconds: it is the child that has a limit, not each of its checks
_EXHAUSTED, _FAULT = 3, 4  # how a child ends that has not marked
_LIMITS = {_EXHAUSTED: "memory", -signal.SIGKILL: "memory", -signal.SIGXCPU: "seconds"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspected:
    """What came of looking: what the child wrote, or the limit that it hit.

    `at`: in which item and check that was, "clean/hidden:is_small"; "" in none.
    """

    result: dict[str, Any]
    limit: str = ""
    at: str = ""
    seconds: float = 0.0


def _environment() -> dict[str, str]:
    """This labshell; in English, because no translation can be read there later."""
    places = os.pathsep.join(filter(None, sys.path))
    return {**os.environ, "PYTHONPATH": places, messages.CHOSEN: messages.ENGLISH}


class Inspector:
    """The inspector as the grader has it; the process begins with this object."""

    program = __name__

    def __init__(self, assignment: Assignment) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            number = str(theirs.fileno())
            program = [sys.executable, "-P", "-S", "-m", self.program, number]
            self._process = subprocess.Popen(
                [*program, os.fspath(assignment.folder)],
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # Ctrl-C is for the grader: it ends this one
            )
        self._socket, self._answers = ours, ours.makefile("rb")

    def inspect(self, file: Path, seconds: float, runs: Runs = NO_RUNS) -> Inspected:
        """Have one submission looked at. OSError if the inspector has ended."""
        with (
            file.open("rb") as opened,
            os.fdopen(os.memfd_create("runs"), "w+b") as ran,
        ):
            ran.write(packed(runs))
            ran.flush()
            return self._asked(seconds, opened.fileno(), ran.fileno())

    def unpack(self, file: Path, seconds: float) -> Inspected:
        """Have the work files taken out of one that are to be run; likewise."""
        with file.open("rb") as opened:
            return self._asked(seconds, opened.fileno())

    def _asked(self, seconds: float, *files: int) -> Inspected:
        message = json.dumps({"seconds": seconds}).encode()
        socket.send_fds(self._socket, [message], list(files))
        data = self._answers.readline(2 * _LARGEST_FILES)
        if not data.endswith(b"\n"):
            raise ConnectionError("the inspector has ended")
        return Inspected(**json.loads(data))

    def close(self) -> None:
        """End it, with the child that may be looking at something still."""
        # Its name lives until `wait`, so no other group can have it.
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._answers.close()
        self._socket.close()


# The process.


class Marker:
    """What a child needs to mark one submission, ready before it is born."""

    def __init__(self, folder: Path) -> None:
        self.assignment = read_assignment(folder)
        self.checks = load_checks(self.assignment, hidden=True)
        self.bases = open_bases(self.assignment)
        self.nowhere = _nowhere()
        UnmountedImage.prepare()

    def place(self, said: bytes) -> str:
        """Item and check that a child says it is at; "" if there are none such."""
        asked = {f"{i.id}/{c.name}" for i in self.assignment.items for c in i.checks}
        return text if (text := said.decode(errors="replace")) in asked else ""

    def tell(self, file: int, *ran: int, out: int) -> dict[str, Any]:
        """What a child tells of one submission: marks, if it knows what was `ran`.

        To `out` it writes which check it is at.
        """
        try:
            with os.fdopen(file, "rb", closefd=False) as submission:
                if not ran:
                    return self._files(submission)
                return self._marks(submission, ran[0], out)
        except EngineError as error:
            return {"error": error.message}

    def _marks(self, submission: BinaryIO, ran: int, out: int) -> dict[str, Any]:
        with os.fdopen(ran, "rb", closefd=False) as file:
            file.seek(0)
            runs = unpacked(file.read())

        def begins(item: str, check: str) -> None:
            os.write(out, f"{item}/{check}\n".encode())

        claim, marks = mark(
            self.assignment, self.checks, submission, self.bases, _NEVER, runs, begins
        )
        items = [item.to_json() for item in marks]
        return {"claim": claim.to_json(), "items": items}

    def _files(self, submission: BinaryIO) -> dict[str, Any]:
        claim, files = handed_in(self.assignment, submission)
        texts = {name: base64.b64encode(data).decode() for name, data in files.items()}
        return {"claim": claim.to_json(), "files": texts}


def serve(door: socket.socket, marker: Marker) -> None:
    """Look at one submission after the other, until nobody asks any more."""
    while True:
        message, files, _, _ = socket.recv_fds(door, 4096, 2)
        if not message:
            return
        seconds = float(json.loads(message)["seconds"])
        found = _inspect(files, seconds, marker)
        for file in files:
            os.close(file)
        door.sendall(json.dumps(found).encode() + b"\n")


def _inspect(files: list[int], seconds: float, marker: Marker) -> dict[str, Any]:
    """The fields of an `Inspected`."""
    ours, theirs = os.pipe()
    began = time.monotonic()
    if (pid := os.fork()) == 0:
        os.close(ours)
        _be_nobody_and_tell(files, theirs, seconds, marker)
    os.close(theirs)
    most = _LARGEST_RESULT if len(files) > 1 else _LARGEST_FILES
    data, late = _read_until(ours, began + seconds, most)
    os.close(ours)
    if late or len(data) > most:
        os.kill(pid, signal.SIGKILL)  # not reaped yet: it is ours
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    limit = "seconds" if late else _LIMITS.get(code, "")
    if len(data) > most:
        limit = "output"
    *begun, last = data.split(b"\n")
    result = json.loads(last) if code == 0 and not limit else {}
    at = marker.place(begun[-1]) if limit and begun else ""
    took = round(time.monotonic() - began, 3)
    return {"result": result, "limit": limit, "at": at, "seconds": took}


def _read_until(descriptor: int, until: float, most: int) -> tuple[bytes, bool]:
    """All that is written, or what came until then; and whether that was too late."""
    data, waiting = bytearray(), select.poll()
    waiting.register(descriptor, select.POLLIN)
    while len(data) <= most:
        left = until - time.monotonic()
        if left <= 0 or not waiting.poll(left * 1000):
            return bytes(data), True
        if not (more := os.read(descriptor, 1 << 16)):
            break
        data += more
    return bytes(data), False


def _be_nobody_and_tell(
    files: list[int], out: int, seconds: float, marker: Marker
) -> NoReturn:
    """As the child: look at one submission, write what came of it, and end."""
    code = _FAULT
    try:
        _leave(marker.nowhere)
        _confine(marker.assignment.limits, seconds, {*files, out, marker.bases})
        data = json.dumps(marker.tell(*files, out=out)).encode()
        while data:
            data = data[os.write(out, data) :]
        code = 0
    except (Exhausted, MemoryError):
        code = _EXHAUSTED
    finally:
        os._exit(code)


def _nowhere() -> int:
    """A directory, open, that is not there any more."""
    place = tempfile.mkdtemp(prefix="labshell-nowhere-")
    opened = os.open(place, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    os.rmdir(place)
    return opened


def _leave(nowhere: int) -> None:
    """Leave the machine's files, if we may."""
    if os.geteuid() == 0:
        os.fchdir(nowhere)
        os.chroot(".")


def _confine(limits: Limits, seconds: float, kept: set[int]) -> None:
    """Give up root, close what is open, and take no more than there is to take."""
    first = 3
    for number in sorted(number for number in kept if number >= first):
        os.closerange(first, number)
        first = number + 1
    os.closerange(first, os.sysconf("SC_OPEN_MAX"))
    memory = limits.memory << 20
    for kind, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, int(seconds) + 1),
        (resource.RLIMIT_NOFILE, _MOST_FILES),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (most, most))
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(_NOBODY, _NOBODY, _NOBODY)
        os.setresuid(_NOBODY, _NOBODY, _NOBODY)


def main() -> None:
    """Be an inspector for the grader at the other end of a socket."""
    door = socket.socket(fileno=int(sys.argv[1]))
    serve(door, Marker(Path(sys.argv[2])))


if __name__ == "__main__":
    main()
