"""Netlink: how the kernel is asked about interfaces, addresses and routes.

ip(8) has no system call of its own. It writes a *message* to a socket of the family
AF_NETLINK, and the kernel answers on the same socket:

    ┌ nlmsghdr ┐┌ ifinfomsg, ifaddrmsg … ┐┌ rtattr ──────┐┌ rtattr ──────┐
    │ length   ││ what the message is    ││ length, kind ││ length, kind │
    │ type …   ││ about                  ││ value        ││ value …      │
    └──────────┘└────────────────────────┘└──────────────┘└──────────────┘

Attributes may hold attributes. The answer to a request is a message of its own, an
errno: zero is the "acknowledged" that we wait for.

A socket belongs to the network namespace in which it was made, for ever, whoever uses
it. So a helper that has been in a container's namespace can send us a socket through
which we set up interfaces there, and never go there ourselves.

man: netlink(7), rtnetlink(7), network_namespaces(7)
Try it: `strace -e sendmsg ip link set lo up`
"""

import errno
import socket
import struct

from engine.errors import SyscallError
from engine.notes import quote

NEW_LINK, DELETE_LINK, GET_LINK = 16, 17, 18
NEW_ADDRESS, NEW_ROUTE = 20, 24
_REQUEST, _ACKNOWLEDGE, _EXCLUSIVE, _CREATE = 0x1, 0x4, 0x200, 0x400
MAKE = _CREATE | _EXCLUSIVE  # an error if it is there
_ERROR = 2  # the type of an answer: an errno
_LARGEST = 1 << 16  # bytes of an answer
_HEADER = struct.Struct("=IHHII")
_ATTRIBUTE = struct.Struct("=HH")


def open_socket() -> int:
    """A netlink socket for the network namespace that this process is in."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as opened:
        return opened.detach()


def attribute(kind: int, value: bytes | str | int) -> bytes:
    """One attribute: a number is of 32 bits, a text ends with a zero byte."""
    if isinstance(value, int):
        value = struct.pack("=I", value)
    elif isinstance(value, str):
        value = value.encode() + b"\0"
    length = _ATTRIBUTE.size + len(value)
    return _ATTRIBUTE.pack(length, kind) + value + bytes(-length % 4)


def message(kind: int, flags: int, body: bytes) -> bytes:
    """A request: the header, and what it is about."""
    flags |= _REQUEST | _ACKNOWLEDGE
    return _HEADER.pack(_HEADER.size + len(body), kind, flags, 1, 0) + body


def told(channel: int, request: bytes) -> str:
    """The arguments of sendto(2) with a request, as strace(1) prints their ends."""
    length = len(request)
    return f"{channel}, [{{nlmsg_len={length}, …, {length}, 0, NULL, 0"


def at(pin: str) -> str:
    """What stands before a command of the shell that acts in another namespace."""
    return f"nsenter --net={quote(pin)} " if pin else ""


def ask(channel: int, request: bytes, target: str) -> int:
    """Send a request about `target`, and wait for the kernel's word; bytes sent.

    SyscallError if it says no.
    """
    with _socket(channel) as talk:
        try:
            sent = talk.sock.send(request)
            answer = talk.sock.recv(_LARGEST)
        except OSError as error:
            raise SyscallError("sendto", error.errno or errno.EIO, target) from error
    _, kind, *_ = _HEADER.unpack_from(answer)
    number = -struct.unpack_from("=i", answer, _HEADER.size)[0] if kind == _ERROR else 0
    if number:
        raise SyscallError("sendto", number, target)
    return sent


def index_of(channel: int, name: str) -> int:
    """The number of the interface `name` in the namespace of a socket."""
    body = bytes(16) + attribute(3, name)
    request = _HEADER.pack(_HEADER.size + len(body), GET_LINK, _REQUEST, 1, 0) + body
    with _socket(channel) as talk:
        talk.sock.send(request)
        answer = talk.sock.recv(_LARGEST)
    _, kind, *_ = _HEADER.unpack_from(answer)
    number = struct.unpack_from("=i", answer, _HEADER.size)[0]
    if kind == _ERROR:
        raise SyscallError("sendto", -number, name)
    return int(struct.unpack_from("=i", answer, _HEADER.size + 4)[0])


class _socket:
    """A descriptor as a socket, for a moment: it stays open afterwards."""

    def __init__(self, channel: int) -> None:
        family, kind = socket.AF_NETLINK, socket.SOCK_RAW
        self.sock = socket.socket(family, kind, 0, fileno=channel)

    def __enter__(self) -> "_socket":
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.detach()
