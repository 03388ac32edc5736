"""Published ports: reached from everywhere, taken once, given back whatever happens."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import wording
from engine.engine import Container
from engine.errors import Conflict, EngineError
from tests.engine.boxes import Box, until

ECHO = ("nc", "-ll", "-p", "80", "-e", "cat")
UDP_ECHO = """
import socket
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
    one.bind(("", 53))
    while True:
        one.sendto(*one.recvfrom(1000))
"""
pytestmark = pytest.mark.require("root", "overlay")


def serving(box: Box, *asked: str, **options: object) -> Container:
    """A container that says back what it hears at its port 80."""
    return box.begin(*ECHO, network="bridge", ports=asked, **options)


def outside(container: Container) -> int:
    """The port of the machine that leads to it."""
    return container.state.ports[0].port


def said_back(place: tuple[str, int], data: bytes) -> bytes:
    """What comes back for `data`, whose end is told, until the other end is told."""
    with socket.create_connection(place, timeout=5) as one:
        sender = threading.Thread(target=sent, args=(one, data))
        sender.start()
        answer = b"".join(iter(lambda: one.recv(1 << 16), b""))
        sender.join()
        return answer


def sent(one: socket.socket, data: bytes) -> None:
    with contextlib.suppress(OSError):
        one.sendall(data)
        one.shutdown(socket.SHUT_WR)


def answers(place: tuple[str, int]) -> bool:
    """Whether somebody is there who says back what is said."""
    try:
        return said_back(place, b"hello") == b"hello"
    except OSError:
        return False


def reached(place: tuple[str, int]) -> bool:
    """The same, once the program inside listens."""
    until(lambda: answers(place), f"an answer at {place}")
    return True


@pytest.mark.vm
@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_a_published_port_leads_inside(box: Box, address: str) -> None:
    container = serving(box, "80")
    place = address, outside(container)
    assert reached(place)
    data = os.urandom(3_000_000)
    assert said_back(place, data) == data


def test_another_container_reaches_it_through_the_machine(box: Box) -> None:
    port = outside(serving(box, "80"))
    assert reached(("127.0.0.1", port))
    script = (
        f"gate=$(ip route | awk '/default/ {{print $3}}'); echo hi | nc $gate {port}"
    )
    assert box.run("sh", "-c", script, network="bridge").out == "hi\n"


def test_datagrams_come_back_to_whoever_has_sent_them(box: Box) -> None:
    container = box.begin(network="bridge", ports=("53/udp",))
    port, sandbox = outside(container), box.engine.sandbox(container.id)
    assert sandbox
    inside = ["nsenter", f"--net={sandbox.namespace}", sys.executable, "-c", UDP_ECHO]
    with subprocess.Popen(inside) as program:
        for kind, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
            with (
                socket.socket(kind, socket.SOCK_DGRAM) as one,
                socket.socket(kind, socket.SOCK_DGRAM) as other,
            ):
                for each in (one, other):
                    each.connect((address, port))
                    each.settimeout(0.2)
                until(lambda: echoes(one, b"one"), f"an answer at {address}")
                assert echoes(other, b"other")
        program.kill()


def echoes(one: socket.socket, data: bytes) -> bool:
    try:
        one.send(data)
        return one.recv(100) == data
    except OSError:
        return False


def test_a_port_is_published_at_the_address_that_was_asked_for(box: Box) -> None:
    container = serving(box, "127.0.0.1::80")
    assert reached(("127.0.0.1", outside(container)))
    assert [one.address for one in container.state.ports] == ["127.0.0.1"]
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.2", outside(container)), timeout=2)


def test_a_port_that_is_taken_names_the_container_that_has_it(box: Box) -> None:
    port = outside(serving(box, "80", name="first"))
    second = box.create(*ECHO, name="second", network="bridge", ports=(f"{port}:80",))
    with pytest.raises(Conflict) as refused:
        box.engine.start(second.id)
    assert refused.value.message == (
        f"Bind for 0.0.0.0:{port} failed: port is already allocated"
    )
    assert "Container first has it" in refused.value.hint
    assert refused.value.exit_code == 125
    second = box.engine.container("second")
    assert second.state.status == "created"
    assert not (second.directory / "network.json").exists()
    box.engine.stop("first", timeout=0)
    box.engine.start("second")
    assert reached(("127.0.0.1", port))


def test_a_port_that_is_asked_for_twice_is_said_to_be(box: Box) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(Conflict) as refused:
        serving(box, f"127.0.0.1:{port}:80", f"127.0.0.1:{port}:81")
    assert "asked for twice" in refused.value.hint


def test_a_port_that_a_program_of_the_machine_has_is_told_in_dockers_words(
    box: Box,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(EngineError) as refused:
            serving(box, f"127.0.0.1:{port}:80")
    assert refused.value.message == (
        f"Error starting userland proxy: listen tcp4 127.0.0.1:{port}: bind: "
        "address already in use"
    )
    assert f"process {os.getpid()}" in refused.value.hint


def test_the_first_port_of_a_range_that_is_free_is_taken(box: Box) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        container = serving(box, f"127.0.0.1:{port}-{port + 20}:80")
    assert port < outside(container) <= port + 20


def test_all_that_is_exposed_is_published_with_publish_all(box: Box) -> None:
    image = box.image("exposing", {}, ["EXPOSE 80 53/udp"])
    container = box.begin(
        image=image, network="bridge", publish_all=True, exposed=("90",)
    )
    ports = box.engine.inspect(container.id, "container")["NetworkSettings"]["Ports"]
    assert sorted(ports) == ["53/udp", "80/tcp", "90/tcp"]
    assert [place["HostIp"] for place in ports["80/tcp"]] == ["0.0.0.0", "::"]
    low, high = map(int, Path(_LOCAL).read_text().split())
    assert all(low <= int(p[0]["HostPort"]) <= high for p in ports.values())


_LOCAL = "/proc/sys/net/ipv4/ip_local_port_range"


def test_a_port_that_is_only_exposed_is_noted(box: Box) -> None:
    container = box.begin(network="bridge", exposed=("80",))
    found = box.engine.inspect(container.id, "container")
    assert found["NetworkSettings"]["Ports"] == {"80/tcp": None}
    assert found["Config"]["ExposedPorts"] == {"80/tcp": {}}


def test_a_container_that_has_ended_has_no_ports(box: Box) -> None:
    container = serving(box, "80")
    box.engine.stop(container.id, timeout=0)
    ended = box.engine.inspect(container.id, "container")
    assert ended["NetworkSettings"]["Ports"] == {}
    assert ended["HostConfig"]["PortBindings"] == {"80/tcp": [ANYWHERE]}
    with socket.create_server(("", outside(container))):
        pass  # the port is free


ANYWHERE = {"HostIp": "", "HostPort": ""}


def test_taking_a_port_is_an_act_and_a_line_of_the_shell(box: Box) -> None:
    container = serving(box, "127.0.0.1::80")
    found = wording.read(container.directory / "acts.jsonl")
    [bind] = [act for act in found if act["call"] == "bind(2)"]
    assert (bind["concept"], bind["symbol"].partition(":")[0]) == (
        "ports",
        "engine.runtime.porter.listening",
    )
    assert re.fullmatch(
        r"socat TCP4-LISTEN:0,bind=127.0.0.1,fork TCP4:[0-9.]+:80 &",
        bind["shell"],
    )


def test_with_the_machines_network_published_ports_are_discarded(box: Box) -> None:
    container = box.begin(network="host", ports=("80",))
    assert container.state.ports == ()
    told = "Published ports are discarded when using host network mode"
    assert told in box.engine.notices


def test_a_restart_keeps_the_port(box: Box) -> None:
    container = serving(box, "80")
    box.engine.restart(container.id, timeout=0)
    assert outside(box.engine.container(container.id)) == outside(container)
    assert reached(("127.0.0.1", outside(container)))


def porters(container: Container) -> list[int]:
    """The children of its shim that are porters."""
    found = []
    for path in Path("/proc").glob("[0-9]*/status"):
        with contextlib.suppress(OSError):
            text = path.read_text(errors="replace")
            if f"\nPPid:\t{container.state.shim_pid}\n" in text:
                found += [int(path.parent.name)] * text.startswith("Name:\tlab-porter")
    return found


def test_a_porter_that_was_killed_is_replaced(box: Box) -> None:
    container = serving(box, "80")
    assert reached(("127.0.0.1", outside(container)))
    [porter] = porters(container)
    os.kill(porter, signal.SIGKILL)
    until(lambda: set(porters(container)) - {porter}, "another porter")
    assert reached(("127.0.0.1", outside(container)))


def test_the_ports_of_a_killed_shim_are_free(box: Box) -> None:
    container = serving(box, "80")
    [porter] = porters(container)
    os.kill(container.state.shim_pid, signal.SIGKILL)
    until(lambda: not Path(f"/proc/{porter}").exists(), "the end of the porter")
    assert box.engine.container(container.id).state.status == "exited"
    assert box.engine.container(container.id).state.ports == ()
    with socket.create_server(("", outside(container))):
        pass  # the port is free


def test_a_porter_has_no_powers_and_nothing_of_the_shims(box: Box) -> None:
    container = serving(box, "80")
    [porter] = porters(container)
    [drawn] = [one for one in box.engine.processes() if one.role == "porter"]
    assert (drawn.pid, drawn.parent) == (porter, container.state.shim_pid)
    status = Path(f"/proc/{porter}/status").read_text()
    assert re.search(r"^CapEff:\t0+$", status, re.MULTILINE)
    assert re.search(r"^CapPrm:\t0+$", status, re.MULTILINE)
    opened = [os.readlink(path) for path in Path(f"/proc/{porter}/fd").iterdir()]
    assert [name for name in opened if name.endswith(("/alive", ".json"))] == []


def test_where_nobody_listens_inside_a_connection_is_reset(box: Box) -> None:
    container = box.begin(network="bridge", ports=("80",))
    with (
        pytest.raises(ConnectionResetError),
        socket.create_connection(("127.0.0.1", outside(container)), timeout=5) as one,
    ):
        one.recv(1)


def test_without_a_network_nothing_is_published(box: Box) -> None:
    container = box.begin(network="none", ports=("80",))
    assert container.state.ports == ()


@pytest.fixture
def internal(box: Box) -> Iterator[str]:
    """An internal network."""
    box.engine.create_network("inner", internal=True)
    yield "inner"
    for container in box.engine.containers(all=True):
        box.engine.remove(container.id, force=True)
    box.engine.remove_network("inner")


def test_nothing_of_an_internal_network_is_published(box: Box, internal: str) -> None:
    container = box.begin(network=internal, ports=("80",))
    assert container.state.ports == ()
