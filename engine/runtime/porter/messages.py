"""Messages: the Domain Name System on the wire, as far as a resolver needs it.

    header      an ID, flags, and how many of each of these follow
    question    a name, a type (A: an IPv4 address, AAAA, PTR: the name of an address)
    answers     a name, a type, seconds for which it holds, the data

A name is labels, each after a byte that tells its length, up to one of length 0:

    3 w e b  5 m y n e t  0          "web.mynet"

A byte from 192 on is no length: with the next one it points to an earlier place of the
message, where the name goes on. Whoever follows such pointers without counting can be
sent in circles; here each must lead further back than the last.

What is no sound message is Garbled: it came from a container, and proves nothing.

Source: RFC 1035, sections 3.1, 4.1; RFC 6891 (EDNS)
Try it: `lab run --rm --network NAME busybox nslookup web`
"""

import itertools
import socket
import struct
from collections.abc import Iterator
from typing import NamedTuple

A, PTR, AAAA, ANY_CLASS, INTERNET = 1, 12, 28, 255, 1
_OPT = 41  # EDNS: how long an answer may be, and more that is not looked at here
NO_ERROR, FORMAT_ERROR, SERVER_FAILURE, NOT_IMPLEMENTED = 0, 1, 2, 4
RESPONSE, _AUTHORITATIVE, _TRUNCATED = 0x8000, 0x0400, 0x0200
_RECURSION_DESIRED, _RECURSION_AVAILABLE, _OPCODE = 0x0100, 0x0080, 0x7800
HEADER, SHORTEST_ANSWER = 12, 512  # bytes
_LONGEST_NAME, _LONGEST_LABEL, _POINTER = 255, 63, 0xC0
_LONGEST_ANSWER = 4096  # bytes of a datagram, whatever a client may say it takes
_TTL = 600  # seconds for which an answer holds, as Docker's
_REVERSED = {".in-addr.arpa": socket.AF_INET, ".ip6.arpa": socket.AF_INET6}


class Garbled(ValueError):
    """These bytes are no message."""


class Query(NamedTuple):
    """A question: who asks what, and how long an answer over UDP may be.

    `question` are its bytes, to be said again in the answer.
    """

    identity: int
    flags: int
    name: str
    kind: int
    question: bytes
    longest: int = SHORTEST_ANSWER

    @property
    def standard(self) -> bool:
        """Whether it is an ordinary question, and none to a server's operator."""
        return not self.flags & _OPCODE


def read_name(data: bytes, place: int) -> tuple[str, int]:
    """The name at a `place` of a message, in lower case, and the place after it."""
    labels: list[str] = []
    length, after, limit = 0, -1, place
    while True:
        size = _byte(data, place)
        if size & _POINTER == _POINTER:
            after = place + 2 if after < 0 else after
            place = (size & ~_POINTER) << 8 | _byte(data, place + 1)
            if place >= limit:
                raise Garbled("a name that leads forward, or in circles")
            limit = place
            continue
        if size > _LONGEST_LABEL:
            raise Garbled("a label of a kind that is not in use")
        if size == 0:
            return ".".join(labels), place + 1 if after < 0 else after
        label = data[place + 1 : place + 1 + size]
        length += size + 1
        if len(label) < size or length >= _LONGEST_NAME:
            raise Garbled("a name that is cut off, or too long")
        labels.append(label.decode("latin-1").lower())
        place += 1 + size


def _byte(data: bytes, place: int) -> int:
    if place >= len(data):
        raise Garbled("a message that is cut off")
    return data[place]


def write_name(name: str) -> bytes:
    """A name, without pointers. Garbled if a part of it is too long for that."""
    labels = [label.encode("latin-1", "replace") for label in name.split(".") if label]
    if any(len(label) > _LONGEST_LABEL for label in labels):
        raise Garbled("a label of more than 63 bytes")
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def read_query(data: bytes) -> Query:
    """The question in a message. Garbled if there is not exactly one."""
    if len(data) < HEADER:
        raise Garbled("shorter than a header")
    identity, flags, questions, answers, authorities, more = struct.unpack_from(
        ">6H", data
    )
    if flags & RESPONSE or questions != 1:
        raise Garbled("an answer, or not one question")
    name, place = read_name(data, HEADER)
    if place + 4 > len(data):
        raise Garbled("a question that is cut off")
    kind, of_class = struct.unpack_from(">2H", data, place)
    if of_class not in (INTERNET, ANY_CLASS):
        raise Garbled("a class that is not the Internet's")
    return Query(
        identity=identity,
        flags=flags,
        name=name,
        kind=kind,
        question=data[HEADER : place + 4],
        longest=_taken(data, place + 4, answers + authorities, more),
    )


def _taken(data: bytes, place: int, others: int, more: int) -> int:
    """How long an answer the client takes: an OPT record right after the question."""
    if others or not more or data[place : place + 1] != b"\0" or len(data) < place + 5:
        return SHORTEST_ANSWER
    kind, size = struct.unpack_from(">2H", data, place + 1)
    if kind != _OPT:
        return SHORTEST_ANSWER
    return int(min(max(size, SHORTEST_ANSWER), _LONGEST_ANSWER))


def answer(query: Query, records: list[bytes], *, longest: int) -> bytes:
    """The answer with these `records`, each of which begins with a pointer to the name.

    Where not all of them fit, those that do, and the word "ask again by TCP".
    """
    flags = RESPONSE | _AUTHORITATIVE | _RECURSION_AVAILABLE
    flags |= query.flags & _RECURSION_DESIRED
    left = longest - HEADER - len(query.question)
    told = list(itertools.takewhile(lambda end: end <= left, _ends(records)))
    if len(told) < len(records):
        flags |= _TRUNCATED
    header = struct.pack(">6H", query.identity, flags, 1, len(told), 0, 0)
    return header + query.question + b"".join(records[: len(told)])


def _ends(records: list[bytes]) -> Iterator[int]:
    """How long the records are up to each of them."""
    return itertools.accumulate(map(len, records))


def refusal(data: bytes, code: int) -> bytes:
    """The answer to a message, sound or not, that nothing came of: only a header."""
    identity, flags = struct.unpack_from(">2H", data)
    flags = RESPONSE | _RECURSION_AVAILABLE | flags & _RECURSION_DESIRED | code
    return struct.pack(">6H", identity, flags, 0, 0, 0, 0)


def failure(query: Query, code: int = SERVER_FAILURE) -> bytes:
    """The answer to a question that nobody could answer."""
    flags = RESPONSE | _RECURSION_AVAILABLE | query.flags & _RECURSION_DESIRED | code
    header = struct.pack(">6H", query.identity, flags, 1, 0, 0, 0)
    return header + query.question


def address_record(address: str) -> bytes:
    """An A or AAAA record of the name in the question."""
    if ":" in address:
        return _record(AAAA, socket.inet_pton(socket.AF_INET6, address))
    return _record(A, socket.inet_pton(socket.AF_INET, address))


def name_record(name: str) -> bytes:
    """A PTR record of it."""
    return _record(PTR, write_name(name))


def _record(kind: int, data: bytes) -> bytes:
    pointer = _POINTER << 8 | HEADER
    return struct.pack(">3HIH", pointer, kind, INTERNET, _TTL, len(data)) + data


def reversed_address(name: str) -> str | None:
    """The address that a name such as 2.0.17.172.in-addr.arpa stands for."""
    for ending, family in _REVERSED.items():
        if name.endswith(ending):
            parts = name.removesuffix(ending).split(".")[::-1]
            of_four = family == socket.AF_INET
            text = ".".join(parts) if of_four else _in_fours("".join(parts))
            try:
                return socket.inet_ntop(family, socket.inet_pton(family, text))
            except (OSError, ValueError):
                return None
    return None


def _in_fours(digits: str) -> str:
    return ":".join(digits[at : at + 4] for at in range(0, len(digits), 4))


def belongs_to(data: bytes, query: bytes) -> bool:
    """Whether `data` answers the message `query`: the same ID, the same question."""
    try:
        asked = read_query(query)
        name, place = read_name(data, HEADER)
    except Garbled:
        return False
    identity, flags, questions = struct.unpack_from(">3H", data)
    kind = data[place : place + 2]
    return bool(
        identity == asked.identity
        and flags & RESPONSE
        and questions == 1
        and name == asked.name
        and kind == asked.kind.to_bytes(2, "big")
    )
