"""Networks that were asked for: --network, --ip, --network-alias, --mac-address.

    bridge          (or nothing said) the network that is always there
    NAME            one that `lab network create` has made; or several of these two
    none            a network namespace with only loopback
    host            none of its own: it has the machine's network
    container:NAME  that of another container, which must run

Source: docker run(1)
Try it: `lab run --rm --network none busybox ip address`
"""

import re
from collections.abc import Sequence

from engine.containers.options.asked import ContainerOptions
from engine.errors import InvalidArgument
from engine.network.membership import (
    BRIDGE,
    OTHER,
    Membership,
    has_own_namespace,
)

_MAC = re.compile(r"[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}\Z")
_MOST = 100  # aliases


def check(options: ContainerOptions) -> None:
    """Raise InvalidArgument, in Docker's words, for contradictions."""
    mode = options.network
    if mode in ("", OTHER):
        raise InvalidArgument(
            f"invalid --network: {mode!r}", "bridge, none, host, container:NAME, NAME."
        )
    if mode.startswith(OTHER):
        _check_shared(options)
    if options.ip and (mode == BRIDGE or not has_own_namespace(mode)):
        raise InvalidArgument(
            "user specified IP address is supported on user defined networks only",
            "`lab network create --subnet 10.10.0.0/24 NAME`, then --network NAME.",
        )
    if options.network_aliases and (mode == BRIDGE or not has_own_namespace(mode)):
        raise InvalidArgument(
            "network-scoped alias is supported only for containers in user defined "
            "networks",
            "`lab network create NAME`, then --network NAME.",
        )
    if options.mac_address:
        check_mac(options.mac_address)
        if not has_own_namespace(mode):
            raise InvalidArgument(
                "conflicting options: mac-address and the network mode",
                f"With --network {mode} there is no interface to give it to.",
            )
    check_aliases(options.network_aliases)
    _check_several((mode, *options.more_networks))


def _check_several(modes: Sequence[str]) -> None:
    """What shares the network of another has no room for networks of its own."""
    if len(modes) > 1 and not all(mode and has_own_namespace(mode) for mode in modes):
        raise InvalidArgument(
            f"conflicting options: --network {' and '.join(modes)}",
            "Several --network are names of networks; none, host and container: alone.",
        )


def _check_shared(options: ContainerOptions) -> None:
    """What belongs to the network, and so is the other container's to say."""
    for what, value in (
        ("hostname", options.hostname),
        ("dns", options.dns),
        ("custom host-to-IP mapping", options.extra_hosts),
    ):
        if value:
            raise InvalidArgument(
                f"conflicting options: {what} and the network mode",
                "That is what the other container has: leave it out.",
            )


def check_mac(text: str) -> None:
    """Raise InvalidArgument unless this may be the hardware address of one interface.

    The lowest bit of the first byte says "to many": no interface is called so.
    """
    if not _MAC.match(text) or int(text[:2], 16) & 1:
        raise InvalidArgument(
            f"{text} is not a valid mac address", "As in 02:42:ac:11:00:02."
        )


def check_aliases(aliases: Sequence[str]) -> None:
    """Raise InvalidArgument unless each of these may be a name of a host."""
    for text in aliases:
        if not re.match(r"[\w](?:[\w.-]{0,62})\Z", text, re.ASCII):
            raise InvalidArgument(
                f"invalid network alias: {text[:80]!r}",
                "Letters, digits, - and _ and .",
            )
    if len(aliases) > _MOST:
        raise InvalidArgument("too many network aliases", f"{_MOST} at most.")


def memberships(
    options: ContainerOptions, networks: Sequence[str]
) -> tuple[Membership, ...]:
    """The networks that a new container belongs to; `networks` are their names.

    What was asked of an address is about the first. InvalidArgument if one is twice.
    """
    if not has_own_namespace(options.network):
        return ()
    for name in networks:
        if networks.count(name) > 1:
            raise InvalidArgument(
                f"network {name!r} is specified multiple times", "Once is enough."
            )
    first = Membership(
        network=networks[0],
        aliases=options.network_aliases,
        address=options.ip or "",
        mac=options.mac_address or "",
    )
    return (first, *(Membership(network=name) for name in networks[1:]))
