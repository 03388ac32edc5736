"""The three files that differ in every container: hosts, hostname, resolv.conf.

They lie in the container's directory and are bind-mounted over /etc: what the image
has there is hidden, and what a program writes there stays out of `diff` and `commit`.

    hosts         name -> address, asked first; --add-host adds a line
    resolv.conf   which name servers to ask then
    hostname      what the container is called

Which name servers those are depends on the network:

    --network host, none     the machine's, or --dns
    the default bridge       the same, but none that only the machine itself reaches
    a network with names     127.0.0.11, the container's own porter, which asks others

Addresses are known when a container starts: then `hosts` is written anew, with the
container's own. It is overwritten and not replaced, for it may be mounted already.

man: hosts(5), resolv.conf(5), hostname(5)
Try it: `lab run --rm --add-host db:10.0.0.7 busybox cat /etc/hosts`
"""

import os
from pathlib import Path

from engine import entries, files
from engine.containers.options import names
from engine.containers.options.asked import ContainerOptions
from engine.containers.record import Container
from engine.network.membership import OTHER
from engine.runtime.sandbox import Sandbox

HOSTS = """\
127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::0\tip6-localnet
ff00::0\tip6-mcastprefix
ff02::1\tip6-allnodes
ff02::2\tip6-allrouters
"""
RESOLVER = "127.0.0.11"
_LARGEST = 1 << 20  # bytes of a file of the machine
_OF_SYSTEMD = "/run/systemd/resolve/resolv.conf"  # the servers behind 127.0.0.53
_EVERYBODY_S = ("8.8.8.8", "8.8.4.4")  # Docker's choice where no other is left


def write(directory: Path, options: ContainerOptions, hostname: str) -> None:
    """Write the three files into `directory`, of a container that has no address.

    Who shares the network of another container sees that one's files: see `source`.
    """
    contents = {
        "hosts": _hosts(options, []),
        "hostname": f"{hostname}\n".encode(),
        "resolv.conf": _resolvers(options, Sandbox("")),
    }
    for name, content in contents.items():
        path = directory / name
        with files.closing(entries.make_file(path, 0o644)) as descriptor:
            if content:
                files.fill(descriptor, len(content), content, path)


def source(options: ContainerOptions, directory: Path) -> Path:
    """Where the files are that a container sees: another's, if it shares its network.

    `directory` is the container's own.
    """
    if options.network.startswith(OTHER):
        return directory.parent / options.network.removeprefix(OTHER)
    return directory


def shared_hostname(container: Container) -> str:
    """The name that a container has with the network of another; "" without."""
    if not container.options.network.startswith(OTHER):
        return ""
    path = source(container.options, container.directory) / "hostname"
    return _text_of(str(path)).decode().strip()


def settle(container: Container, sandbox: Sandbox) -> None:
    """Write down where the container is now, and whom it shall ask for names.

    For each start, and when it has been connected to another network meanwhile.
    """
    called = " ".join(_own_names(container))
    own = [f"{endpoint.address}\t{called}\n" for endpoint in sandbox.endpoints]
    gateway = next((one.gateway for one in sandbox.endpoints if one.gateway), "")
    hosts = _hosts(container.options, own, gateway)
    _overwrite(container.directory / "hosts", hosts)
    servers = _resolvers(container.options, sandbox)
    _overwrite(container.directory / "resolv.conf", servers)


def _own_names(container: Container) -> list[str]:
    """How a container is called in its own /etc/hosts."""
    options = container.options
    name = options.hostname or container.short_id
    return [f"{name}.{options.domainname}", name] if options.domainname else [name]


def _overwrite(path: Path, content: bytes) -> None:
    flags = os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
    with files.closing(os.open(path, flags)) as descriptor:
        files.fill(descriptor, len(content), content, path)


def _hosts(options: ContainerOptions, own: list[str], gateway: str = "") -> bytes:
    """`own` are lines about the container; `gateway` is the machine, as it sees it."""
    of_machine = options.network == "host"
    common = _text_of("/etc/hosts") if of_machine else HOSTS.encode()
    machine = "127.0.0.1" if of_machine else gateway
    lines = []
    for name, address in map(names.extra_host, options.extra_hosts):
        found = machine if address == names.HOST_GATEWAY else address
        lines += [f"{found}\t{name}\n"] if found else []
    return common + "".join([*lines, *own]).encode()


def _resolvers(options: ContainerOptions, sandbox: Sandbox) -> bytes:
    """The machine's file, with what was asked for in place of its lines."""
    if any(endpoint.has_names for endpoint in sandbox.endpoints):
        return _of_porter(options)
    machine = _text_of("/etc/resolv.conf")
    servers = options.dns
    if sandbox.endpoints and not servers:
        servers = _reachable(machine)
    asked = {
        "nameserver": servers,
        "search": options.dns_search,
        "options": options.dns_options,
    }
    if not any(asked.values()):
        return machine
    return _lines(machine, asked)


def _of_porter(options: ContainerOptions) -> bytes:
    """All names are asked of the porter: also those without a dot, hence ndots:0."""
    machine = _text_of("/etc/resolv.conf")
    known = options.dns_options or tuple(
        word
        for line in machine.decode(errors="replace").splitlines()
        for word in line.split()[1:]
        if line.split()[0] == "options"
    )
    if not any(word.startswith("ndots:") for word in known):
        known = (*known, "ndots:0")
    asked = {
        "nameserver": (RESOLVER,),
        "search": options.dns_search,
        "options": known,
    }
    return _lines(machine, asked)


def _reachable(machine: bytes) -> tuple[str, ...]:
    """The machine's name servers that can be asked from another network namespace."""
    for content in (machine, _text_of(_OF_SYSTEMD)):
        words = [line.split() for line in content.decode(errors="replace").splitlines()]
        servers = [w[1] for w in words if w[:1] == ["nameserver"] and len(w) > 1]
        found = [one for one in servers if not one.startswith("127.") and one != "::1"]
        if found:
            return tuple(found)
    return _EVERYBODY_S


def _lines(machine: bytes, asked: dict[str, tuple[str, ...]]) -> bytes:
    """resolv.conf: what was asked for, and of the machine's lines the other ones."""
    kept = [
        line
        for line in machine.decode(errors="replace").splitlines()
        if line.split() and line[0] not in "#;" and not asked.get(line.split()[0])
    ]
    domains = [domain for domain in asked["search"] if domain != "."]
    if asked["search"]:
        kept = [line for line in kept if line.split()[0] != "domain"]
    lines = [f"search {' '.join(domains)}"] if domains else []
    lines += [*kept, *(f"nameserver {address}" for address in asked["nameserver"])]
    lines += [f"options {' '.join(asked['options'])}"] if asked["options"] else []
    return "".join(f"{line}\n" for line in lines).encode()


def _text_of(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(_LARGEST)
    except OSError:
        return b""
