"""Side by side with docker, podman and runc: one table of ratios.

    sudo .venv/bin/python -m tests.benchmarks [--rounds N] [JOB...]

docker and podman are Debian's (`apt-get install docker.io podman runc`), started on
sockets and folders of their own; who is not installed does not take part. Nothing is
asserted: a figure is true of one machine and one minute, and only the ratios say
something. JOB is a word of the job's name: "commit".

Try it: `sudo .venv/bin/python -m tests.benchmarks run`
"""

import argparse
import contextlib
import subprocess
import sys
import tempfile
from pathlib import Path

from engine.engine import Engine
from tests import workshop
from tests.benchmarks import (
    asking,
    building,
    grading,
    jobs,
    networking,
    ports,
    registry,
    rivals,
    transfers,
    typing,
    watching,
)
from tests.benchmarks.jobs import Field
from tests.benchmarks.timing import table


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("jobs", nargs="*")
    options = parser.parse_args()
    rooms = (
        jobs,
        building,
        networking,
        ports,
        registry,
        transfers,
        asking,
        watching,
        grading,
        typing,
    )
    wanted = [
        job
        for job in (job for room in rooms for job in room.JOBS)
        if not options.jobs or any(word in job.__name__ for word in options.jobs)
    ]
    contests = []
    with (
        tempfile.TemporaryDirectory(dir=workshop.DISK) as name,
        contextlib.ExitStack() as stack,
    ):
        field = meet(Path(name), stack, options.rounds)
        for job in wanted:
            print(f"... {job.__name__}", file=sys.stderr)
            contests.append(job(field))
    print(table(contests))


def meet(folder: Path, stack: contextlib.ExitStack, rounds: int) -> Field:
    """Start everybody, with the same busybox."""
    engine = Engine(folder / "root")
    stack.callback(workshop.close, engine)
    engine.image("busybox")  # made at first use
    layer = engine.layers("busybox")[-1].directory
    rootfs = subprocess.run(
        ["tar", "-C", layer, "-c", "."], check=True, stdout=subprocess.PIPE
    ).stdout
    return Field(
        engine=engine,
        docker=stack.enter_context(rivals.docker(folder / "docker", rootfs)),
        podman=stack.enter_context(rivals.podman(folder / "podman", rootfs)),
        runc=rivals.runc(folder / "runc", layer, ["true"]),
        rounds=rounds,
    )


main()
