"""The resolver's parser: sound questions are read, and nothing else gets anywhere."""

import contextlib
import ipaddress
import socket
import struct
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as some

from engine.runtime.loop import Loop
from engine.runtime.porter import messages
from engine.runtime.porter.inquiries import Inquiry
from engine.runtime.porter.messages import Garbled, Query
from engine.runtime.porter.resolver import Resolver

LABELS = some.text("abcdefghijklmnopqrstuvwxyz0123456789-_", min_size=1, max_size=20)
NAMES = some.lists(LABELS, min_size=1, max_size=8).map(".".join)


def question(name: str, kind: int = messages.A, more: bytes = b"") -> bytes:
    """A message as a C library sends it."""
    header = struct.pack(">6H", 4711, 0x0100, 1, 0, 0, 1 if more else 0)
    return header + messages.write_name(name) + struct.pack(">2H", kind, 1) + more


@given(name=NAMES, kind=some.integers(0, 65535))
def test_a_question_is_read_as_it_was_asked(name: str, kind: int) -> None:
    read = messages.read_query(question(name.upper(), kind))
    assert (read.identity, read.name, read.kind) == (4711, name, kind)
    assert read.longest == messages.SHORTEST_ANSWER


@given(data=some.binary(max_size=300))
def test_bytes_by_chance_are_a_question_or_garbled(data: bytes) -> None:
    with contextlib.suppress(Garbled):
        messages.read_query(data)


@given(data=some.data(), name=NAMES)
def test_a_damaged_question_is_a_question_or_garbled(
    data: some.DataObject, name: str
) -> None:
    message = bytearray(question(name))
    for _ in range(data.draw(some.integers(1, 4))):
        place = data.draw(some.integers(0, len(message) - 1))
        message[place] = data.draw(some.integers(0, 255))
    with contextlib.suppress(Garbled):
        messages.read_query(bytes(message[: data.draw(some.integers(0, len(message)))]))


def pointers(*places: int) -> bytes:
    """A message whose name begins with a label and pointers to these places."""
    header = struct.pack(">6H", 1, 0, 1, 0, 0, 0)
    targets = b"".join(struct.pack(">H", 0xC000 | place) for place in places)
    return header + b"\1a" + targets + struct.pack(">2H", 1, 1)


@pytest.mark.parametrize("places", [(12,), (14,), (16, 12), (0x3FFF,), (16, 14)])
def test_pointers_in_circles_forward_or_out_of_the_message_lose(
    places: tuple[int, ...],
) -> None:
    with pytest.raises(Garbled):
        messages.read_query(pointers(*places))


def test_a_name_of_endless_labels_loses() -> None:
    header = struct.pack(">6H", 1, 0, 1, 0, 0, 0)
    with pytest.raises(Garbled):
        messages.read_query(header + b"\1a" * 200 + b"\0" + struct.pack(">2H", 1, 1))


@given(
    addresses=some.lists(some.ip_addresses(v=4).map(str), max_size=200),
    longest=some.integers(512, 4096),
)
def test_an_answer_is_whole_or_says_that_it_is_cut(
    addresses: list[str], longest: int
) -> None:
    asked = messages.read_query(question("web"))
    records = [messages.address_record(address) for address in addresses]
    data = messages.answer(asked, records, longest=longest)
    cut, told = data[2] & 0x02, struct.unpack_from(">H", data, 6)[0]
    assert len(data) <= longest
    assert told == len(addresses) or (cut and told < len(addresses))
    assert data.endswith(b"".join(records[:told]))


def test_the_length_that_a_client_takes_is_believed_within_reason() -> None:
    for said, believed in ((4096, 4096), (100, 512), (65535, 4096)):
        more = b"\0" + struct.pack(">2HIH", 41, said, 0, 0)
        assert messages.read_query(question("web", more=more)).longest == believed


@given(address=some.ip_addresses())
def test_a_reversed_address_is_that_address(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    found = messages.reversed_address(address.reverse_pointer)
    assert found and ipaddress.ip_address(found) == address


@pytest.mark.parametrize(
    "name", ["1.2.3.in-addr.arpa", "x.0.0.127.in-addr.arpa", "1.ip6.arpa", "web"]
)
def test_what_is_no_reversed_address_is_none(name: str) -> None:
    assert messages.reversed_address(name) is None


def test_only_the_answer_to_the_question_is_believed() -> None:
    asked = question("example.org")
    told = messages.answer(messages.read_query(asked), [], longest=512)
    other = messages.answer(messages.read_query(question("evil.org")), [], longest=512)
    assert messages.belongs_to(told, asked)
    assert not messages.belongs_to(b"\0\0" + told[2:], asked)
    assert not messages.belongs_to(other, asked)
    assert not messages.belongs_to(asked, asked)
    assert not messages.belongs_to(told[:11], asked)


class OneName:
    """A directory in which only `web` is known."""

    servers = ()

    def records(self, query: Query) -> list[bytes] | None:
        """Its address."""
        found = [messages.address_record("10.0.0.1")]
        return found if query.name == "web" else None


@given(packets=some.lists(some.binary(max_size=80), max_size=20))
def test_a_resolver_answers_after_whatever_came_before(packets: list[bytes]) -> None:
    loop = Loop()
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams,
        socket.create_server(("127.0.0.1", 0)) as listener,
    ):
        resolver = Resolver(loop, OneName(), datagrams, listener)
        answers: list[bytes] = []
        take: Callable[[bytes], None] = answers.append
        for packet in packets:
            resolver.ask(packet, take, Inquiry)
        answers.clear()
        resolver.ask(question("web"), take, Inquiry)
        assert answers[0].endswith(bytes([10, 0, 0, 1]))
        loop.forget(datagrams.fileno())
        loop.forget(listener.fileno())


def test_what_nobody_knows_is_a_failure_and_not_silence() -> None:
    loop = Loop()
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams,
        socket.create_server(("127.0.0.1", 0)) as listener,
    ):
        resolver = Resolver(loop, OneName(), datagrams, listener)
        answers: list[bytes] = []
        resolver.ask(question("example.org"), answers.append, Inquiry)
        loop.turn()
    assert answers[0][3] & 15 == messages.SERVER_FAILURE
