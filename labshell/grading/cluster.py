"""A cluster: the same work, done by the workers of a Dask scheduler.

    rounds.grade ── threads ──▶ a Remote ──▶ scheduler ──▶ a worker's desk
                                                 │
                              a worker is lost ──┴──▶ another worker's

A Remote looks at submissions as a looker here does (looker.py), only elsewhere; all
else stays here: tokens, the journal, rows. So the marks are those of a local grading.

Workers see submissions and hidden checks, so the way to them is encrypted and both ends
show certificates (TLS), or it never leaves this machine (loopback). They need the same
labshell, code for code: a worker with another one is not asked.

Source: Dask.distributed, "TLS/SSL", "Resilience"
Try it: `.venv/bin/dask scheduler --host 127.0.0.1`, `.venv/bin/dask worker
tcp://127.0.0.1:8786`, and `lab grade … --scheduler tcp://127.0.0.1:8786`
"""

import ipaddress
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dask
from distributed import Client, Security
from distributed.scheduler import KilledWorker

from engine.errors import EngineError, InvalidArgument
from labshell.grading.assignment import Assignment
from labshell.grading.desk import Desk, at_desk, code, needed
from labshell.grading.inspector import Inspected
from labshell.grading.marking import NO_RUNS
from labshell.grading.ran import Runs, packed, unpacked

_PATIENCE = 30.0  # seconds until it is asked whether there still are workers
_CONNECTING = "15s"
_LARGE = "distributed.admin.large-graph-warning-threshold"


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificates:
    """The files, in PEM: whom we trust, and who we are."""

    authority: Path
    certificate: Path
    key: Path


def certificates(
    authority: Path | None, certificate: Path | None, key: Path | None
) -> Certificates | None:
    """All three, or none. InvalidArgument for one or two, or one that is not there."""
    given = [path for path in (authority, certificate, key) if path]
    if not given:
        return None
    if authority is None or certificate is None or key is None:
        raise InvalidArgument(
            "--tls-ca, --tls-cert and --tls-key belong together", "Give all three."
        )
    for path in given:
        if not path.is_file():
            raise InvalidArgument(f"{path}: no such file", "A file in PEM is needed.")
    return Certificates(authority=authority, certificate=certificate, key=key)


class Cluster:
    """A connection to a scheduler, whose workers have a desk for an assignment."""

    def __init__(
        self, address: str, assignment: Assignment, certificates: Certificates | None
    ) -> None:
        """InvalidArgument for an unsafe address; EngineError if nobody answers."""
        examine(address, certificates)
        dask.config.set({_LARGE: "1GB"})  # a submission is as large as it is
        try:
            self._client = Client(
                address,
                security=_security(certificates),
                timeout=_CONNECTING,
                set_as_default=False,
            )
        except OSError as error:
            raise EngineError(
                f"{address}: no scheduler answers: {error}",
                "`dask scheduler` starts one; lessons/ASSIGNMENTS.md tells how.",
            ) from error
        try:
            self.threads = self._count(address)
            self._desk = Desk(f"labshell-{uuid.uuid4().hex}", needed(assignment))
            self._client.register_plugin(self._desk)
        except BaseException:
            self._client.close()
            raise

    def _count(self, address: str) -> int:
        """How many submissions can be under way; EngineError if none can."""
        workers = self.workers()
        if not workers:
            raise EngineError(
                f"{address}: the scheduler has no workers",
                "`dask worker` starts one; lessons/ASSIGNMENTS.md tells how.",
            )
        for where in workers:
            examine(where, None, what="worker")
        ours = code()
        for worker, theirs in self._client.run(code).items():
            if theirs != ours:
                raise EngineError(
                    f"{worker}: this worker has another labshell",
                    "Marks of two versions do not fit together: bring it the same.",
                )
        return sum(workers.values())

    @property
    def jobs(self) -> int:
        """How many should be under way: one is looked at, the next is on its way."""
        return 2 * self.threads

    def workers(self) -> dict[str, int]:
        """Address -> threads, of the workers that there are."""
        known = self._client.scheduler_info(n_workers=-1)["workers"]
        return {name: int(worker["nthreads"]) for name, worker in known.items()}

    def looker(self) -> "Remote":
        """Somebody who looks at one submission after the other."""
        return Remote(self, self._client, self._desk.name)

    def close(self) -> None:
        """Take the desks away, and end the connection."""
        try:
            self._client.unregister_worker_plugin(self._desk.name)
        finally:
            self._client.close()


class Remote:
    """A looker on whichever worker is free.

    A worker that is lost meanwhile is another one's turn; a submission with which
    several are lost, one after the other, is not tried for ever.
    """

    def __init__(self, cluster: Cluster, client: Client, desk: str) -> None:
        self._cluster, self._client, self._desk = cluster, client, desk

    def unpack(self, file: Path, seconds: float) -> Inspected:
        """As `Looker.unpack`."""
        return Inspected(**self._ask("unpack", file.read_bytes(), seconds))

    def run(
        self, files: Mapping[str, bytes], values: Mapping[str, str], times: float = 1
    ) -> Runs:
        """As `Looker.run`."""
        return unpacked(self._ask("run", dict(files), dict(values), times))

    def inspect(self, file: Path, seconds: float, runs: Runs = NO_RUNS) -> Inspected:
        """As `Looker.inspect`."""
        words = file.read_bytes(), seconds, packed(runs)
        return Inspected(**self._ask("inspect", *words))

    def _ask(self, verb: str, *words: object) -> Any:
        future = self._client.submit(at_desk, self._desk, verb, *words, pure=False)
        while True:
            try:
                return future.result(timeout=_PATIENCE)
            except KilledWorker as error:
                raise OSError("several workers were lost while they looked") from error
            except TimeoutError:
                if not self._cluster.workers():
                    raise OSError("the cluster has no workers any more") from None

    def close(self) -> None:
        """Nothing: the desks stay until the cluster is left."""


def examine(
    address: str, certificates: Certificates | None, what: str = "scheduler"
) -> None:
    """InvalidArgument if somebody could listen on the way to this address."""
    parts = urlsplit(address)
    if parts.scheme == "tls":
        if certificates or what == "worker":
            return
        raise InvalidArgument(
            f"{address}: who are we to this scheduler?",
            "Give --tls-ca, --tls-cert and --tls-key.",
        )
    if parts.scheme == "tcp" and _is_loopback(parts.hostname or ""):
        return
    raise InvalidArgument(
        f"{address}: a {what} whose messages others could read",
        "tls://HOST:PORT is needed, or tcp:// to this machine alone.",
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _security(certificates: Certificates | None) -> Security | None:
    if certificates is None:
        return None
    return Security(
        tls_ca_file=str(certificates.authority),
        tls_client_cert=str(certificates.certificate),
        tls_client_key=str(certificates.key),
        require_encryption=True,
    )
