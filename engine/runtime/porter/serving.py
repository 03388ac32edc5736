"""Serving: what a porter is, from its fork to its end.

    1  die when the shim dies; close all that is the shim's: its lock first of all
    2  step into the container's network namespace, open 127.0.0.11:53, step back
    3  give up every capability: what comes now was sent by people and programs that
       nobody knows
    4  pass connections and datagrams on, answer names, for ever

A socket belongs for ever to the namespace in which it was made. So one process can have
sockets in two: those at which the machine is reached, and those inside.

man: network_namespaces(7), setns(2), capabilities(7), ip(7) on IP_FREEBIND
Try it: `lab run -d -p 8080:80 busybox httpd -f; cat /proc/$(pgrep lab-porter)/status`
"""

import os
import resource
import socket
from pathlib import Path

from engine import acts, files, gate
from engine.kernel import capabilities, credentials, namespaces, processes
from engine.runtime.loop import Loop
from engine.runtime.porter.datagrams import DatagramListener
from engine.runtime.porter.listening import Door
from engine.runtime.porter.names import Names
from engine.runtime.porter.resolver import Resolver
from engine.runtime.porter.streams import Room, StreamListener
from engine.runtime.sandbox import Sandbox

ADDRESS, PORT = "127.0.0.11", 53
_IP_FREEBIND = 15  # bind(2) also where the loopback is still down
_MOST_STREAMS = 1000  # connections at once; each takes two descriptors
_DESCRIPTORS = 4096


def serve(directory: Path, doors: list[Door], report: socket.socket) -> None:
    """As the new porter of the container in `directory`: serve, until killed.

    Something is said to `report` when all is open.
    """
    gate.leave()  # it is the shim's to be asked
    kept = {door.socket.fileno() for door in doors}
    processes.close_all_but({*kept, report.fileno()})
    processes.name_process("lab-porter")
    _allow_descriptors()
    loop = Loop()
    with acts.recording(directory / "acts.jsonl", "start"):
        credentials.die_with_parent()
        _open(loop, directory, doors)
        capabilities.set_current((), ())
    report.send(b"!")  # to nobody, if the shim has died before we asked to die with it
    report.close()
    while True:
        loop.turn()


def _open(loop: Loop, directory: Path, doors: list[Door]) -> None:
    """Have all at hand that is to be served."""
    sandbox = Sandbox.read(directory) or Sandbox("")
    if any(endpoint.has_names for endpoint in sandbox.endpoints):
        names = Names(directory, _asked_servers(directory))
        Resolver(loop, names, *_open_inside(Path(sandbox.namespace)))
    room = Room(loop, _MOST_STREAMS)
    place = next((one.address for one in sandbox.endpoints if one.gateway), "")
    for door in doors:
        inside = place, door.opened.inside
        if door.opened.protocol == "udp":
            DatagramListener(loop, door.socket, inside)
        else:
            StreamListener(loop, door.socket, inside, room)


def _allow_descriptors() -> None:
    """As many open files as our limit, and what we need, allow."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, _DESCRIPTORS)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _asked_servers(directory: Path) -> tuple[str, ...]:
    """What follows --dns in the container's record."""
    record = files.read_json(directory / "config.json")
    return tuple(map(str, record["options"].get("dns", ())))


def _open_inside(namespace: Path) -> tuple[socket.socket, socket.socket]:
    """The name server's sockets, UDP and TCP, in the container's namespace."""
    with (
        files.closing(namespaces.hold("network")) as ours,
        files.closing(os.open(namespace, os.O_RDONLY | os.O_CLOEXEC)) as theirs,
    ):
        namespaces.enter(theirs, "network", str(namespace))
        try:
            datagrams = _listener(socket.SOCK_DGRAM)
            streams = _listener(socket.SOCK_STREAM)
        finally:
            namespaces.enter(ours, "network", "/proc/self/ns/net")
    streams.listen(16)
    return datagrams, streams


def _listener(kind: socket.SocketKind) -> socket.socket:
    one = socket.socket(socket.AF_INET, kind | socket.SOCK_NONBLOCK)
    one.setsockopt(socket.IPPROTO_IP, _IP_FREEBIND, 1)
    if kind == socket.SOCK_STREAM:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    one.bind((ADDRESS, PORT))
    return one
