"""The sandbox: a container's network namespace, pinned, and what belongs to it.

    /run/labshell/TAG/netns/ID      a file; the namespace is mounted on it, and so lives
                                    while no process is in it: between two attempts of
                                    a restart policy the addresses stay
    containers/ID/network.json      what there is, or may be, for this container

The engine makes it (engine/network/endpoints.py) and writes network.json *before* it
makes anything: whoever is killed half way has left a list of what to take away. Whoever
sees the container end takes it away: its shim, the next command, `rm`. It may be done
twice without harm.

When a namespace goes the kernel takes its interfaces with it, and of a veth pair the
other end too, when it has the time: so unmounting is nearly all that there is to do.
But where another container shares the namespace (--network container:NAME) it lives
on. Then the pairs are taken away first, which takes the kernel 10 ms for each: an
address must be nobody's before the next container gets it.

man: network_namespaces(7), veth(4), umount2(2)
Try it: `lab run -d --name box --network bridge busybox sleep 60`, then
`cat /var/lib/labshell/containers/*/network.json`
"""

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from engine import entries, files
from engine.errors import EngineError, SyscallError
from engine.kernel import mounts
from engine.oci.spec import Identities

FILE = "network.json"
_HALF = f".{FILE}."  # and more letters: one that is being written


class Published(NamedTuple):
    """A port of the container that shall be reached at the machine.

    `address` is "" for every address; a port from `first` to `last` will do, any if
    both are 0; `protocol` is "tcp" or "udp".
    """

    address: str
    first: int
    last: int
    inside: int
    protocol: str


class Opened(NamedTuple):
    """A port of the machine that leads to the port `inside` of the container."""

    address: str
    port: int
    inside: int
    protocol: str

    @staticmethod
    def from_json(data: Any) -> "Opened":
        """As it is in state.json."""
        address, port, inside, protocol = data
        return Opened(str(address), int(port), int(inside), str(protocol))


class Endpoint(NamedTuple):
    """Where a container meets a network: a pair of interfaces and an address.

    `link` is the end on the machine, `interface` the one in the container. `lease` is
    the file by which the address is taken. `gateway` is "" in an internal network.
    `table` is that of the firewall in which published ports may lead here, "" if none.
    """

    network: str
    network_id: str
    id: str
    link: str
    interface: str
    address: str
    prefix: int
    gateway: str
    mac: str
    lease: str
    aliases: tuple[str, ...] = ()
    table: str = ""

    @property
    def has_names(self) -> bool:
        """Whether containers find each other by name: not on the default bridge."""
        return self.network != "bridge"

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "Endpoint":
        """As it is in network.json."""
        return Endpoint(**{**data, "aliases": tuple(data["aliases"])})


class Sandbox(NamedTuple):
    """The network namespace at the path `namespace`, and its endpoints.

    `identities`: whom the users of its user namespace are outside, if it has one.
    """

    namespace: str
    endpoints: tuple[Endpoint, ...] = ()
    identities: Identities | None = None

    def write(self, directory: Path) -> None:
        """Put it into the container's `directory`."""
        found = [
            {**one._asdict(), "aliases": list(one.aliases)} for one in self.endpoints
        ]
        data: dict[str, Any] = {"namespace": self.namespace, "endpoints": found}
        if self.identities:
            data["identities"] = list(self.identities)
        files.write_json(directory / FILE, data)

    @staticmethod
    def read(directory: Path) -> "Sandbox | None":
        """The sandbox of the container in `directory`; None if it has none."""

        def parse(data: Any) -> Sandbox:
            return Sandbox(
                namespace=str(data["namespace"]),
                endpoints=tuple(map(Endpoint.from_json, data["endpoints"])),
                identities=Identities(*mapped)
                if (mapped := data.get("identities"))
                else None,
            )

        try:
            return files.read_record(directory / FILE, parse)
        except FileNotFoundError:
            return None


def exists(directory: Path) -> bool:
    """Whether there is, or may be, a sandbox of the container in `directory`."""
    return os.path.exists(directory / FILE)


def take_away(directory: Path) -> tuple[Endpoint, ...]:
    """Take the sandbox of a container away, as far as it is there; its endpoints."""
    drop_half_written(directory)
    sandbox = Sandbox.read(directory)
    if sandbox is None:
        return ()
    pin = Path(sandbox.namespace)
    if sandbox.endpoints and _is_shared(pin):
        for endpoint in sandbox.endpoints:
            unplug(directory.name, endpoint)
    unpin(pin)
    for endpoint in sandbox.endpoints:
        give_back(directory.name, endpoint)
    with contextlib.suppress(FileNotFoundError):
        entries.unlink(directory / FILE)
    unpin(pin)  # by somebody who was still at work: see pinning.py
    return sandbox.endpoints


def has_remains(directory: str) -> bool:
    """Whether there is a sandbox, or half of its record."""
    names = os.listdir(directory)
    return FILE in names or any(map(_is_half, names))


def drop_half_written(directory: Path) -> None:
    """Remove what is left beside network.json where writing it was cut short."""
    with contextlib.suppress(FileNotFoundError):  # the container has been removed
        for name in filter(_is_half, os.listdir(directory)):
            (directory / name).unlink(missing_ok=True)


def _is_half(name: str) -> bool:
    return name.startswith(_HALF)


def _is_shared(pin: Path) -> bool:
    """Whether any process is in a namespace: another container's, if ours has ended."""
    try:
        namespace = os.stat(pin)
    except FileNotFoundError:
        return False
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.path.samestat(os.stat(f"/proc/{pid}/ns/net"), namespace):
                return True
        except OSError:  # it has ended
            continue
    return False


def unplug(identity: str, endpoint: Endpoint) -> None:
    """Take a pair of interfaces away, and give the address back."""
    from engine.kernel import links, netlink  # few containers are on no network

    with files.closing(netlink.open_socket()) as channel:
        try:
            links.delete(channel, endpoint.link)
        except SyscallError as error:
            if error.name != "ENODEV":  # it was never made, or is gone already
                raise
    give_back(identity, endpoint)


def give_back(identity: str, endpoint: Endpoint) -> None:
    """Give an address back, and the ports that lead there, if the container has it."""
    with contextlib.suppress(FileNotFoundError):
        if os.path.basename(os.readlink(endpoint.lease)) == identity:
            if endpoint.table:
                from engine.runtime import translation  # few containers publish ports

                translation.withdraw(endpoint.table, endpoint.address)
            entries.unlink(Path(endpoint.lease))


def is_pinned(pin: Path) -> bool:
    """Whether a namespace is mounted at `pin`: not after the machine has restarted."""
    try:
        return os.stat(pin).st_dev != os.stat(pin.parent).st_dev
    except FileNotFoundError:
        return False


def unpin(pin: Path) -> None:
    """Let go of a namespace: it ends with the last process and socket in it."""
    if not os.path.lexists(pin):
        return
    with contextlib.suppress(FileNotFoundError):
        while is_pinned(pin):
            try:
                mounts.unmount(pin)
            except SyscallError as error:
                if error.name not in ("EINVAL", "ENOENT"):  # somebody was quicker
                    raise
        entries.unlink(pin)


def clear(directory: Path, pin: Path) -> None:
    """The same where no record can be believed; `pin` is where the namespace may be."""
    with contextlib.suppress(EngineError):
        take_away(directory)
    unpin(pin)
