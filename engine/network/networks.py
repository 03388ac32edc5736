"""Networks: what containers can be connected to, and their records.

    networks/NAME.json           its subnet, its gateway, its labels
    networks/NAME.leases/        which container has which address: see addresses.py

Three are always there. `bridge` is where a container is if nothing is said, `host` is
the machine's own network, `none` no network at all; only `bridge` has a record, made at
its first use.

A record says what shall be. What is, a bridge in the kernel and rules of the firewall,
is made when it is needed and is not there, as after a restart: see bridge.py.

Source: Docker Engine API 1.41, /networks
Try it: `lab network create front; cat /var/lib/labshell/networks/front.json`
"""

import contextlib
import os
import re
import zlib
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any, NamedTuple

from engine import entries, files
from engine.errors import Conflict, EngineBroken, InvalidArgument, NotFound
from engine.network.membership import BRIDGE, HOST, NONE
from engine.times import now

DRIVERS = {BRIDGE: "bridge", HOST: "host", NONE: "null"}  # of those always there
_BRIDGE_OPTIONS = "com.docker.network."
_SO_ANYWAY = {
    "com.docker.network.bridge.default_bridge": "false",
    "com.docker.network.bridge.enable_icc": "true",
    "com.docker.network.bridge.enable_ip_masquerade": "true",
    "com.docker.network.bridge.host_binding_ipv4": "0.0.0.0",
}
_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{0,99}\Z")


class Network(NamedTuple):
    """One network; `created` is RFC 3339, `subnet` and `ip_range` are "10.0.0.0/24".

    `ip_range` is the part of the subnet from which addresses are given, "" for all of
    it. From an `internal` network nobody gets out. `host` and `none` have no subnet.
    """

    name: str
    id: str
    created: str
    driver: str = "bridge"
    subnet: str = ""
    gateway: str = ""
    ip_range: str = ""
    internal: bool = False
    labels: Mapping[str, str] = {}
    options: Mapping[str, str] = {}

    @property
    def predefined(self) -> bool:
        """Whether it is always there."""
        return self.name in DRIVERS

    @property
    def block(self) -> IPv4Network:
        """Its subnet."""
        return IPv4Network(self.subnet)

    @property
    def prefix(self) -> int:
        """How many bits of an address say that it belongs to the subnet."""
        return self.block.prefixlen

    @property
    def resolves(self) -> bool:
        """Whether containers find each other by name: not on the default bridge."""
        return self.driver == "bridge" and not self.predefined

    def to_json(self) -> dict[str, Any]:
        """As in its record."""
        fields = {**self._asdict(), "labels": dict(self.labels)}
        return {**fields, "options": dict(self.options)}

    @staticmethod
    def read(path: Path) -> "Network":
        """The network whose record is `path`. OSError if there is none."""

        def parse(data: Any) -> Network:
            found = Network(**data)
            if found.name != path.stem or IPv4Address(found.gateway) not in found.block:
                raise ValueError(f"it calls itself {found.name!r}")
            return found

        return files.read_record(path, parse)


def bridge_name(tag: str, network: Network) -> str:
    """What the interface of a network is called: at most 15 letters.

    `tag` stands for the engine's root (Place.tag), so that two roots never meet.
    """
    return f"lb{tag}{network.id[:5]}"


def link_name(tag: str) -> str:
    """A name for the machine's end of a new pair of interfaces."""
    return f"lv{tag}{os.urandom(3).hex()[:5]}"


def check_name(name: str) -> None:
    """Raise InvalidArgument unless `name` may be the name of a network."""
    if not _NAME.match(name):
        raise InvalidArgument(
            f"invalid network name: {name[:80]!r}",
            "A letter or digit, then also _ . and -, 100 at most.",
        )


def check_options(options: Mapping[str, str]) -> None:
    """Raise InvalidArgument for an option of a bridge that would do nothing here.

    One that says what is so anyway may be given; what is not about bridges is a note,
    and kept.
    """
    for key, value in options.items():
        if key.startswith(_BRIDGE_OPTIONS) and _SO_ANYWAY.get(key) != value:
            raise InvalidArgument(
                f"network option {key}={value} is not supported here",
                "Leave it out: --internal keeps a network to itself.",
            )


class Networks:
    """All networks of one engine root."""

    def __init__(self, root: Path, notices: list[str]) -> None:
        """`notices` collects what is wrong with single networks, a line each."""
        self.directory = root / "networks"
        self.lock = root / "locks" / "networks"
        self.containers = root / "containers"
        self.notices = notices
        self._root = root

    def path(self, name: str) -> Path:
        """The record of a network."""
        return self.directory / f"{name}.json"

    def leases(self, name: str) -> Path:
        """The directory of its leases."""
        return self.directory / f"{name}.leases"

    def find(self, name: str) -> Network:
        """The network of this name, ID, or unique beginning of an ID."""
        if _NAME.match(name):
            if name in (HOST, NONE):
                return self.predefined(name)
            with contextlib.suppress(FileNotFoundError):
                return Network.read(self.path(name))
        found = [one for one in self.all() if name and one.id.startswith(name)]
        if len(found) > 1:
            raise Conflict(
                f"network {name} is ambiguous ({len(found)} matches found on ID "
                "prefix)",
                "Give more digits of the ID, or the name.",
            )
        if not found:
            raise NotFound(f"network {name} not found", "`lab network ls` lists them.")
        return found[0]

    def all(self) -> list[Network]:
        """Every network, by name; a damaged record is left out, and a notice tells."""
        found = [self.predefined(HOST), self.predefined(NONE)]
        with contextlib.suppress(FileNotFoundError):
            for name in os.listdir(self.directory):
                if name.endswith(".json") and not name.startswith("."):
                    found += self._readable(name.removesuffix(".json"))
        if not self.path(BRIDGE).exists():
            found.append(self.predefined(BRIDGE))
        return sorted(found, key=lambda network: network.name)

    def _readable(self, name: str) -> list[Network]:
        try:
            return [Network.read(self.path(name))]
        except FileNotFoundError:
            return []  # removed meanwhile
        except EngineBroken as error:
            self.notices.append(f"left out: {error.message}. {error.hint}")
            return []

    def predefined(self, name: str) -> Network:
        """One that is always there, as far as it is known without a record."""
        number = zlib.crc32(f"{self._root}/{name}".encode())
        identity = f"{number:08x}" * 8
        return Network(name=name, id=identity, created="", driver=DRIVERS[name])

    def write(self, network: Network) -> None:
        """Enter a new network. Conflict if there is one of this name.

        The caller holds the lock.
        """
        self.directory.mkdir(mode=0o711, exist_ok=True)
        if network.name in (HOST, NONE) or self.path(network.name).exists():
            raise Conflict(
                f"network with name {network.name} already exists",
                f"`lab network inspect {network.name}` shows it.",
            )
        files.write_json(self.path(network.name), network.to_json())

    def forget(self, network: Network) -> None:
        """Remove a record, and leases that nobody has. The caller holds the lock."""
        files.remove_tree(self.leases(network.name))
        with contextlib.suppress(FileNotFoundError):
            entries.unlink(self.path(network.name))

    def drop_remains(self) -> None:
        """Remove half-written records, and leases of networks that are not recorded.

        The caller holds the lock.
        """
        known = {one.name for one in self.all()}
        for path in self.directory.glob("*") if self.directory.exists() else ():
            if path.name.startswith("."):
                path.unlink(missing_ok=True)
            elif path.suffix == ".leases" and path.stem not in known:
                files.remove_tree(path)

    def new(self, name: str, **fields: Any) -> Network:
        """A network that is not entered yet, with an ID that no other begins like."""
        taken = {network.id[:5] for network in self.all()}
        identity = os.urandom(32).hex()
        while identity[:5] in taken:
            identity = os.urandom(32).hex()
        return Network(name=name, id=identity, created=now(), **fields)
