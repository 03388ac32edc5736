"""The sides that play the script: labshell, labd, and a dockerd of our own.

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
from tests.api.serving import serving
from tests.benchmarks import rivals

HOME = Path(__file__).parents[2]
PROGRAMS = Path(__file__).parent / "programs"
SECONDS = 40  # for one line
_CLEARINGS = 5  # of a side on which hundreds of images were built
CLEAR = """
c=$(lab ps -aq); [ -z "$c" ] || lab rm -f -v $c
v=$(lab volume ls -q); [ -z "$v" ] || lab volume rm $v
busybox=$(lab images -q --no-trunc busybox:latest)
names=$(lab images --no-trunc --format '{{.ID}} {{.Repository}}:{{.Tag}}' |
    grep "^$busybox" | cut -d' ' -f2 | grep -v '^busybox:latest$' || true)
[ -z "$names" ] || lab rmi $names
kept=$(lab create busybox)
lab image prune -af  # all others, in one request
lab rm $kept
[ "$(lab images -aq --no-trunc | sort -u)" = "$busybox" ]
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
        for _ in range(_CLEARINGS):
            if self.run(CLEAR).code == 0:
                break
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
        directory.rmdir()


@contextmanager
def docker(folder: Path) -> Iterator[Side]:
    """A dockerd of our own, ended afterwards."""
    folder.mkdir()
    image = folder / "busybox.tar"
    with _engine(folder) as engine:
        layout = f"oci:{engine.root}/images:busybox:latest"
        target = f"docker-archive:{image}:busybox:latest"
        rivals.run("skopeo", "--insecure-policy", "copy", "-q", layout, target)
    with (
        in_memory(folder / "fast") as fast,
        rivals.dockerd(fast / "docker") as words,
    ):
        rivals.run(*words, "load", "-q", "-i", str(image))
        side = Side("docker", folder, words)
        yield side
        side.clear()


@contextmanager
def labshell(folder: Path) -> Iterator[Side]:
    """Our own command."""
    folder.mkdir()
    with _engine(folder) as engine:
        words = [f"{HOME}/lab", "--root", str(engine.root)]
        yield Side("labshell", folder, words)


@contextmanager
def labd(folder: Path) -> Iterator[Side]:
    """Our daemon, asked by docker's command; ended afterwards."""
    folder.mkdir()
    socket = folder / "labd.sock"
    with _engine(folder) as engine, serving(socket, engine.root):
        side = Side("labd", folder, [rivals.client(), "-H", f"unix://{socket}"])
        yield side
        side.clear()


@contextmanager
def _engine(folder: Path) -> Iterator[Engine]:
    """An engine that has a busybox."""
    engine = Engine(folder / "root")
    try:
        engine.image("busybox")
        yield engine
    finally:
        workshop.close(engine)
