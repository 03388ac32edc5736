"""The three files that differ in every container: hosts, hostname, resolv.conf.

They lie in the container's directory and are bind-mounted over /etc: what the image
has there is hidden, and what a program writes there stays out of `diff` and `commit`.

    hosts         name -> address, asked first; --add-host adds a line
    resolv.conf   which name servers to ask then: the machine's, or --dns
    hostname      what the container is called

man: hosts(5), resolv.conf(5), hostname(5)
Try it: `lab run --rm --add-host db:10.0.0.7 busybox cat /etc/hosts`
"""

from pathlib import Path

from engine import entries, files
from engine.containers.options import names
from engine.containers.options.asked import ContainerOptions

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
    """Write the three files into `directory`."""
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


def _hosts(options: ContainerOptions) -> bytes:
    own = _of_machine("/etc/hosts") if options.network == "host" else HOSTS.encode()
    extra = map(names.extra_host, options.extra_hosts)
    return own + "".join(f"{address}\t{name}\n" for name, address in extra).encode()


def _resolvers(options: ContainerOptions) -> bytes:
    """The machine's file, with what was asked for in place of its lines."""
    machine = _of_machine("/etc/resolv.conf")
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


def _of_machine(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(_LARGEST)
    except OSError:
        return b""
