"""500 MB to a registry and back: lab's client beside docker's, with docker-registry.

Each pushes what it has imported from the same tar: docker compresses it first, lab
sends it as it is. Each pulls what it has pushed. Between two rounds the registry is
emptied, or the image is removed.

The memory is that of who does the work: `lab` itself, and docker's daemon, of which the
kernel is told to forget what it had before.

man: wait4(2), proc_pid_clear_refs(5)
"""

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests import workshop
from tests.benchmarks.jobs import HOME, Field
from tests.benchmarks.timing import Contest, Work, race
from tests.conformance import registries
from tests.tars import archive, regular

SIZE, MOST_ROUNDS = 500 << 20, 3
# A process inherits the peak of who started it: so that is somebody small.
_MEASURE = """
import os, sys
pid = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ)
_, status, used = os.wait4(pid, 0)
print(used.ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status))
"""


class Registry:
    """docker-registry, empty again when `renew` has been called."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._round = folder, 0
        self._open = contextlib.ExitStack()
        self.renew()

    def renew(self) -> None:
        """End it, and start another one with other files."""
        self._open.close()
        self._round += 1
        place = self._folder / str(self._round)
        self.address = self._open.enter_context(registries.dockers(place)).address

    def end(self) -> None:
        """End it."""
        self._open.close()


def client_push(field: Field) -> Contest:
    """An image of one layer of 500 MB, into an empty registry."""
    with _clients(field) as (registry, clients):
        workers = {}
        for who, words in clients.items():

            def push(words: list[str] = words) -> None:
                name = f"{registry.address}/large:1"
                _run(*words, "tag", "large", name)
                _run(*words, "push", "-q", name)

            workers[who] = (push, registry.renew)
        return _contest("push 500 MB", workers, field.rounds)


def client_pull(field: Field) -> Contest:
    """The same image out of it."""
    with _clients(field) as (registry, clients):
        workers = {}
        for who, words in clients.items():
            name = f"{registry.address}/{who}:1"
            _run(*words, "tag", "large", name)
            _run(*words, "push", "-q", name)
            _run(*words, "rmi", "large", name)

            def pull(words: list[str] = words, name: str = name) -> None:
                _run(*words, "pull", "-q", name)

            def forget(words: list[str] = words, name: str = name) -> None:
                _run(*words, "rmi", name)
                os.sync()

            workers[who] = (pull, forget)
        return _contest("pull 500 MB", workers, field.rounds)


def client_memory(field: Field) -> Contest:
    """The most that a client took while 500 MB went out and came back."""
    with _clients(field) as (registry, clients):
        times = {}
        for who, words in clients.items():
            name = f"{registry.address}/{who}:1"
            _run(*words, "tag", "large", name)
            daemon = 0 if who == "lab" else _daemon(words)
            lines = (["push", "-q", name], ["rmi", "large", name], ["pull", "-q", name])
            times[who] = max(_peak([*words, *line], daemon) for line in lines) / 1e6
            _run(*words, "rmi", name)
        return Contest(
            job="memory of a client, 500 MB",
            times=times,
            unit="MB",
            rival="docker",
            target=1.0,
        )


def _daemon(words: list[str]) -> int:
    """The number of the daemon behind docker's words."""
    socket = next(word for word in words if word.startswith("unix://"))
    return int(Path(socket.removeprefix("unix://")).with_name("pid").read_text())


def _peak(command: list[str], daemon: int) -> int:
    """Run to the end; the most memory of it, or of the daemon, in bytes."""
    if daemon:
        Path(f"/proc/{daemon}/clear_refs").write_text("5")
    used = subprocess.check_output([sys.executable, "-ISc", _MEASURE, *command])
    if daemon:
        return registries.memory_of(daemon)
    return int(used.split()[-1]) * 1024


@contextlib.contextmanager
def _clients(field: Field) -> Iterator[tuple[Registry, dict[str, list[str]]]]:
    """A registry, and the words that begin each client's lines."""
    lab = [str(HOME / "lab"), "--root", str(field.engine.root)]
    found = {"lab": lab} | ({"docker": field.docker} if field.docker else {})
    with tempfile.TemporaryDirectory(dir=workshop.DISK) as name:
        tar = Path(name, "large.tar")
        tar.write_bytes(archive(regular("large", os.urandom(SIZE))))
        registry = Registry(Path(name))
        try:
            for words in found.values():
                _run(*words, "import", str(tar), "large")
            yield registry, found
        finally:
            for words in found.values():
                subprocess.run([*words, "rmi", "-f", "large"], capture_output=True)
            registry.end()


def _contest(job: str, workers: dict[str, tuple[Work, Work]], rounds: int) -> Contest:
    times = race(workers, min(rounds, MOST_ROUNDS))
    return Contest(job=job, times=times, unit="ms", rival="docker", target=1.0)


def _run(*words: str) -> None:
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)


JOBS = (client_push, client_pull, client_memory)
