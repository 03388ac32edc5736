"""Ports: the numbers at which programs of a machine are reached.

A socket is bound to an address and a port, and then nobody else can be: bind(2) fails
with EADDRINUSE, whoever asks. So the kernel keeps the list of ports that are taken, and
gives one back when its socket is closed, however that comes about. Port 0 stands for
any that is free.

What listens there and passes everything on to another place is a proxy. The shell has
socat(1) for that, the engine its porter.

man: bind(2), ip(7), ipv6(7), socat(1)
Try it: `lab run -d --explain=ports --network bridge -p 8080:80 busybox httpd -f`
"""

import socket

from engine.acts import act, os_error
from engine.notes import Unrecorded


def _in_shell(
    descriptor: int, protocol: str, address: str, port: int, place: str, _: object
) -> str:
    family = "6" if ":" in address else "4"
    kind, only = f"{protocol.upper()}{family}", ""
    if family == "6":
        address, only = f"[{address}]", ",ipv6only=1"
    end = f"{protocol.upper()}4:{place}"
    return f"socat {kind}-LISTEN:{port},bind={address}{only},fork {end} &"


def _in_strace(
    descriptor: int, protocol: str, address: str, port: int, place: str, _: object
) -> str:
    if ":" in address:
        return (
            f"{descriptor}, {{sa_family=AF_INET6, sin6_port=htons({port}), "
            f'sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "{address}", &sin6_addr), '
            "sin6_scope_id=0}, 28"
        )
    where = f'sin_port=htons({port}), sin_addr=inet_addr("{address}")'
    return f"{descriptor}, {{sa_family=AF_INET, {where}}}, 16"


def take(
    one: socket.socket, protocol: str, address: str, port: int, place: str
) -> None:
    """Take a port of the machine, which shall lead to `place`, as "172.17.0.2:80".

    OSError if it is taken, or not to be had.
    """
    _bind(one.fileno(), protocol, address, port, place, Unrecorded(one))


@act("bind(2)", _in_shell, _in_strace, refusal=os_error)
def _bind(
    descriptor: int,
    protocol: str,
    address: str,
    port: int,
    place: str,
    one: Unrecorded[socket.socket],
) -> None:
    one.value.bind((address, port))
