"""All of it put together, and served.

    request ──▶ access: who is it? ──▶ routes: which call? ──▶ answer ──▶ told
                      └─ 401                   └─ Problem ──▶ its status and JSON

One process serves one directory (see running.py). Others may
read the directory meanwhile, and collect its garbage. When the process ends, however it
ends, nothing has to be tidied: what was complete is there, what was not is an upload
that its client may go on with.

Source: opencontainers/distribution-spec 1.1
Try it: `lab registry serve --port 5000`; `curl -i http://127.0.0.1:5000/v2/`
"""

import errno
import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, NoReturn, Self

from engine.errors import InvalidArgument
from engine.http.messages import Gone, Refused, Request, Response
from engine.http.server import Server, listen, tls
from engine.registry.server.access import Access
from engine.registry.server.problems import Problem
from engine.registry.server.routes import Routes
from engine.registry.server.running import alone, note
from engine.registry.server.upload_calls import UploadCalls
from engine.registry.server.uploads import Uploads

CUT_OFF = 0
_HOUR = 3600.0  # seconds
_EVERYWHERE = {
    "Docker-Distribution-API-Version": "registry/2.0",
    "X-Content-Type-Options": "nosniff",
}
_FILES = ("htpasswd", "certificate", "key")
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class ServerSettings(NamedTuple):
    """How a registry is to be served."""

    host: str = "127.0.0.1"
    port: int = 5000  # 0: any that is free
    htpasswd: Path | None = None
    certificate: Path | None = None  # PEM; with it, `key` too
    key: Path | None = None
    read_only: bool = False

    def to_json(self) -> dict[str, Any]:
        """The same for another process, which works in another directory."""
        return {
            name: str(value.absolute()) if isinstance(value, Path) else value
            for name, value in self._asdict().items()
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """What `to_json` described."""
        files = {name: Path(data[name]) for name in _FILES if data[name]}
        return cls(**{**data, **files})


class Served(NamedTuple):
    """A request that was answered."""

    peer: str
    method: str
    path: str
    status: int  # CUT_OFF: the peer has gone before the end
    seconds: float
    fault: str = ""  # what went wrong, if that was us


def serve(
    root: Path,
    settings: ServerSettings,
    ready: Callable[[str], None],
    told: Callable[[Served], None],
) -> NoReturn:
    """Serve until a signal's handler raises something.

    `ready` is told the address, `told` each request; the latter in several threads.
    """
    context = _context(settings)
    service = Service(root, settings, told)
    with alone(root) as lock, listen(settings.host, settings.port) as listening:
        sweeping = threading.Thread(target=service.sweep_for_ever, daemon=True)
        sweeping.start()
        scheme = "https" if context else "http"
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        address = f"{scheme}://{host}:{listening.getsockname()[1]}"
        note(lock, address)
        ready(address)
        Server(listening, service.answer, context).serve()


def _context(settings: ServerSettings) -> ssl.SSLContext | None:
    """What TLS needs; None without TLS."""
    if settings.certificate and settings.key:
        return tls(str(settings.certificate), str(settings.key))
    if settings.certificate or settings.key:
        raise InvalidArgument(
            "TLS takes a certificate and its key", "Give --tls-cert and --tls-key."
        )
    return None


class Service:
    """Answers the requests to one registry."""

    def __init__(
        self, root: Path, settings: ServerSettings, told: Callable[[Served], None]
    ) -> None:
        self._root = root
        self._told = told
        self._access = Access(settings.htpasswd) if settings.htpasswd else None
        self._uploads = Uploads()
        calls = UploadCalls(root, self._uploads)
        self._routes = Routes(root, calls, read_only=settings.read_only)

    def sweep_for_ever(self) -> NoReturn:
        """Now and then remove the uploads that nobody ends."""
        while True:
            self._uploads.sweep(self._root)
            time.sleep(_HOUR)

    def answer(self, request: Request) -> Response:
        """The answer to a request, whatever happens; and tell of it."""
        begun = time.monotonic()
        status, fault = CUT_OFF, ""
        try:
            response, fault = self._response(request)
            status = response.status
        except Refused as error:
            status = error.status
            raise
        finally:
            served = Served(
                peer=request.peer,
                method=request.method,
                path=request.path,
                status=status,
                seconds=time.monotonic() - begun,
                fault=fault,
            )
            self._told(served)
        return response._replace(headers={**_EVERYWHERE, **response.headers})

    def _response(self, request: Request) -> tuple[Response, str]:
        """The answer, and what went wrong if that was our fault."""
        try:
            if self._access is not None:
                self._access.check(request.headers.get("authorization", ""))
            return self._routes.answer(request), ""
        except Problem as error:
            return error.response(), ""
        except (Gone, Refused):
            raise
        except OSError as error:
            full = error.errno in _FULL
            message = "the disk is full" if full else "the disk gives trouble"
            problem = Problem("UNKNOWN", message, status=507 if full else 500)
            return problem.response(), str(error)
        except Exception as error:  # else the thread dies, and answers nobody
            problem = Problem("UNKNOWN", "a fault in the registry")
            return problem.response(), f"{type(error).__name__}: {error}"
