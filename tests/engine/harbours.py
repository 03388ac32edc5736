"""A machine of a test's own, as far as networks go, and a host outside of it.

    outside  10.99.0.2 ══ veth ══ 10.99.0.1, 10.99.0.3  machine ══ bridge ══ containers

Both are network namespaces. `lab` runs in the machine's, and so does all that it
starts: whatever rules and bridges others have, none of them is here, and no rule that
a test makes is anybody else's.

Try it: see tests/engine/test_published.py
"""

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.shell.lines import Done, Lab

MACHINE, ALSO, OUTSIDE = "10.99.0.1", "10.99.0.3", "10.99.0.2"
SET_UP = f"""
ip -n {{machine}} link set lo up
ip -n {{outside}} link set lo up
ip -n {{machine}} link add out type veth peer eth0 netns {{outside}}
ip -n {{machine}} address add {MACHINE}/24 dev out
ip -n {{machine}} address add {ALSO}/24 dev out
ip -n {{outside}} address add {OUTSIDE}/24 dev eth0
ip -n {{machine}} link set out up
ip -n {{outside}} link set eth0 up
"""
# Tells everybody at its ports, 80 of TCP and 5300 of UDP, who asks, and who it is.
HOST = """
import select, socket, sys
streams = socket.create_server(("", 80))
datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
datagrams.bind(("", 5300))
print("ready", flush=True)
while True:
    for one in select.select([streams, datagrams], [], [])[0]:
        if one is streams:
            guest, (sender, _) = one.accept()
            with guest:
                guest.sendall(f"{sender} {sys.argv[1]}".encode())
        else:
            _, sender = one.recvfrom(10)
            one.sendto(f"{sender[0]} {sys.argv[1]}".encode(), sender)
"""
# A datagram may be lost, as while a bridge gets its first port: so it is sent again.
GUEST = """
import socket, sys
address, port, protocol = sys.argv[1:]
kind = socket.SOCK_DGRAM if protocol == "udp" else socket.SOCK_STREAM
attempts = 10 if protocol == "udp" else 1
with socket.socket(socket.AF_INET, kind) as one:
    one.settimeout(3 / attempts)
    for left in reversed(range(attempts)):
        try:
            if left == attempts - 1:
                one.connect((address, int(port)))
            if protocol == "udp":
                one.send(b"?")
            print(one.recv(100).decode())
            break
        except OSError as error:
            if not left:
                print(f"nobody: {type(error).__name__}")
"""


class Harbour:
    """The machine, its `lab`, and what can be asked from where."""

    def __init__(self, root: Path, machine: str, outside: str) -> None:
        """`machine` and `outside` are the names of the two namespaces."""
        self.root = root
        self.lab_of = Lab(root)
        self.machine, self.outside = f"/run/netns/{machine}", f"/run/netns/{outside}"
        self._hosts: list[subprocess.Popen[bytes]] = []

    def lab(self, *words: str, root: Path | None = None) -> Done:
        """A line of `lab`, on this machine."""
        command = (Lab(root) if root else self.lab_of).command(*words)
        done = self.run(self.machine, *command)
        return Done(
            code=done.returncode, out=done.stdout.decode(), err=done.stderr.decode()
        )

    def run(self, place: str, *command: str) -> subprocess.CompletedProcess[bytes]:
        """A command in the network namespace at the path `place`."""
        enter = ["nsenter", f"--net={place}"]
        return subprocess.run([*enter, *command], capture_output=True, timeout=60)

    def begin(self, name: str, *options: str, root: Path | None = None) -> Done:
        """A container, and in its network a program that tells who asks."""
        line = ("run", "-d", "--name", name, *options, "busybox", "sleep", "1000")
        done = self.lab(*line, root=root)
        assert done.code == 0, done.err
        self.host(name, root=root)
        return done

    def host(self, name: str, root: Path | None = None) -> None:
        """The program alone, for a container that runs already."""
        place = self.sandbox(name, root)["namespace"]
        command = ["nsenter", f"--net={place}", sys.executable, "-c", HOST, name]
        one = subprocess.Popen(command, stdout=subprocess.PIPE)
        self._hosts.append(one)
        assert one.stdout
        assert one.stdout.readline() == b"ready\n"

    def directory(self, name: str, root: Path | None = None) -> Path:
        """Where a container is on disk."""
        return ((root or self.root) / "names" / name).resolve()

    def sandbox(self, name: str, root: Path | None = None) -> dict[str, Any]:
        """What there is of its network."""
        return _json(self.directory(name, root) / "network.json")

    def state(self, name: str) -> dict[str, Any]:
        """What its shim says of it."""
        return _json(self.directory(name) / "state.json")

    def address(self, name: str, number: int = 0) -> str:
        """The address of a container in its first network, or another one."""
        return str(self.sandbox(name)["endpoints"][number]["address"])

    def gateway(self, name: str) -> str:
        """The machine's address in its first network."""
        return str(self.sandbox(name)["endpoints"][0]["gateway"])

    def ask(self, place: str, address: str, port: int, protocol: str = "tcp") -> str:
        """Who answers at `address`, and as whom it sees the one who asks at `place`."""
        guest = (sys.executable, "-c", GUEST, address, str(port), protocol)
        return self.run(place, *guest).stdout.decode().strip()

    def from_outside(self, port: int, address: str = MACHINE, **more: str) -> str:
        """The same, from the host outside."""
        return self.ask(self.outside, address, port, **more)

    def from_container(self, name: str, port: int, address: str = MACHINE) -> str:
        """The same, from a container."""
        return self.ask(self.sandbox(name)["namespace"], address, port)

    def rules(self) -> list[str]:
        """The rules for published ports, of all tables on this machine."""
        listed = self.run(self.machine, "nft", "list", "ruleset").stdout.decode()
        return [line.strip() for line in listed.splitlines() if "dnat ip to" in line]

    def tidy(self) -> None:
        """Remove what a test has made."""
        for one in self._hosts:
            one.kill()
            one.wait()
            assert one.stdout
            one.stdout.close()
        self._hosts.clear()
        for name in self.lab("ps", "-aq").lines:
            self.lab("rm", "-f", name)
        self.lab("network", "prune", "-f")


def _json(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text())
    return found


@contextlib.contextmanager
def opened(root: Path, name: str) -> Iterator[Harbour]:
    """A harbour with an engine root of its own; `name` is of its namespaces."""
    names = {"machine": f"{name}-m", "outside": f"{name}-o"}
    made = []
    try:
        for one in names.values():
            subprocess.run(["ip", "netns", "add", one], check=True)
            made.append(one)
        for line in SET_UP.format(**names).strip().splitlines():
            subprocess.run(line.split(), check=True)
        yield Harbour(root, **names)
    finally:
        for one in made:
            subprocess.run(["ip", "netns", "delete", one], check=True)
