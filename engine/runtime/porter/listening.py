"""Listening: taking the ports of the machine that were asked for.

    -p 8080:80            0.0.0.0:8080 and [::]:8080      every address of the machine
    -p 127.0.0.1:8080:80  127.0.0.1:8080                  that one
    -p 80                 any port that is free: the kernel chooses
    -p 8000-8010:80       the first of these that is free

Nobody keeps a list of ports that are taken: the kernel does. Who has bound a port has
it, and who dies gives it back. So two containers, of whatever engine, and any other
program, can never have the same one; and where a port is taken, the kernel tells by
whom (holders.py).

The shim binds, and keeps the sockets: a porter that is killed loses no port, and who
connects meanwhile waits for the next one.

man: bind(2), listen(2), ipv6(7) on IPV6_V6ONLY, ip(7) on ip_local_port_range
Try it: `lab run -d -p 8080:80 busybox httpd -f; ss -ltnp`
"""

import errno
import os
import socket
from collections.abc import Iterable
from contextlib import ExitStack
from typing import NamedTuple

from engine.errors import Conflict, EngineError
from engine.kernel import ports
from engine.runtime.sandbox import Opened, Published

_EVERY = {socket.AF_INET: "0.0.0.0", socket.AF_INET6: "::"}
_KINDS = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}
_WAITING = 1024  # connections that may wait to be accepted
_ATTEMPTS = 20  # to find a port that is free for IPv4 and IPv6


class Door(NamedTuple):
    """A port that has been taken, and the socket that has it."""

    opened: Opened
    socket: socket.socket


def take(wanted: Iterable[Published], place: str) -> list[Door]:
    """Take all of these ports, or none, for the container whose address is `place`.

    EngineError if one is not to be had, Conflict if another container has it.
    """
    doors: list[Door] = []
    with ExitStack() as unless_all:
        for one in wanted:
            for door in _any_of(one, place):
                unless_all.callback(door.socket.close)
                doors.append(door)
        unless_all.pop_all()
    return doors


def _any_of(wanted: Published, place: str) -> list[Door]:
    """The first port of a range that is free; a chosen one for none in particular."""
    numbers = range(wanted.first, wanted.last + 1) if wanted.last else [0] * _ATTEMPTS
    for left, port in zip(range(len(numbers))[::-1], numbers, strict=True):
        try:
            return _bind(wanted, port, place)
        except OSError as error:
            if error.errno == errno.EADDRINUSE and left:
                continue
            raise _refused(wanted, port, error) from error
    raise ValueError("a range of no ports")


def _bind(wanted: Published, port: int, place: str) -> list[Door]:
    """Take one port at the address, or at every address: then of both families."""
    with ExitStack() as unless_all:
        doors: list[Door] = []
        for family in _families(wanted.address):
            address = wanted.address or _EVERY[family]
            try:
                one = _listener(family, wanted, address, port, place)
            except OSError as error:
                if not wanted.address and error.errno in _NO_SUCH_FAMILY and doors:
                    continue  # this machine has no IPv6
                raise
            unless_all.callback(one.close)
            port = one.getsockname()[1]
            opened = Opened(address, port, wanted.inside, wanted.protocol)
            doors.append(Door(opened, one))
        unless_all.pop_all()
    return doors


_NO_SUCH_FAMILY = (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL)


def _families(address: str) -> list[socket.AddressFamily]:
    if not address:
        return list(_EVERY)
    return [socket.AF_INET6 if ":" in address else socket.AF_INET]


def _listener(
    family: socket.AddressFamily, wanted: Published, address: str, port: int, place: str
) -> socket.socket:
    protocol = wanted.protocol
    one = socket.socket(family, _KINDS[protocol] | socket.SOCK_NONBLOCK)
    try:
        if family == socket.AF_INET6:  # :: alone would take IPv4, too
            one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if protocol == "tcp":  # connections that have ended do not hold the port
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        ports.take(one, protocol, address, port, f"{place}:{wanted.inside}")
        if protocol == "tcp":
            one.listen(_WAITING)
    except OSError:
        one.close()
        raise
    return one


def _refused(wanted: Published, port: int, error: OSError) -> EngineError:
    """In Docker's words, why a port is not to be had, and who has it."""
    address = wanted.address or "0.0.0.0"
    place = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
    if error.errno == errno.EADDRINUSE:
        from engine.runtime.porter import holders  # most ports are free

        holder = holders.of(wanted.protocol, port)
        if holder and holder.pid == os.getpid():
            return Conflict(
                f"Bind for {place} failed: port is already allocated",
                "It is asked for twice: each port of the machine leads to one place.",
            )
        if holder and holder.container:
            return Conflict(
                f"Bind for {place} failed: port is already allocated",
                f"Container {holder.name} has it: `lab stop {holder.name}`, or another "
                "port.",
            )
        hint = holder.told if holder else "`ss -lntup` tells who has it."
    else:
        hint = "`ip addr` lists the addresses of this machine."
    reason = os.strerror(error.errno or 0).lower()
    family = "6" if ":" in address else "4"
    return EngineError(
        "Error starting userland proxy: listen "
        f"{wanted.protocol}{family} {place}: bind: {reason}",
        hint,
    )
