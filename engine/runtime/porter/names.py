"""Names: which containers another one finds by name, and where they are.

Only containers that share a network find each other there, by

    name               web, and web.mynet where two networks have one
    alias              --network-alias: several may have the same one; all are answered,
                       a different one first each time, so that work is spread
    short ID           3c05019b6d77

Nobody is told of a change. What is known is read from the engine's own files, and read
anew when one of them has changed: an address is taken by making a file in the network's
directory of leases, a name by making a link in names/. One look at the times of these
directories tells.

Try it: `lab network create mynet; lab run -d --name web --network mynet busybox`,
then `lab run --rm --network mynet busybox nslookup web`
"""

import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from engine.errors import EngineError
from engine.runtime.porter import messages
from engine.runtime.porter.messages import Query
from engine.runtime.sandbox import FILE, Endpoint, Sandbox

_RESOLV_CONF = Path("/etc/resolv.conf")
_MOST_SERVERS = 3  # of /etc/resolv.conf, as the C library takes
_FRESH = 50_000_000  # nanoseconds: what has changed just now may change again, unseen
_ID = 12  # digits of a short ID


class _Member(NamedTuple):
    """A container in one of our networks."""

    address: str
    called: str  # when its address is asked about: web.mynet
    names: frozenset[str]


class Names:
    """What the container in `directory` can look up."""

    def __init__(self, directory: Path, servers: tuple[str, ...]) -> None:
        """`servers` are those of --dns: without any, the machine's."""
        self._directory, self._servers = directory, servers
        self._root = directory.parents[1]
        self._members: list[_Member] = []
        self._endpoints: tuple[Endpoint, ...] = ()
        self._stamp: tuple[int, ...] = ()
        self._turn = 0

    @property
    def servers(self) -> tuple[str, ...]:
        """Whom to ask for other names: nobody, if no network of ours leads out."""
        self._refresh()
        if not any(endpoint.gateway for endpoint in self._endpoints):
            return ()
        return self._servers or of_machine()

    def records(self, query: Query) -> list[bytes] | None:
        """The records that answer a query; None for a name that is not known here."""
        self._refresh()
        if query.kind == messages.PTR:
            return self._reverse(query.name)
        found = [one.address for one in self._members if query.name in one.names]
        if not found or query.kind not in (messages.A, messages.AAAA):
            return None
        wanted = [one for one in found if (":" in one) == (query.kind == messages.AAAA)]
        self._turn += 1
        first = self._turn % len(wanted) if wanted else 0
        return list(map(messages.address_record, wanted[first:] + wanted[:first]))

    def _reverse(self, name: str) -> list[bytes] | None:
        address = messages.reversed_address(name)
        for one in self._members:
            if one.address == address:
                return [messages.name_record(one.called)]
        return None

    def _refresh(self) -> None:
        """Read what has changed; what cannot be read stays as it was known."""
        try:
            places = [Path(one.lease).parent for one in self._endpoints]
            own = self._directory / FILE
            stamp = tuple(map(_changed, [own, self._names, *places]))
            if stamp == self._stamp and time.time_ns() - max(stamp) > _FRESH:
                return
            self._read()
            self._stamp = stamp
        except (OSError, EngineError, ValueError):
            return

    @property
    def _names(self) -> Path:
        return self._root / "names"

    def _read(self) -> None:
        sandbox = Sandbox.read(self._directory)
        found = sandbox.endpoints if sandbox else ()
        self._endpoints = tuple(one for one in found if one.has_names)
        called: dict[str, str] = {}
        for name in os.listdir(self._names):
            called[os.path.basename(os.readlink(self._names / name))] = name
        self._members = [
            member
            for endpoint in self._endpoints
            for member in self._of_network(endpoint, called)
        ]

    def _of_network(self, own: Endpoint, called: dict[str, str]) -> Iterator[_Member]:
        """Everybody in a network of ours, ourselves included."""
        leases = Path(own.lease).parent
        for lease in os.listdir(leases):
            try:
                identity = os.path.basename(os.readlink(leases / lease))
                sandbox = Sandbox.read(self._root / "containers" / identity)
            except (OSError, EngineError):
                continue  # it is no lease, or given back meanwhile
            for one in sandbox.endpoints if sandbox else ():
                if one.network_id == own.network_id:
                    yield _member(one, identity, called.get(identity, ""))


def _member(endpoint: Endpoint, identity: str, name: str) -> _Member:
    network = endpoint.network.lower()
    known = {name.lower(), *map(str.lower, endpoint.aliases), identity[:_ID]} - {""}
    return _Member(
        address=endpoint.address,
        called=f"{name or identity[:_ID]}.{endpoint.network}",
        names=frozenset(known | {f"{one}.{network}" for one in known}),
    )


def _changed(path: Path) -> int:
    return os.stat(path).st_mtime_ns


def of_machine() -> tuple[str, ...]:
    """The name servers of the machine, as its /etc/resolv.conf names them now."""
    found = []
    try:
        with open(_RESOLV_CONF, "rb") as file:
            lines = file.read(1 << 16).decode(errors="replace").splitlines()
    except OSError:
        return ()
    for words in map(str.split, lines):
        if words[:1] == ["nameserver"] and len(words) > 1 and _is_address(words[1]):
            found.append(words[1])
    return tuple(found[:_MOST_SERVERS])


def _is_address(text: str) -> bool:
    family = socket.AF_INET6 if ":" in text else socket.AF_INET
    try:
        socket.inet_pton(family, text)
    except OSError:
        return False
    return True
