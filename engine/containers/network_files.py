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
from pathlib import Path

from engine.containers.options import ContainerOptions

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
        "resolv.conf": _of_machine("/etc/resolv.conf"),
    }
    flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC
    for name, content in contents.items():
        with open(os.open(directory / name, flags, 0o644), "wb") as file:
            file.write(content)


def _hosts(options: ContainerOptions) -> bytes:
    own = _of_machine("/etc/hosts") if options.network == "host" else HOSTS.encode()
    return own


def _of_machine(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(_LARGEST)
    except OSError:
        return b""
