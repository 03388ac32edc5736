"""The two sides that play the script: labshell, and a dockerd of our own.

Each has a folder with `bin/lab`, one line of shell that says who `lab` is here, and
`work/`, where the script's lines are run. Both have the same busybox: labshell's own
image, given to docker in its own format. So the image has one ID on both sides.
"""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from engine.engine import Engine
from tests import workshop
from tests.benchmarks import rivals

HOME = Path(__file__).parents[2]
PROGRAMS = Path(__file__).parent / "programs"
SECONDS = 40  # for one line
CLEAR = """
c=$(lab ps -aq); [ -z "$c" ] || lab rm -f -v $c
v=$(lab volume ls -q); [ -z "$v" ] || lab volume rm $v
busybox=$(lab images -q --no-trunc busybox)
for again in 1 2 3 4 5; do  # a parent cannot go before its children
    i=$(lab images -aq --no-trunc | sort -u | grep -v "$busybox")
    [ -n "$i" ] || break
    lab rmi -f $i
done
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of a line."""

    code: int
    stdout: str
    stderr: str


class Side:
    """One engine, and a folder in which lines are run."""

    def __init__(self, name: str, folder: Path, lab: list[str]) -> None:
        self.name = name
        self.work = folder / "work"
        self._bin = folder / "bin"
        self.work.mkdir(parents=True)
        self._bin.mkdir()
        words = " ".join(lab)
        (self._bin / "lab").write_text(f'#!/bin/sh\nexec {words} "$@"\n')
        (self._bin / "lab").chmod(0o755)

    def begin(self, line: str) -> "Running":
        """Have bash run a line; it fails if any part of a pipe fails."""
        return Running(
            subprocess.Popen(
                ["bash", "-o", "pipefail", "-c", line],
                cwd=self.work,
                env={
                    **os.environ,
                    "PATH": f"{self._bin}:{PROGRAMS}:{os.environ['PATH']}",
                    "HOME": str(self.work.parent),
                    "LC_ALL": "C.UTF-8",
                    "COLUMNS": "400",
                    "DOCKER_CLI_HINTS": "false",
                    "DOCKER_BUILDKIT": "0",  # the classic builder, also of a new docker
                },
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        )

    def run(self, line: str) -> Answer:
        """Run a line to its end."""
        return self.begin(line).end()

    def clear(self) -> None:
        """Remove what a scene made: containers, volumes, images, files."""
        self.run(CLEAR)
        shutil.rmtree(self.work)
        self.work.mkdir()


class Running:
    """A line that has begun."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def end(self) -> Answer:
        """Wait for its end, with a bound; what it said and how it ended."""
        try:
            out, err = self._process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            out, err = self._process.communicate()
            err += f"\nkilled: it took more than {SECONDS} s".encode()
        return Answer(
            code=self._process.returncode,
            stdout=out.decode(errors="replace"),
            stderr=err.decode(errors="replace"),
        )


@contextmanager
def in_memory(directory: Path) -> Iterator[Path]:
    """A file system in memory: docker waits for a disk at each step of a build."""
    directory.mkdir()
    rivals.run("mount", "-t", "tmpfs", "tmpfs", str(directory))
    try:
        yield directory
    finally:
        rivals.run("umount", str(directory))


@contextmanager
def both(folder: Path) -> Iterator[tuple[Side, Side]]:
    """docker and labshell, with the same busybox, ended afterwards."""
    engine = Engine(folder / "root")
    image = folder / "busybox.tar"
    engine.image("busybox")
    layout = f"oci:{engine.root}/images:busybox:latest"
    target = f"docker-archive:{image}:busybox:latest"
    rivals.run("skopeo", "--insecure-policy", "copy", "-q", layout, target)
    ours = Side(
        "labshell", folder / "ours", [f"{HOME}/lab", "--root", str(engine.root)]
    )
    try:
        with (
            in_memory(folder / "fast") as fast,
            rivals.dockerd(fast / "docker") as words,
        ):
            theirs = Side("docker", folder / "theirs", words)
            rivals.run(*words, "load", "-q", "-i", str(image))
            yield theirs, ours
            theirs.clear()
    finally:
        workshop.close(engine)
