"""Where labd listens.

    unix:///run/labshell/labd.sock     only who may open that file: root, and the group
    fd://                              what systemd listens at for us, and hands over
    tcp://0.0.0.0:2376                 who shows a certificate of our authority

Whoever may talk to this socket is root on the machine, by a container that mounts /: so
its mode is 0660 and its group `labshell`, if there is one. Beside it is a lock in which
stands who listens.

A port of TCP has no mode, and anybody reaches it, a web page in the browser of this
machine too. So there is only one way to it: TLS in which also the client has to prove
who it is.

man: unix(7), sd_listen_fds(3); openssl-verification-options(1)
Try it: `ls -l /run/labshell/labd.sock`
"""

import grp
import os
import socket
import ssl
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from engine.api.settings import DEFAULT_HOST, Settings
from engine.errors import Conflict, EngineError, InvalidArgument
from engine.http import server
from engine.serving import running
from engine.serving.labd import SOCKET, lock_of

_GROUP = "labshell"
_PORT = 2376  # Docker's, for TLS
BACKLOG = 4096  # a client that may not wait in the queue is refused at once
_FIRST_HANDED = 3  # the first descriptor that systemd hands over


class Listening(NamedTuple):
    """A socket that listens at `host`; `lock`: of its place among files, if it has one.

    `tls` if it speaks that.
    """

    host: str
    socket: socket.socket
    lock: int | None = None
    tls: ssl.SSLContext | None = None

    @property
    def path(self) -> Path:
        """Where it is, if it has a place among files."""
        return Path(self.host.removeprefix("unix://"))


def listen(host: str, settings: Settings, held: ExitStack) -> list[Listening]:
    """The sockets for one host, as long as they are `held`.

    InvalidArgument if it is no address, Conflict if somebody listens there.
    """
    scheme, _, rest = host.partition("://")
    if scheme == "unix" and rest.startswith("/"):
        return [_unix(host, Path(rest), settings.group, held)]
    if scheme == "fd":
        return [_handed(number, settings, held) for number in _numbers()]
    if scheme == "tcp":
        return [_tcp(host, settings, held)]
    raise InvalidArgument(
        f"cannot listen at {host}", f"Say where: unix:///PATH, such as {DEFAULT_HOST}."
    )


def _unix(host: str, path: Path, group: str | None, held: ExitStack) -> Listening:
    """A socket at a path."""
    members = _group(group)
    try:
        if path == SOCKET:
            path.parent.mkdir(mode=0o755, exist_ok=True)
        lock = _claim(path, held)
        _clear(path)
        listening = held.enter_context(socket.socket(socket.AF_UNIX))
        before = os.umask(0o177)
        try:
            listening.bind(str(path))
        finally:
            os.umask(before)
        held.callback(path.unlink, missing_ok=True)
        if members is not None:
            os.chown(path, 0, members)
            os.chmod(path, 0o660)
        listening.listen(BACKLOG)
    except OSError as error:
        raise EngineError(
            f"cannot listen at {path}: {error.strerror or error}",
            "A socket's path has less than 108 bytes; its directory must be there.",
        ) from error
    return Listening(host, listening, lock)


def _claim(path: Path, held: ExitStack) -> int:
    """The lock of a socket. Conflict if another labd has it."""
    lock = held.enter_context(running.held(lock_of(path)))
    if lock is None:
        raise _taken(path)
    return lock


def _taken(path: Path) -> Conflict:
    return Conflict(
        f"somebody listens at {path} already",
        f"`lab daemon status -H unix://{path}` shows who.",
    )


def _group(name: str | None) -> int | None:
    """The number of the group that may connect; None if only root may."""
    if name == "":
        return None
    try:
        return grp.getgrnam(name or _GROUP).gr_gid
    except KeyError as error:
        if name is None:  # nobody has made it: only root may
            return None
        raise InvalidArgument(
            f"there is no group {name}", f"`groupadd {name}`, or --group ''."
        ) from error


def _clear(path: Path) -> None:
    """Remove the socket of a server that was killed."""
    if not path.is_socket():
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as trial:
        try:
            trial.connect(str(path))
        except ConnectionRefusedError:
            path.unlink(missing_ok=True)
            return
        except FileNotFoundError:
            return
    raise _taken(path)


def _tcp(host: str, settings: Settings, held: ExitStack) -> Listening:
    """A port, for clients with a certificate."""
    tls = _tls(host, settings)
    try:
        parts = urlsplit(host)
        name, port = parts.hostname, parts.port
    except ValueError as error:
        raise InvalidArgument(f"cannot listen at {host}: {error}", "") from error
    if not name or parts.path.strip("/"):
        raise InvalidArgument(
            f"cannot listen at {host}", f"As in tcp://127.0.0.1:{_PORT}."
        )
    listening = server.listen(name, _PORT if port is None else port)
    return Listening(host, held.enter_context(listening), tls=tls)


def _tls(host: str, settings: Settings) -> ssl.SSLContext:
    """TLS in which both sides prove who they are. InvalidArgument if it is not set."""
    files = (settings.tlscacert, settings.tlscert, settings.tlskey)
    if not (settings.tlsverify and all(files)):
        raise InvalidArgument(
            f"{host} would make everybody root who reaches it",
            "Only with --tlsverify --tlscacert FILE --tlscert FILE --tlskey FILE.",
        )
    context = server.tls(settings.tlscert, settings.tlskey)
    try:
        context.load_verify_locations(settings.tlscacert)
    except (OSError, ssl.SSLError) as error:
        raise InvalidArgument(
            f"cannot use {settings.tlscacert}: {error}",
            "It is a PEM file with the certificate that has signed those of clients.",
        ) from error
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def _numbers() -> Iterable[int]:
    """The descriptors that systemd has handed over."""
    count = os.environ.pop("LISTEN_FDS", "")
    if os.environ.pop("LISTEN_PID", "") != str(os.getpid()) or not count.isdecimal():
        raise InvalidArgument(
            "fd:// takes a socket that systemd hands over",
            "Start labd.socket, or say -H unix:///PATH.",
        )
    return range(_FIRST_HANDED, _FIRST_HANDED + int(count))


def _handed(number: int, settings: Settings, held: ExitStack) -> Listening:
    """What systemd has handed over."""
    os.set_inheritable(number, False)
    listening = held.enter_context(socket.socket(fileno=number))
    if listening.family != socket.AF_UNIX:
        host = "the port of systemd"
        return Listening(host, listening, tls=_tls(host, settings))
    path = Path(listening.getsockname())
    return Listening(f"unix://{path}", listening, _claim(path, held))
