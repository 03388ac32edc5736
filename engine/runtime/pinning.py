"""Pinning: a network namespace that lives without a process in it.

    engine ── asks ──▶ spawner ── fork ──▶ child ── unshare ── mounts it on a file
       ▲                                     │
       └──── the namespace, and a netlink ───┘ ends
             socket that was opened in it

The engine has threads and must not change its own namespaces, the spawner must not
either, so a throw-away child does. What it sends back is all that the engine needs to
set the namespace up from outside: see kernel/netlink.py.

With --userns the namespace must belong to the container's user namespace. A child of
the child makes both (see kernel/user_namespaces.py), and is thrown away; whoever starts
the container finds the user namespace again as the owner of the pinned one.

A namespace is a file of /proc/PID/ns; mounted somewhere else it stays when PID ends.
That is also all that `ip netns add` does.

man: network_namespaces(7), unshare(2), setns(2), unix(7) on SCM_RIGHTS
Try it: `ls -l /run/labshell/*/netns; ip netns help`
"""

import contextlib
import os
import socket
from pathlib import Path
from typing import Any, NoReturn

from engine import acts, gate
from engine.errors import EngineError, from_os_error
from engine.kernel import links, mounts, namespaces, netlink, parameters, processes
from engine.runtime import channel, sandbox

_NO_IPV6 = "net.ipv6.conf.default.disable_ipv6"  # nobody gives out such addresses


def serve(
    request: dict[str, Any], descriptors: list[int], connection: socket.socket
) -> NoReturn:
    """As a child of the spawner: make or enter the namespace, send it, and end.

    `descriptors`: the gate, if somebody is to be asked before each act.
    """
    try:
        if descriptors:
            gate.install(descriptors[0])
        record, pin = Path(request["acts"]), Path(request["pin"])
        with acts.recording(record, "start", at_once=request["at_once"]):
            found = _enter(pin, request.get("identities"))
        _hand_over(connection, found, record.parent, pin)
    except EngineError as error:
        connection.send(channel.failure(error))
    except OSError as error:
        connection.send(channel.failure(from_os_error(error)))
    finally:
        processes.leave(0)


def _hand_over(
    connection: socket.socket, found: tuple[int, int], directory: Path, pin: Path
) -> None:
    """Send what was made; if whoever asked was killed, nothing of it may stay.

    As long as there is a network.json, whoever takes that away takes this away too.
    """
    try:
        channel.send(connection, {"ok": True}, found)
    except ConnectionError:
        if not sandbox.exists(directory):
            sandbox.unpin(pin)


def _enter(pin: Path, identities: list[int] | None) -> tuple[int, int]:
    """Go into the namespace at `pin`: a descriptor of it, and a netlink socket.

    A new one belongs to the machine's user namespace, or with `identities`, the first
    and their number, to a new one in which those are mapped.
    """
    if sandbox.is_pinned(pin):
        opened = os.open(pin, os.O_RDONLY | os.O_CLOEXEC)
        namespaces.enter(opened, "network", str(pin))
        return opened, netlink.open_socket()
    if identities:
        from engine.kernel import user_namespaces  # few containers have one

        users, network = user_namespaces.open_new(("user", "network"), *identities)
        namespaces.enter(network, "network", "/proc/$CHILD/ns/net")
        os.close(users)
        os.close(network)
    else:
        namespaces.unshare(("network",))
    links.set_up("lo")
    if parameters.value(_NO_IPV6) == "0":
        parameters.set_for_machine(_NO_IPV6, "1")
    with contextlib.suppress(FileExistsError):  # left by somebody who was killed
        os.close(os.open(pin, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    mounts.bind(Path("/proc/self/ns/net"), pin, str(pin), False)
    return namespaces.hold("network"), netlink.open_socket()
