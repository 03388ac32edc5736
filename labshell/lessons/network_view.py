"""A network namespace, as a check sees it: its addresses, its routes, whom it reaches.

    addresses    /proc/PID/net/fib_trie    those it has, on an interface that is off too
    neighbours   /proc/PID/net/route       whom it reaches without help: interface on
    gateway                                where the default route leads
    reaches      somebody is sent in, and knocks
    addresses_of somebody is sent in, and asks the engine's name server for a name

The kernel shows below /proc/PID/net the network of that process, whoever reads. So only
to knock or to ask must somebody be sent in: a Python of ours, not a program of the
container's.

Source: RFC 1035, section 4 (what a question to a name server looks like)
man: proc(5) on /proc/net, network_namespaces(7), nsenter(1)
Try it: `cat /proc/$(lab inspect -f '{{.State.Pid}}' NAME)/net/route`
"""

import subprocess
import sys
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import NamedTuple

_NOBODY = IPv4Address(0)  # no gateway; as a mask: the route is for everybody
_SECONDS = 5.0  # for somebody to be sent in, and to come back
# Whoever is there answers at once, if only that nobody listens at this port.
_KNOCK = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], 9), timeout=1).close()
except ConnectionRefusedError:
    pass
except OSError:
    sys.exit(1)
"""
# One question, for IPv4 addresses; each record of the answer ends with one.
_ASK = """
import socket, struct, sys
name = b"".join(bytes([len(part)]) + part.encode() for part in sys.argv[1].split("."))
question = struct.pack("!6H", 1, 0x100, 1, 0, 0, 0) + name + bytes([0, 0, 1, 0, 1])
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
    server.settimeout(2)
    try:
        server.sendto(question, ("127.0.0.11", 53))
        answer = server.recv(4096)
    except OSError:
        sys.exit()
for number in range(struct.unpack_from("!H", answer, 6)[0]):
    end = len(question) + 16 * (number + 1)
    print(socket.inet_ntoa(answer[end - 4 : end]))
"""


class _Route(NamedTuple):
    """Where packets for the addresses in `destination` and `mask` go."""

    destination: IPv4Address
    gateway: IPv4Address
    mask: IPv4Address


def _address(number: str) -> IPv4Address:
    """The kernel prints the four bytes as one number of this machine."""
    return IPv4Address(int(number, 16).to_bytes(4, sys.byteorder))


class NetworkView(NamedTuple):
    """The network namespace in which the process `pid` is."""

    pid: int

    @property
    def addresses(self) -> frozenset[str]:
        """Its IPv4 addresses, but for 127.0.0.1 and the like."""
        found, address = set(), ""
        for line in self._lines("fib_trie"):
            if "|-- " in line:
                address = line.split("|-- ")[1]
            elif "/32 host LOCAL" in line:
                found.add(address)
        return frozenset(one for one in found if not one.startswith("127."))

    @property
    def neighbours(self) -> list[IPv4Network]:
        """Whom it reaches without a gateway; the kernel knows no route if it is off."""
        return [
            IPv4Network((route.destination, str(route.mask)))
            for route in self._routes()
            if route.gateway == _NOBODY and route.mask != _NOBODY
        ]

    @property
    def gateway(self) -> str | None:
        """Whom it gives what is for others; None if there is nobody."""
        for route in self._routes():
            if route.mask == _NOBODY and route.gateway != _NOBODY:
                return str(route.gateway)
        return None

    def reaches(self, address: str) -> bool:
        """Does somebody at this address answer to one who asks from in there?"""
        return self._send_in(_KNOCK, address).returncode == 0

    def addresses_of(self, name: str) -> frozenset[str]:
        """What the engine's name server in there says of a name; nothing without one.

        IPv4 addresses. Not what the container's own /etc/hosts says.
        """
        return frozenset(self._send_in(_ASK, name).stdout.split())

    def _send_in(
        self, program: str, argument: str
    ) -> "subprocess.CompletedProcess[str]":
        enter = ["nsenter", "--target", str(self.pid), "--net"]
        return subprocess.run(
            [*enter, sys.executable, "-I", "-S", "-c", program, argument],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            timeout=_SECONDS,
        )

    def _routes(self) -> list[_Route]:
        lines = [line.split() for line in self._lines("route")[1:]]
        return [_Route(*map(_address, (one[1], one[2], one[7]))) for one in lines]

    def _lines(self, name: str) -> list[str]:
        try:
            return (
                Path(f"/proc/{self.pid}/net/{name}")
                .read_text(errors="replace")
                .splitlines()
            )
        except OSError:
            return []  # it has ended meanwhile
