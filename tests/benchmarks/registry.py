"""A layer of 500 MB into a registry and out again: ours beside docker-registry.

The client is the same for both, skopeo, and copies the bytes as they are. Each round
begins with registries that are empty and listen elsewhere, or the client would know
that the layer is there.
"""

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from tests import workshop
from tests.benchmarks import rivals
from tests.benchmarks.jobs import Field
from tests.benchmarks.timing import Contest, Work, race
from tests.conformance import kinds, registries
from tests.conformance.registries import Server
from tests.tars import archive, regular

SIZE = 500 << 20  # bytes
RIVAL, MOST_ROUNDS = "docker-registry", 5
Start = Callable[[Path], AbstractContextManager[Server]]
STARTS: dict[str, Start] = {
    "lab": registries.ours,
    "docker-registry": registries.dockers,
}
_COPY = ["skopeo", "--insecure-policy", "copy", "-q", "--preserve-digests"]
_COPY += ["--src-tls-verify=false", "--dest-tls-verify=false"]


class Carrier:
    """Carries the layer to one registry and back, round by round."""

    def __init__(self, name: str, layout: Path, folder: Path) -> None:
        self._start = STARTS[name]
        self._layout = layout
        self._folder = folder / name
        self._folder.mkdir()
        self._open = contextlib.ExitStack()
        self.memory = 0  # the most that any server took, in bytes
        self.renew()

    def renew(self) -> None:
        """End the registry, and start an empty one."""
        self.end()
        self._server = self._open.enter_context(self._start(self._folder / "files"))

    def end(self) -> None:
        """End the registry, and remove its files."""
        self._open.close()
        shutil.rmtree(self._folder / "files", ignore_errors=True)

    def push(self) -> None:
        """What is timed: into the registry."""
        rivals.run(*_COPY, f"oci:{self._layout}:large", f"docker://{self._name}")

    def pull(self) -> None:
        """What is timed: out of it."""
        rivals.run(*_COPY, f"docker://{self._name}", f"oci:{self._folder}/back:1")

    def forget(self) -> None:
        """After a pull: remove what came, and note how much memory that took."""
        shutil.rmtree(self._folder / "back")
        self.memory = max(self.memory, registries.memory_of(self._server.pid))

    @property
    def _name(self) -> str:
        return f"{self._server.address}/large:1"


def layout(directory: Path) -> Path:
    """An image of one layer of random bytes, not compressed."""
    (directory / "blobs" / "sha256").mkdir(parents=True)
    tar = archive(regular("large", os.urandom(SIZE)))
    entry = kinds.describe(directory, "large", [(tar, tar, registries.LAYER)])
    (directory / "index.json").write_text(
        json.dumps({"schemaVersion": 2, "manifests": [entry]})
    )
    (directory / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    return directory


@contextlib.contextmanager
def _carriers() -> Iterator[dict[str, Carrier]]:
    """Those who take part, by name."""
    with (
        tempfile.TemporaryDirectory(dir=workshop.DISK) as name,
        contextlib.ExitStack() as stack,
    ):
        folder = Path(name)
        source = layout(folder / "layout")
        found = {}
        for who in STARTS:
            if who == "lab" or shutil.which(who):
                found[who] = Carrier(who, source, folder)
                stack.callback(found[who].end)
        yield found


def registry_push(field: Field) -> Contest:
    """500 MB into an empty registry."""
    return _contest(field, "push 500 MB", lambda one: (one.push, one.renew))


def registry_pull(field: Field) -> Contest:
    """The same 500 MB out of it."""
    return _contest(field, "pull 500 MB", lambda one: (one.pull, one.forget), full=True)


def registry_memory(field: Field) -> Contest:
    """The most that a registry took while 500 MB went in and out."""
    with _carriers() as found:
        for carrier in found.values():
            carrier.push()
            carrier.pull()
            carrier.forget()
        times = {name: carrier.memory / 1e6 for name, carrier in found.items()}
    job = "memory of a registry"
    return Contest(job=job, times=times, unit="MB", rival=RIVAL, target=1.5)


def _contest(
    field: Field,
    job: str,
    work: Callable[[Carrier], tuple[Work, Work]],
    full: bool = False,
) -> Contest:
    with _carriers() as found:
        if full:
            for carrier in found.values():
                carrier.push()
        workers = {name: work(carrier) for name, carrier in found.items()}
        times = race(workers, min(field.rounds, MOST_ROUNDS))
    return Contest(job=job, times=times, unit="ms", rival=RIVAL, target=1.0)


JOBS = (registry_push, registry_pull, registry_memory)
