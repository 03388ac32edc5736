"""A tracer: an inspector that notes what people may want to know, and gives no marks.

    looks that have marks ──▶ a child each, nobody and nowhere ──▶ OUT/traces.jsonl

It comes after the marks, and can neither change them nor use up their time. What cannot
be traced, because it takes too long or too much, has no traces; that is all.

Try it: `lab grade class/ --assignment layers-1 -o OUT; wc -l OUT/traces.jsonl`
"""

import json
import os
import socket
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from engine.errors import EngineError
from labshell.grading.assignment import Assignment
from labshell.grading.inspector import Inspector, Marker, serve
from labshell.grading.keeping import TRACES as FILE
from labshell.grading.submission import Submission
from labshell.grading.traces import Traces
from labshell.grading.work import Evidence
from labshell.lessons import saving

Found = Mapping[str, dict[str, Any]]  # by the name of the file


class Tracer(Inspector):
    """The process as the grader has it."""

    program = __name__


class _TraceMarker(Marker):
    """What a child of it does."""

    def tell(self, file: int, *_: int, out: int) -> dict[str, Any]:
        """What a child tells of one submission."""
        limits = self.assignment.limits
        try:
            with os.fdopen(file, "rb", closefd=False) as opened:
                submission = Submission(opened, limits.upload << 20)
                evidence = Evidence(submission, self.bases, limits.unpacked << 20)
                traces = Traces(self.assignment, submission, evidence)
                return {"traces": traces.to_json()}
        except EngineError as error:
            return {"error": error.message}


def trace(assignment: Assignment, files: Sequence[Path], jobs: int) -> Found:
    """The traces of each file that has some."""
    free: SimpleQueue[Tracer] = SimpleQueue()
    seconds = float(assignment.limits.seconds)

    def look(file: Path) -> dict[str, Any]:
        tracer = free.get()
        try:
            return dict(tracer.inspect(file, seconds).result.get("traces") or {})
        except OSError:  # the file is gone, or the tracer has ended: no traces
            return {}
        finally:
            free.put(tracer)

    with ExitStack() as end:
        for _ in range(jobs := min(jobs, len(files))):
            free.put(end.enter_context(closing(Tracer(assignment))))
        pool = end.enter_context(ThreadPoolExecutor(max(1, jobs)))
        found = zip(files, pool.map(look, files), strict=True)
        return {file.name: traces for file, traces in found if traces}


def write(out: Path, found: Found) -> None:
    """Keep the traces in OUT, a line for each file."""
    with saving.whole(out / FILE) as file:
        for name, traces in found.items():
            file.write(json.dumps({"file": name, "traces": traces}).encode() + b"\n")


def read(out: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and traces of each file; none if there are none."""
    try:
        with (out / FILE).open(encoding="utf-8") as file:
            for line in file:
                data = json.loads(line)
                yield str(data["file"]), dict(data["traces"])
    except FileNotFoundError:
        return


def main() -> None:
    """Be a tracer for the grader at the other end of a socket."""
    serve(socket.socket(fileno=int(sys.argv[1])), _TraceMarker(Path(sys.argv[2])))


if __name__ == "__main__":
    main()
