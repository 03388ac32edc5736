"""The servers that a lesson may start: they outlive the shell, and go with the lesson.

    lab daemon start         labd          asked by docker
    lab registry serve -d    a registry    asked by whoever pushes and pulls

Each is known by the lock that it holds, so one that was started in another terminal is
found, too. A registry is looked for where `lab registry serve` keeps its files unless
told otherwise: one of another --root is not of the lesson's.

Try it: `lab registry serve -d`; `lab daemon start`; `:reset lesson`
"""

import contextlib
from collections.abc import Callable
from typing import NamedTuple

from engine.engine import Engine, Labd
from engine.errors import Conflict


class Server(NamedTuple):
    """One that runs: what it is called, the verb that starts it, where it is asked.

    `stop` ends it, and returns when it has ended.
    """

    name: str
    verb: str
    address: str
    stop: Callable[[], object]


def serving(engine: Engine) -> list[Server]:
    """The servers of this engine; not yet one that is about to start."""
    servers = []
    with contextlib.suppress(Conflict):
        labd = Labd.of(engine.root)
        found = labd.find()
        if found is not None and found.root == str(engine.root):
            servers.append(Server("labd", "daemon", found.address, labd.stop))
    with contextlib.suppress(Conflict):
        registry = engine.registry
        found = registry.find()
        if found is not None:
            servers.append(Server("registry", "registry", found.address, registry.stop))
    return servers


def forget_login(engine: Engine, address: str) -> str:
    """Forget who one was at a registry that goes with the lesson; what to call that."""
    scheme, _, host = address.partition("://")
    if scheme == "unix" or not engine.logout(host):
        return ""
    return f"login at {host}"
