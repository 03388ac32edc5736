"""The service: what all of a pull or a push has in hand, whichever server answers.

    with service.of(reference.registry) as registry:
        registry.readers()      mirrors, then the origin: who is asked, in this order
        registry.origin()       where one pushes, and logs in

Clients are made when they are needed, and closed at the end.

Source: moby registry/service.go (behaviour)
Try it: `lab pull busybox`
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager

from engine.registry import logins, settings
from engine.registry.connection import Connection
from engine.registry.endpoints import Endpoint, endpoints, trust
from engine.registry.logins import Known, Login
from engine.registry.wire import Patience, Wire

PATIENCE = Patience()


class Service:
    """One registry, with its mirrors."""

    def __init__(
        self,
        registry: str,
        wire: Wire,
        known: settings.Settings,
        known_logins: Known,
    ) -> None:
        self.registry = registry
        self.settings = known
        self._wire, self._logins = wire, known_logins

    def readers(self) -> Iterator[Connection]:
        """Connections to whoever may have what is in the registry."""
        for endpoint in endpoints(self.registry, self.settings, mirrors=True):
            yield self._connect(endpoint, self._login_for(endpoint))

    def origin(self, login: Login | None = None) -> Connection:
        """A connection to the registry itself; as `login`, else as one is known."""
        endpoint = endpoints(self.registry, self.settings, mirrors=False)[0]
        return self._connect(endpoint, login or self._login_for(endpoint))

    def stop(self) -> None:
        """Nobody waits for anything any more."""
        self._wire.stopped.set()

    def together(self, many: int, jobs: Iterable[Callable[[], None]]) -> None:
        """Do jobs, so many at once; the first that fails ends all of them."""
        pool = ThreadPoolExecutor(many, thread_name_prefix="layer")
        try:
            for done in as_completed([pool.submit(job) for job in jobs]):
                done.result()
        except BaseException:
            self.stop()
            raise
        finally:
            pool.shutdown(cancel_futures=True)

    def _login_for(self, endpoint: Endpoint) -> Login | None:
        """A mirror is another registry, where one has another name."""
        return self._logins(endpoint.host if endpoint.is_mirror else self.registry)

    def _connect(self, endpoint: Endpoint, login: Login | None) -> Connection:
        return Connection(endpoint, login, self._wire)


@contextmanager
def of(registry: str, known_logins: Known | None = None) -> Iterator[Service]:
    """Somebody to ask about a registry; `known_logins` says as whom one asks."""
    known = settings.read()
    wire = Wire(PATIENCE, lambda host: trust(host, known))
    try:
        yield Service(registry, wire, known, known_logins or logins.find)
    finally:
        wire.close()
