"""Names: containers find each other where they share a network, and nowhere else."""

import contextlib
import os
import signal
import socket
import struct
import threading
from collections.abc import Iterator

import pytest

from engine.engine import Container
from engine.runtime.porter import messages
from tests.engine.boxes import Box, until
from tests.engine.test_ports import porters

pytestmark = pytest.mark.require("root", "overlay")


@pytest.fixture
def front(box: Box) -> Iterator[str]:
    """A network with names; what is in it goes before it does."""
    box.engine.create_network("front")
    yield "front"
    for container in box.engine.containers(all=True):
        box.engine.remove(container.id, force=True)
    for network in box.engine.networks():
        if not network.predefined:
            box.engine.remove_network(network.name)


def found(box: Box, container: Container, name: str) -> list[str]:
    """The addresses that a container finds for a name."""
    lines = box.execute(container.id, "nslookup", name).lines
    return [line.split()[1] for line in lines[2:] if line.startswith("Address")]


def address(box: Box, container: Container, network: str = "front") -> str:
    """Where a container is."""
    sandbox = box.engine.sandbox(container.id)
    assert sandbox
    return next(one.address for one in sandbox.endpoints if one.network == network)


@pytest.mark.vm
def test_a_container_is_found_by_name_alias_and_short_id(box: Box, front: str) -> None:
    web = box.begin(name="Web", network=front, network_aliases=("www",))
    asking = box.begin(network=front)
    for name in ("Web", "web", "www", web.short_id, "web.front", "www.front"):
        assert found(box, asking, name) == [address(box, web)]
    there = box.execute(asking.id, "nslookup", address(box, web)).out
    assert "name = Web.front" in there


def test_all_containers_of_an_alias_are_found_each_first_in_turn(
    box: Box, front: str
) -> None:
    webs = [box.begin(network=front, network_aliases=("web",)) for _ in range(3)]
    asked = [found(box, webs[0], "web") for _ in range(3)]
    assert {frozenset(one) for one in asked} == {frozenset(map_addresses(box, webs))}
    assert len({one[0] for one in asked}) > 1


def map_addresses(box: Box, containers: list[Container]) -> list[str]:
    return [address(box, one) for one in containers]


def test_only_who_shares_a_network_is_found(box: Box, front: str) -> None:
    box.engine.create_network("back")
    box.begin(name="hidden", network="back")
    box.begin(name="plain", network="bridge")
    asking = box.begin(network=front, dns=("127.53.0.1",))
    assert found(box, asking, "hidden") == []
    assert found(box, asking, "plain") == []


def test_the_default_bridge_has_no_names(box: Box) -> None:
    box.begin(name="plain", network="bridge")
    told = box.run("cat", "/etc/resolv.conf", network="bridge").out
    assert "127.0.0.11" not in told


def test_what_is_connected_later_is_found_and_finds(box: Box, front: str) -> None:
    web = box.begin(name="web", network=front)
    late = box.begin(name="late", network="bridge")
    box.engine.connect(front, late.id, {})
    assert found(box, late, "web") == [address(box, web)]
    assert found(box, web, "late") == [address(box, late)]
    box.engine.disconnect(front, late.id)
    assert found(box, web, "late") == []


def test_a_new_name_is_found_and_what_has_ended_is_not(box: Box, front: str) -> None:
    web = box.begin(name="web", network=front)
    asking = box.begin(network=front)
    box.engine.rename("web", "site")
    assert found(box, asking, "site") == [address(box, web)]
    assert found(box, asking, "web") == []
    box.engine.stop("site", timeout=0)
    assert found(box, asking, "site") == []


def test_the_resolver_is_named_in_resolv_conf(box: Box, front: str) -> None:
    asked = {"dns_search": ("example.org",), "dns_options": ("timeout:2",)}
    told = box.run("cat", "/etc/resolv.conf", network=front, **asked)
    assert told.lines == [
        "search example.org",
        "nameserver 127.0.0.11",
        "options timeout:2 ndots:0",
    ]


def test_a_container_knows_itself_and_the_machine(box: Box, front: str) -> None:
    hosts = box.run(
        *("sh", "-c", "hostname -i; awk '/door/ {print $1}' /etc/hosts; ip route"),
        network=front,
        extra_hosts=("door:host-gateway",),
    ).lines
    assert hosts[0].startswith("172.") or hosts[0].startswith("10.")
    assert hosts[2].startswith(f"default via {hosts[1]} ")


@pytest.fixture
def server() -> Iterator[str]:
    """A name server of the machine that knows every name, over UDP and TCP."""
    place = ("127.53.0.1", 53)
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams,
        socket.create_server(place) as listener,
    ):
        datagrams.bind(place)
        for work in (by_datagrams, by_streams):
            one = datagrams if work is by_datagrams else listener
            threading.Thread(target=work, args=(one,), daemon=True).start()
        yield place[0]
        for closing in (datagrams, listener):
            with contextlib.suppress(OSError):
                closing.shutdown(socket.SHUT_RDWR)


def reply(data: bytes) -> bytes:
    records = [messages.address_record("192.0.2.7")]
    return messages.answer(messages.read_query(data), records, longest=512)


def by_datagrams(one: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while True:
            data, sender = one.recvfrom(4096)
            if not data:
                return
            one.sendto(reply(data), sender)


def by_streams(listener: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while True:
            with listener.accept()[0] as one:
                told = reply(one.recv(4096)[2:])
                one.sendall(struct.pack(">H", len(told)) + told)


def test_other_names_are_asked_of_the_name_server_that_was_named(
    box: Box, front: str, server: str
) -> None:
    asking = box.begin(network=front, dns=(server,))
    assert "192.0.2.7" in found(box, asking, "www.example.org")


def test_a_question_over_tcp_is_asked_over_tcp(
    box: Box, front: str, server: str
) -> None:
    asking = box.begin(network=front, dns=(server,))
    header = struct.pack(">6H", 7, 0x0100, 1, 0, 0, 0)
    question = header + messages.write_name("a.example.org") + struct.pack(">2H", 1, 1)
    asked = struct.pack(">H", len(question)) + question
    told = box.execute(
        asking.id, "timeout", "3", "nc", "127.0.0.11", "53", stdin=asked
    ).raw
    assert told.endswith(socket.inet_aton("192.0.2.7"))


def test_from_an_internal_network_no_question_leads_out(
    box: Box, front: str, server: str
) -> None:
    box.engine.create_network("inner", internal=True)
    web = box.begin(name="web", network="inner", dns=(server,))
    assert found(box, web, "web") == [address(box, web, "inner")]
    assert found(box, web, "www.example.org") == []


def test_garbage_harms_nobody(box: Box, front: str) -> None:
    web = box.begin(name="web", network=front)
    [porter] = porters(web)
    for _ in range(5):
        box.execute(web.id, "nc", "-u", "-w1", "127.0.0.11", "53", stdin=os.urandom(99))
    assert found(box, web, "web") == [address(box, web)]
    assert porters(web) == [porter]


def test_a_resolver_that_was_killed_is_replaced(box: Box, front: str) -> None:
    web = box.begin(name="web", network=front)
    [porter] = porters(web)
    os.kill(porter, signal.SIGKILL)
    until(lambda: set(porters(web)) - {porter}, "another porter")
    until(lambda: found(box, web, "web"), "an answer")
