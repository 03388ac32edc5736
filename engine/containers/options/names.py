"""Names that were asked for: --hostname, --domainname, --add-host, --dns.

Nothing here is looked up: these are lines of files that a program inside will read
(see network_files.py).

man: hostname(7), hosts(5), resolv.conf(5)
Try it: `lab run --rm --add-host db:10.0.0.7 busybox cat /etc/hosts`
"""

import ipaddress
import os
import re

from engine.containers.options.asked import ContainerOptions
from engine.errors import InvalidArgument

LONGEST_HOSTNAME = 64
HOST_GATEWAY = "host-gateway"  # the machine, as the container reaches it
_DOMAIN = r"(?=.{1,253}\Z)[\w-]{1,63}(\.[\w-]{1,63})*\.?\Z"
_MOST = 1000  # lines of one file


def check(options: ContainerOptions) -> None:
    """Raise InvalidArgument, in Docker's words, for what is no name or address."""
    for name, what in (
        (options.hostname, "hostname"),
        (options.domainname, "domainname"),
    ):
        if name and len(os.fsencode(name)) > LONGEST_HOSTNAME:
            raise InvalidArgument(
                f"invalid {what}: {name[:80]!r} is too long",
                f"The kernel takes {LONGEST_HOSTNAME} bytes at most.",
            )
    for text in options.extra_hosts:
        extra_host(text)
    for address in options.dns:
        if not _is_address(address):
            raise InvalidArgument(
                f"IP address is not correctly formatted: {address}",
                "--dns 9.9.9.9: the address of a name server, not its name.",
            )
    for domain in options.dns_search:
        if domain != "." and not re.match(_DOMAIN, domain, re.ASCII):
            raise InvalidArgument(
                f"{domain} is not a valid domain", "As in example.org; . for none."
            )
    for option in options.dns_options:
        if not option or not option.isprintable() or " " in option:
            raise InvalidArgument(f"invalid --dns-option: {option!r}", "As in ndots:2.")
    if len(options.extra_hosts) + len(options.dns) > _MOST:
        raise InvalidArgument("too many lines for one file", f"{_MOST} at most.")


def extra_host(text: str) -> tuple[str, str]:
    """The name and the address that --add-host names: "db:10.0.0.7", "db=::1".

    Or HOST_GATEWAY, which is known when the container is given a network.
    """
    separator = "=" if "=" in text else ":"
    name, found, address = text.partition(separator)
    if not found or not name or not name.isprintable() or " " in name:
        raise InvalidArgument(
            f'bad format for add-host: "{text}"', "NAME:ADDRESS, as in db:10.0.0.7."
        )
    if address == HOST_GATEWAY:
        return name, address
    address = address.removeprefix("[").removesuffix("]")
    if not _is_address(address):
        raise InvalidArgument(
            f'invalid IP address in add-host: "{address}"', "As in db:10.0.0.7."
        )
    return name, address


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
