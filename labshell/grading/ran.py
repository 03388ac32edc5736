"""What came of a run, as a check of it sees: looked at from outside when it had ended.

    def left_a_page(work: Work) -> Outcome:
        if work.ran.exit_status == 0 and b"oak" in work.ran.file("/srv/page"):
            return work.passed("It is there.")
        return work.failed("There is no page that names oak.")

It is data: the program that it is about is gone, and could not be asked. The status is
the kernel's, the processes are those that the kernel knew, the files are what was on
the disk. What it printed it printed: that is no result.

    grader, root   Ran ── packed ──▶ a file in memory ──▶ unpacked   inspector's child

Try it: an item of the kind `run` in an assignment, and `lab assignment try`
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from labshell.lessons.outcomes import NotThereYet
from labshell.messages import marked

_LONGEST_LOG = 2000  # bytes
NO_FILE = marked("It left no file {subject}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class RanProcess:
    """A process that was still there when the script had ended.

    Numbers are those in its own pid namespace; `own` are the kinds of namespaces that
    are not those of the script: "mount", "pid", "network", "uts", "ipc", "user",
    "cgroup". `memory` (bytes) and `most` (processes) are what its own control group may
    take, None if it has no such limit of its own.
    """

    pid: int
    parent: int
    command: str
    own: tuple[str, ...]
    memory: int | None = None
    most: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """One run. `limit`: why it was stopped, a name of `STOPPED` in marking.py.

    `met`: which limits kept it from more, though it went on ("memory", "pids").

    `seen`: how many texts of its dialog were shown, if it has one.

    `files` are those that the assignment names, None for what is no plain file.
    """

    exit_status: int | None
    output: bytes = b""
    limit: str = ""
    met: tuple[str, ...] = ()
    seconds: float = 0.0
    seen: int = 0
    processes: tuple[RanProcess, ...] = ()
    files: Mapping[str, bytes | None]

    def file(self, path: str) -> bytes:
        """The first MiB of a file that it left. NotThereYet if it left none.

        The assignment must name the path (`files`): LookupError if it does not.
        """
        if path not in self.files:
            raise LookupError(f"{path} is none of `files` in assignment.yaml")
        content = self.files[path]
        if content is None:
            raise NotThereYet(NO_FILE, path, lost=False)
        return content

    def log(self, script: str) -> str:
        """The last lines that it printed, and how it ended: "[125]", "[seconds]"."""
        said = self.output[-_LONGEST_LOG:].decode(errors="replace").strip("\n")
        ended = self.limit or self.exit_status
        return "\n".join(filter(None, (f"$ sh {script}", said, f"[{ended}]")))

    def to_json(self) -> dict[str, Any]:
        """As plain data; bytes become text that JSON can hold."""
        return {
            "exit_status": self.exit_status,
            "output": _text(self.output),
            "limit": self.limit,
            "met": list(self.met),
            "seconds": self.seconds,
            "seen": self.seen,
            "processes": [
                [one.pid, one.parent, one.command, list(one.own), one.memory, one.most]
                for one in self.processes
            ],
            "files": {
                path: None if data is None else _text(data)
                for path, data in self.files.items()
            },
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "Ran":
        """From plain data."""
        return Ran(
            exit_status=data["exit_status"],
            output=base64.b64decode(data["output"]),
            limit=data["limit"],
            met=tuple(data["met"]),
            seconds=data["seconds"],
            seen=data["seen"],
            processes=tuple(
                RanProcess(
                    pid=pid,
                    parent=parent,
                    command=command,
                    own=tuple(own),
                    memory=memory,
                    most=most,
                )
                for pid, parent, command, own, memory, most in data["processes"]
            ),
            files={
                path: None if text is None else base64.b64decode(text)
                for path, text in data["files"].items()
            },
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class NotRun:
    """A script that the grader could not run: its own fault, or the machine's."""

    why: str


Runs = Mapping[str, Ran | NotRun]  # by the script's name


def packed(runs: Runs) -> bytes:
    """Runs as they travel from who ran them to who looks."""
    return json.dumps(
        {
            name: {"why": run.why} if isinstance(run, NotRun) else run.to_json()
            for name, run in runs.items()
        }
    ).encode()


def unpacked(data: bytes) -> Runs:
    """Runs as they were packed."""
    return {
        name: NotRun(why=one["why"]) if "why" in one else Ran.from_json(one)
        for name, one in json.loads(data).items()
    }


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
