"""The channel: messages between the engine, the spawner and the shims.

A unix socket of the kind SOCK_SEQPACKET keeps messages apart (what is sent in one
call is received in one call), in order, and can carry open file descriptors. So a
message needs no length and no parser: one byte says what it is, the rest is it.

    'c'  control: a request, an answer or an event, in JSON
    '0'  bytes for the container's standard input
    '1'  bytes from its standard output        '2'  … and standard error
    'f'  a control message too long for a socket: in the file that comes with it

A request is {"do": "start"}, an answer {"ok": true} or {"error": …}, and the event
that everybody waits for {"exit": 0}.

man: unix(7) on SOCK_SEQPACKET and SCM_RIGHTS
Try it: `lab run -d busybox sleep 60; ss -xl | grep labshell`
"""

import array
import json
import os
import socket
from typing import Any

from engine.errors import EngineBroken, EngineError

LARGEST = 65536  # bytes of payload in one message
CONTROL, STDIN, STDOUT, STDERR, IN_FILE = b"c", b"0", b"1", b"2", b"f"
_LONGEST = 32 << 20  # bytes of a control message: execve(2) takes six, as JSON
_LONGEST_ERROR = 4096  # characters: it may quote a program's name, of any length


def encode(data: dict[str, Any]) -> bytes:
    """A control message, ready to send."""
    return CONTROL + json.dumps(data).encode()


def failure(error: EngineError) -> bytes:
    """The answer to a request that failed."""
    told = error.to_json()
    return encode({"error": {**told, "message": told["message"][:_LONGEST_ERROR]}})


def send(
    connection: socket.socket, data: dict[str, Any], descriptors: tuple[int, ...] = ()
) -> None:
    """Send a control message, with open descriptors for the other side to keep."""
    message = encode(data)
    if len(message) <= LARGEST:
        _send(connection, message, descriptors)
        return
    file = os.memfd_create("message", os.MFD_CLOEXEC)
    with os.fdopen(file, "wb") as content:
        content.write(message[1:])
        content.flush()
        _send(connection, IN_FILE, (file,))


def _send(
    connection: socket.socket, message: bytes, descriptors: tuple[int, ...]
) -> None:
    rights = [
        (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors).tobytes())
    ]
    connection.sendmsg([message], rights if descriptors else [])


def receive(connection: socket.socket) -> tuple[bytes, bytes, list[int]]:
    """One message: its kind, its payload, the descriptors that came with it.

    The kind is b"" when the other side has closed. Descriptors are close-on-exec.
    """
    data, ancillary, _, _ = connection.recvmsg(
        LARGEST * 4, socket.CMSG_SPACE(4 * 4), socket.MSG_CMSG_CLOEXEC
    )
    descriptors: list[int] = []
    for level, kind, content in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            numbers = array.array("i")
            numbers.frombytes(content[: len(content) - len(content) % 4])
            descriptors += numbers
    if data == IN_FILE and descriptors:
        return CONTROL, _content(descriptors[0]), descriptors[1:]
    return data[:1], data[1:], descriptors


def _content(descriptor: int) -> bytes:
    """What is in a file that came with a message, which it is done with then."""
    with os.fdopen(descriptor, "rb") as file:
        file.seek(0)
        return file.read(_LONGEST)


def decode(payload: bytes) -> dict[str, Any]:
    """The control message in `payload`; EngineBroken if it is none."""
    try:
        data = json.loads(payload)
    except ValueError as error:
        raise EngineBroken("a message between parts of the engine is broken") from error
    if not isinstance(data, dict):
        raise EngineBroken("a message between parts of the engine is broken")
    return data
