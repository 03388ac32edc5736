"""Checks for "A job: three doors": they ask, from where somebody might ask.

this machine     at an address of a container, or at 127.0.0.1 and a published port
other machines   at an address of this one, and a published port
a neighbour      from its network namespace, at an address of the database
"""

import subprocess
import sys
from pathlib import Path

from labshell.lessons.checks import Lab, Outcome
from labshell.lessons.processes import ProcessView, own_namespaces

_LISTENS = "0A"  # the state of a socket, in /proc/PID/net/tcp
_SECONDS = 8.0  # for all places to be asked
# GET the path from each place, ADDRESS:PORT. Nobody there, or no answer, is none.
_ASK = """
import socket, sys
path, *places = sys.argv[1:]
for place in places:
    address, port = place.split(":")
    try:
        with socket.create_connection((address, int(port)), timeout=1) as talk:
            talk.sendall(f"GET {path} HTTP/1.0\\r\\n\\r\\n".encode())
            talk.settimeout(3)
            print(talk.makefile(errors="replace").read(4096))
    except OSError:
        pass
"""


def orders_are_read(lab: Lab) -> Outcome:
    """The orders are there, and are read at this machine alone."""
    order, desk = lab.values["order"], lab.container(lab.values["name"] + "-desk")
    everybodys, own = _published(lab)
    if order in _told("/orders", everybodys):
        return lab.failed(
            "The orders can be read, and not at this machine alone.", earned=2
        )
    if order in _told("/orders", [*_places(desk.process), *own]):
        return lab.passed("Who is at this machine reads the orders.")
    if order.encode() not in (desk.content("/dev/shm/orders") or b""):
        return lab.failed("The orders are gone: {{name}}-desk had them in memory.")
    if addresses := sorted(desk.process.network.addresses):
        return lab.failed(
            "{{name}}-desk has its orders, and the address {subject}. But this machine "
            "gets no answer there.",
            earned=1,
            subject=addresses[0],
        )
    return lab.failed("{{name}}-desk has its orders, and no address.")


def page_is_public(lab: Lab) -> Outcome:
    """The page is to be had at a published port, from other machines, too."""
    sign = lab.values["sign"]
    web = lab.container(lab.values["name"] + "-web").process
    everybodys, own = _published(lab)
    if sign in _told("/", everybodys):
        return lab.passed("Whoever reaches this machine is given the page.")
    if sign in _told("/", own):
        return lab.failed(
            "The page is to be had at this machine, and from no other.", earned=2
        )
    if sign in _told("/", _places(web)):
        return lab.failed(
            "{{name}}-web answers at its own address, but no port of this machine "
            "leads there.",
            earned=1,
        )
    if _published(lab, lab.values["name"] + "-web")[0]:
        return lab.failed(
            "A port of this machine leads to {{name}}-web, for everybody. But it does "
            "not answer there.",
            earned=1,
        )
    return lab.failed("Nobody sees the page.")


def stock_is_asked_by_web_alone(lab: Lab) -> Outcome:
    """The page has what only the database knows, and nobody else is told it."""
    box, lot = lab.container(lab.values["name"] + "-stock"), lab.values["lot"]
    stock, web = box.process, lab.container(lab.values["name"] + "-web").process
    everybodys, _ = _published(lab)
    page = _told("/", everybodys)
    if box.image_id != lab.image(lab.values["name"] + ":stock").id:
        return lab.failed("{{name}}-stock was made of another image.")
    if stock.shares("network", own_namespaces()):
        return lab.failed("{{name}}-stock is on the network of this machine.")
    if lab.values["sign"] not in page:
        return lab.failed("From other machines, the page is not to be had.")
    if lot not in page or lot not in _told("/shelf", _places(stock, web), web):
        return lab.failed(
            "The page is there. But {{name}}-web gets no answer from {{name}}-stock."
        )
    if lot in _told("/shelf", everybodys):
        return lab.failed(
            "The page says what is on the shelf. A published port leads to the "
            "database as well.",
            earned=2,
        )
    for other in sorted(one.name for one in lab.engine.containers()):
        asks = lab.container(other).process
        if asks in (stock, web):
            continue
        if lot in _told("/shelf", _places(stock, asks), asks):
            return lab.failed(
                "The page says what is on the shelf. {subject} can ask the database "
                "as well.",
                earned=3,
                subject=other,
            )
    return lab.passed("The shop knows what is on the shelf, and nobody else asks.")


def _told(path: str, places: list[str], asks: ProcessView | None = None) -> str:
    """All that is answered at these places to one who asks from where `asks` is.

    Without a process: from this machine.
    """
    enter = ["nsenter", "--target", str(asks.pid), "--net"] if asks else []
    if not places:
        return ""
    return subprocess.run(
        [*enter, sys.executable, "-I", "-S", "-c", _ASK, path, *places],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        timeout=_SECONDS,
    ).stdout


def _published(lab: Lab, name: str = "") -> tuple[list[str], list[str]]:
    """Published ports, as ADDRESS:PORT: those of other machines, and of this one.

    Those of all containers, or of one.
    """
    everybodys, own = [], []
    gateways = [switch.gateway for switch in lab.engine.switches() if switch.on]
    named = [one for one in lab.engine.containers() if name in ("", one.name)]
    for one in named:
        ports = lab.engine.inspect(one.id, "container")["NetworkSettings"]["Ports"]
        for place in (each for places in ports.values() for each in places or ()):
            address, port = place["HostIp"], place["HostPort"]
            if address == "0.0.0.0":
                everybodys += [f"{gateway}:{port}" for gateway in gateways]
            elif address.startswith("127."):
                own.append(f"{address}:{port}")
            elif ":" not in address:
                everybodys.append(f"{address}:{port}")
    return everybodys, own


def _places(process: ProcessView, asks: ProcessView | None = None) -> list[str]:
    """Every ADDRESS:PORT at which somebody who is on its network may listen.

    127.0.0.1 is one of them for who asks from the same network.
    """
    ports = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{process.pid}/net/{table}").read_text().splitlines():
            fields = line.split()
            if fields[3] == _LISTENS:
                ports.add(int(fields[1].rpartition(":")[2], 16))
    addresses = set(process.network.addresses)
    if asks is not None and asks.shares("network", process.namespaces):
        addresses.add("127.0.0.1")
    return [f"{address}:{port}" for address in sorted(addresses) for port in ports]
