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

A starter (see starter.py) and the process that it makes tell whoever has forked it how
it goes. All copies of their end are closed when the program runs, or all is over:

    {"pid": 4711}          the process was born; the starter is about to end
    {"terminal": true}     with the master of its terminal; it waits for our answer
    {"error": …}           it could not become the program

They may be killed at any moment, also before they have read our answer. Then the kernel
says ECONNRESET once; what they had told before, and the end, can be read after that.

man: unix(7) on SOCK_SEQPACKET and SCM_RIGHTS
Try it: `lab run -d busybox sleep 60; ss -xl | grep labshell`
"""

import array
import contextlib
import errno
import json
import os
import socket
from collections.abc import Callable
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


def receive(
    connection: socket.socket, *, wait: bool = True
) -> tuple[bytes, bytes, list[int]]:
    """One message: its kind, its payload, the descriptors that came with it.

    The kind is b"" when the other side has closed. Descriptors are close-on-exec.
    BlockingIOError if there is none, and it is not to be waited for.
    """
    flags = socket.MSG_CMSG_CLOEXEC | (0 if wait else socket.MSG_DONTWAIT)
    data, ancillary, _, _ = connection.recvmsg(
        LARGEST * 4, socket.CMSG_SPACE(4 * 4), flags
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


def error_in(message: dict[str, Any]) -> EngineError | None:
    """The error that a message tells of, if it does."""
    return EngineError.from_json(message["error"]) if "error" in message else None


def decode(payload: bytes) -> dict[str, Any]:
    """The control message in `payload`; EngineBroken if it is none."""
    try:
        data = json.loads(payload)
    except ValueError as error:
        raise EngineBroken("a message between parts of the engine is broken") from error
    if not isinstance(data, dict):
        raise EngineBroken("a message between parts of the engine is broken")
    return data


def hear(report: socket.socket) -> tuple[bytes, bytes, list[int]]:
    """The next message, as `receive` has it; b"" is the end."""
    try:
        return receive(report)
    except ConnectionError:  # what has been told can be read now
        return receive(report)


def answer(report: socket.socket) -> None:
    """Let it go on, if it still lives: that it does not is heard as the end."""
    with contextlib.suppress(ConnectionError):
        report.send(b"!")


def take_terminal(
    report: socket.socket, descriptors: list[int], take: Callable[[int], object]
) -> None:
    """Have the master of its terminal taken, and answer. OSError if there is none."""
    if not descriptors:  # the kernel drops what would be one too many
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
    take(descriptors[0])
    answer(report)  # its program may look at it now


def killed() -> EngineBroken:
    """The error where the end comes before a process was born, or was ready."""
    return EngineBroken(
        "the container's first process was killed before it could start",
        "Was there memory enough? `dmesg | tail` tells.",
    )
