"""Networks, ours beside Docker's: a start on the bridge, and how much goes through it.

    bridge_run       `run --rm` on the bridge, from nothing to its end
    between          a gigabyte from one container to another of the same network
    from_host        the same from the machine into a container
    to_host          the same out of a container to the machine

Both bridges are on this machine. iperf3 (`apt-get install iperf3`), which both run in
the same image, tells how long a gigabyte took: the time in which containers start is
not in it. Docker has a bridge of its own and no rule of iptables: what stays inside a
bridge meets none.

Source: iperf3(1), "end" / "sum_received" of its --json
Try it: `sudo .venv/bin/python -m tests.benchmarks between from_host to_host`
"""

import contextlib
import json
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests import workshop
from tests.benchmarks import rivals
from tests.benchmarks.jobs import HOME, Field
from tests.benchmarks.timing import Contest, Work, nothing, race

GIGABYTE = ["-n", "1G", "--json"]
SERVER, CLIENT = "bench-server", "bench-client"
ADDRESS = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
NO_SLOWER = 1 / 0.95  # at least 0.95 of the rival's throughput


class Pair(NamedTuple):
    """Two containers of one engine; `words` begin its commands."""

    words: list[str]
    address: str  # the server's

    def between(self) -> float:
        """A gigabyte from the client to the server, in milliseconds."""
        inside = [*self.words, "exec", CLIENT]
        return milliseconds(*inside, "iperf3", "-c", self.address, *GIGABYTE)

    def from_host(self) -> float:
        """A gigabyte from the machine to the server."""
        return milliseconds("iperf3", "-c", self.address, *GIGABYTE)

    def to_host(self) -> float:
        """A gigabyte from the server to the machine."""
        return milliseconds("iperf3", "-c", self.address, "--reverse", *GIGABYTE)


def milliseconds(*command: str) -> float:
    """What an iperf3 says that it took."""
    told = json.loads(rivals.run(*command))
    return 1000 * float(told["end"]["sum_received"]["seconds"])


def bridge_run(field: Field) -> Contest:
    """A container on a network, from nothing to its end, with a fresh process."""

    def run(words: list[str]) -> Work:
        line = [*words, "run", "--rm", "busybox", "true"]
        return lambda: subprocess.run(line, check=True, stdout=subprocess.DEVNULL)

    workers = {who: (run(words), nothing) for who, words in sides(field).items()}
    times = race(workers, field.rounds)
    return Contest(
        job="run, bridge", times=times, unit="ms", rival="docker", target=0.5
    )


def sides(field: Field) -> dict[str, list[str]]:
    """The words with which a command begins, for each who takes part."""
    lab = [str(HOME / "lab"), "--root", str(field.engine.root)]
    return {"lab": lab, **({"docker": field.docker} if field.docker else {})}


@contextlib.contextmanager
def pairs(field: Field) -> Iterator[dict[str, Pair]]:
    """Server and client, with both engines."""
    with tempfile.TemporaryDirectory(dir=workshop.DISK) as name:
        field.engine.make_rootfs(Path(name), ["iperf3", "sleep"])
        (Path(name) / "tmp").mkdir(exist_ok=True)  # iperf3 keeps what it sends there
        tar = ["tar", "-C", name, "-c", "."]
        image = subprocess.run(tar, check=True, stdout=subprocess.PIPE).stdout
    words_of = sides(field)
    try:
        yield {who: meet(words, image) for who, words in words_of.items()}
    finally:
        for words in words_of.values():
            subprocess.run([*words, "rm", "-f", SERVER, CLIENT], capture_output=True)
            subprocess.run([*words, "rmi", "-f", "bench-iperf"], capture_output=True)


def meet(words: list[str], image: bytes) -> Pair:
    """Start both containers of one engine."""
    rivals.run(*words, "import", "-", "bench-iperf", stdin=image)
    begin = [*words, "run", "-d", "--name"]
    rivals.run(*begin, SERVER, "bench-iperf", "iperf3", "-s")
    rivals.run(*begin, CLIENT, "bench-iperf", "sleep", "1000")
    return Pair(words, rivals.run(*words, "inspect", "-f", ADDRESS, SERVER))


def between(field: Field) -> Contest:
    """Container to container."""
    return throughput(field, "1 GB between containers", Pair.between.__name__)


def from_host(field: Field) -> Contest:
    """Machine to container."""
    return throughput(field, "1 GB into a container", Pair.from_host.__name__)


def to_host(field: Field) -> Contest:
    """Container to machine."""
    return throughput(field, "1 GB out of a container", Pair.to_host.__name__)


def throughput(field: Field, job: str, way: str) -> Contest:
    """In turns, as in a race; but a gigabyte's own time counts, not the command's."""
    with pairs(field) as both:
        taken: dict[str, list[float]] = {who: [] for who in both}
        for _ in range(field.rounds + 1):
            for who, pair in both.items():
                taken[who].append(getattr(pair, way)())
    times = {who: statistics.median(all_[1:]) for who, all_ in taken.items()}
    return Contest(job=job, times=times, unit="ms", rival="docker", target=NO_SLOWER)


THROUGHPUT = (between, from_host, to_host) if shutil.which("iperf3") else ()
JOBS = (bridge_run, *THROUGHPUT)
