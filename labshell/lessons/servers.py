"""What a lesson may start that no record of the engine names: it goes with the lesson.

    lab daemon start         labd          asked by docker
    lab registry serve -d    a registry    asked by whoever pushes and pulls
    labshell-runc create     a container   of a bundle in one of the engine's volumes

A server is known by the lock that it holds, so one that was started in another terminal
is found, too. A registry is looked for where `lab registry serve` keeps its files
unless told otherwise: one of another --root is not of the lesson's.

Try it: `lab registry serve -d`; `lab daemon start`; `:reset lesson`
"""

import contextlib
import json
import socket
from collections.abc import Callable
from typing import Any, NamedTuple

from engine.engine import Bundled, Engine, Labd
from engine.errors import Conflict

_RUNTIME = "labshell-runc"
_SECONDS = 5.0  # for labd to say what it is


class Server(NamedTuple):
    """One that runs: what it is called, the words that start it, where it is asked.

    `stop` ends it, and returns when it has ended.
    """

    name: str
    words: frozenset[str]
    address: str
    stop: Callable[[], object]


def serving(engine: Engine) -> list[Server]:
    """The servers of this engine; not yet one that is about to start."""
    servers = []
    with contextlib.suppress(Conflict):
        labd = Labd.of(engine.root)
        found = labd.find()
        if found is not None and found.root == str(engine.root):
            servers.append(_server("labd", "daemon", found.address, labd.stop))
    with contextlib.suppress(Conflict):
        registry = engine.registry
        found = registry.find()
        if found is not None:
            servers.append(
                _server("registry", "registry", found.address, registry.stop)
            )
    return servers + [_bundled(one) for one in Bundled.below(engine.root)]


def info(engine: Engine) -> dict[str, Any] | None:
    """What the labd of this engine says of itself (`GET /info`); None without one.

    It may be a complaint: `message`, and nothing else.
    """
    import http.client  # half of what e-mail needs comes with it

    labd = Labd.of(engine.root)
    if labd.find() is None:
        return None
    connection = http.client.HTTPConnection("labd")
    connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.sock.settimeout(_SECONDS)
    try:
        connection.sock.connect(str(labd.path))
        connection.request("GET", "/info")
        told: dict[str, Any] = json.loads(connection.getresponse().read())
        return told
    except (OSError, ValueError, http.client.HTTPException):
        return None  # it is about to end
    finally:
        connection.close()


def _server(name: str, verb: str, address: str, stop: Callable[[], object]) -> Server:
    return Server(name, frozenset({"lab", verb}), address, stop)


def _bundled(one: Bundled) -> Server:
    """It is asked nothing, and nobody stays with it: so it goes as a server does."""
    id = one.container.id
    words = frozenset({_RUNTIME, id})
    return Server(f"container {id} of {_RUNTIME}", words, f"bundle://{id}", one.delete)


def forget_login(engine: Engine, address: str) -> str:
    """Forget who one was at a registry that goes with the lesson; what to call that."""
    scheme, _, host = address.partition("://")
    if scheme not in ("http", "https") or not engine.logout(host):
        return ""
    return f"login at {host}"
