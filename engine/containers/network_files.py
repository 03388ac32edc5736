"""The three files that differ in every container: hosts, hostname, resolv.conf.

They lie in the container's directory and are bind-mounted over /etc: what the image
has there is hidden, and what a program writes there stays out of `diff` and `commit`.

    hosts         name -> address, asked first; --add-host adds a line
    resolv.conf   which name servers to ask then: the machine's, or --dns
    hostname      what the container is called

man: hosts(5), resolv.conf(5), hostname(5)
Try it: `lab run --rm --add-host db:10.0.0.7 busybox cat /etc/hosts`
"""

import os
from collections.abc import Sequence
from pathlib import Path

from engine import entries, files
from engine.containers.options import names
from engine.containers.options.asked import ContainerOptions
from engine.containers.record import Container
from engine.network.membership import OTHER

HOSTS = """\
127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::0\tip6-localnet
ff00::0\tip6-mcastprefix
ff02::1\tip6-allnodes
ff02::2\tip6-allrouters
"""
_LARGEST = 1 << 20  # bytes of a file of the machine


def write(directory: Path, options: ContainerOptions, hostname: str) -> None:
    """Write the three files into `directory`.

    Who shares the network of another container sees that one's files: see `source`.
    """
    contents = {
        "hosts": _hosts(options),
        "hostname": f"{hostname}\n".encode(),
        "resolv.conf": _resolvers(options),
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


def enter_addresses(container: Container, addresses: Sequence[str]) -> None:
    """Write the container's own addresses into its /etc/hosts, and take old ones out.

    It may be mounted in a running container: so the file stays, and what is in it
    changes.
    """
    path = container.directory / "hosts"
    names = _own_names(container)
    kept = [
        line
        for line in _text_of(str(path)).splitlines(keepends=True)
        if line.decode(errors="replace").split()[1:] != names
    ]
    line = "\t".join(("{}", " ".join(names)))
    own = [f"{line}\n".format(address).encode() for address in addresses]
    with files.closing(os.open(path, os.O_WRONLY | os.O_CLOEXEC)) as descriptor:
        content = b"".join((*kept, *own))
        os.ftruncate(descriptor, 0)
        files.fill(descriptor, len(content), content, path)


def _own_names(container: Container) -> list[str]:
    """How a container is called in its own /etc/hosts."""
    options = container.options
    name = options.hostname or container.short_id
    return [f"{name}.{options.domainname}", name] if options.domainname else [name]


def _hosts(options: ContainerOptions) -> bytes:
    own = _text_of("/etc/hosts") if options.network == "host" else HOSTS.encode()
    extra = map(names.extra_host, options.extra_hosts)
    return own + "".join(f"{address}\t{name}\n" for name, address in extra).encode()


def _resolvers(options: ContainerOptions) -> bytes:
    """The machine's file, with what was asked for in place of its lines."""
    machine = _text_of("/etc/resolv.conf")
    asked = {
        "nameserver": options.dns,
        "search": options.dns_search,
        "options": options.dns_options,
    }
    if not any(asked.values()):
        return machine
    kept = [
        line
        for line in machine.decode(errors="replace").splitlines()
        if line.split() and line[0] not in "#;" and not asked.get(line.split()[0])
    ]
    domains = [domain for domain in options.dns_search if domain != "."]
    if options.dns_search:
        kept = [line for line in kept if line.split()[0] != "domain"]
    lines = [f"search {' '.join(domains)}"] if domains else []
    lines += [*kept, *(f"nameserver {address}" for address in options.dns)]
    lines += [f"options {' '.join(options.dns_options)}"] if options.dns_options else []
    return "".join(f"{line}\n" for line in lines).encode()


def _text_of(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(_LARGEST)
    except OSError:
        return b""
