"""What this machine's administrator has said about registries: a file, if there is one.

    /etc/labshell/daemon.json        Docker's own keys
      {"registry-mirrors": ["https://mirror.example"],
       "insecure-registries": ["registry.lan:5000", "10.0.0.0/8"],
       "max-concurrent-downloads": 3, "max-concurrent-uploads": 5}
    /etc/labshell/certs.d/HOST/      certificates, as in Docker's certs.d

A mirror stands before docker.io, and only there. An insecure registry may have a
certificate that nobody knows, or none and speak plain HTTP. This machine itself
(127.0.0.0/8, localhost) may always: what is said there, no stranger hears.

Source: the reference of dockerd, "daemon.json"; measured on Docker 20.10
Try it: LABSHELL_CONFIG=/tmp/daemon.json lab pull registry.lan:5000/shop
"""

import ipaddress
import urllib.parse
from pathlib import Path
from typing import NamedTuple

from engine import daemon_json
from engine.errors import InvalidArgument

_DOWNLOADS, _UPLOADS = 3, 5  # layers at once, as Docker does it
_MOST_AT_ONCE = 64
_HERE = ("127.0.0.0/8", "::1/128")


class Settings(NamedTuple):
    """Mirrors as URLs, insecure registries as host[:port] or as a net of addresses.

    `downloads`, `uploads`: how many layers come and go at once.
    """

    mirrors: tuple[str, ...] = ()
    insecure: tuple[str, ...] = ()
    downloads: int = _DOWNLOADS
    uploads: int = _UPLOADS
    directory: Path = Path("/etc/labshell")

    def is_insecure(self, host: str) -> bool:
        """Whether `host` (with its port, if it has one) need not prove who it is."""
        name = host_name(host)
        if host in self.insecure or name in self.insecure or name == "localhost":
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        return any(address in net for net in _nets((*_HERE, *self.insecure)))


def read() -> Settings:
    """What the file says; nothing if there is none. InvalidArgument if it is wrong."""
    said, path = daemon_json.read(), daemon_json.path()
    mirrors = said.texts("registry-mirrors")
    for mirror in mirrors:
        _check_mirror(mirror, path)
    downloads = said.number("max-concurrent-downloads") or _DOWNLOADS
    uploads = said.number("max-concurrent-uploads") or _UPLOADS
    return Settings(
        mirrors=mirrors,
        insecure=said.texts("insecure-registries"),
        downloads=min(downloads, _MOST_AT_ONCE),
        uploads=min(uploads, _MOST_AT_ONCE),
        directory=path.parent,
    )


def host_name(host: str) -> str:
    """The name or address in "host:port" or "[address]:port"."""
    return urllib.parse.urlsplit(f"//{host}").hostname or ""


def _check_mirror(url: str, path: Path) -> None:
    parts = urllib.parse.urlsplit(url)
    if (
        parts.scheme not in ("http", "https")
        or not parts.hostname
        or parts.path.strip("/")
        or parts.query
        or parts.username
    ):
        raise InvalidArgument(
            f'invalid mirror: "{url[:200]}"',
            f"{path}: a mirror is https://HOST[:PORT], without a path or a user.",
        )


def _nets(
    texts: tuple[str, ...],
) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    nets = []
    for text in texts:
        try:
            nets.append(ipaddress.ip_network(text))
        except ValueError:
            continue  # it is a name
    return nets
