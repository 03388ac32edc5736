"""The engine's side of the channel: reach a container's shim, or have one born.

    1  take the lock `alive`          somebody has it? then its shim lives: connect
    2  listen on the shim's socket    before it is born, so that nobody finds it missing
    3  connect to the spawner         none there? start one, listening on its socket,
                                      and ask systemd for a place to put it
    4  send lock and socket along     the spawner forks: the connection is the shim's

Unix sockets hold a connection until somebody accepts it, so nothing here waits for a
process to become ready.

man: unix(7), flock(2), posix_spawn(3)
Try it: `lab run -d busybox sleep 60; ls /run/labshell/*`
"""

import contextlib
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from engine import acts, files, gate
from engine.errors import (
    EngineBroken,
    EngineError,
    InvalidState,
    NotFound,
    told_as_engine_errors,
)
from engine.runtime import channel, scope, state
from engine.runtime.place import Place

# What is told when nobody answers: the container has ended, or has been removed, or
# its shim was killed.
GONE = (InvalidState, NotFound, EngineBroken)


class Connection:
    """A conversation with one shim."""

    def __init__(self, sock: socket.socket, directory: Path) -> None:
        """`directory` is the container's: it tells why a shim does not answer."""
        self.socket = sock
        self.exit_status: int | None = None
        self.early: list[tuple[bytes, bytes]] = []  # output that came before an answer
        self.received: list[int] = []  # open files that came along: now ours
        self._directory = directory

    def ask(
        self, what: str, descriptors: tuple[int, ...] = (), **fields: Any
    ) -> dict[str, Any]:
        """Send a request and wait for its answer. EngineError if it was refused."""
        with contextlib.suppress(*GONE):  # it may have said why it went
            self.tell(what, descriptors, **fields)
        return self.answer()

    def answer(self) -> dict[str, Any]:
        """The answer to what was told. EngineError if it was refused."""
        while True:
            kind, payload = self.receive()
            if kind in (channel.STDOUT, channel.STDERR):
                self.early.append((kind, payload))
            elif kind == channel.CONTROL:
                answer = channel.decode(payload)
                if error := channel.error_in(answer):
                    raise error
                if "ok" in answer:
                    return answer

    @contextlib.contextmanager
    def preparing(self) -> Iterator[None]:
        """What a start needs is done meanwhile; the shim hears of it if that fails.

        Others may wait for that start, or for what comes after it. A shim that is about
        to go takes away what is being made: then that it goes is the error, of GONE.
        """
        try:
            with told_as_engine_errors():
                yield
        except EngineError as error:
            try:
                self.ask("start", error=error.to_json())
            except GONE as answer:
                if answer.message != error.message:  # else it answers with our own
                    raise answer from error
            except EngineError:
                pass
            raise

    def tell(self, what: str, descriptors: tuple[int, ...] = (), **fields: Any) -> None:
        """Send a request that has no answer, with open files for the shim to keep."""
        try:
            channel.send(self.socket, {"do": what, **fields}, descriptors)
        except OSError as error:
            raise self._gone() from error

    def receive(self, *, wait: bool = True) -> tuple[bytes, bytes]:
        """One message. An error of GONE if there is none to come.

        BlockingIOError if there is none yet, and it is not to be waited for.
        """
        try:
            kind, payload, descriptors = channel.receive(self.socket, wait=wait)
        except ConnectionError:
            kind, payload, descriptors = self._last_words()
        self.received += descriptors
        if not kind:
            raise self._gone()
        if kind == channel.CONTROL and payload.startswith(b'{"exit"'):
            self.exit_status = int(channel.decode(payload)["exit"])
        return kind, payload

    def _last_words(self) -> tuple[bytes, bytes, list[int]]:
        """What the shim had sent before it closed without reading all of ours.

        The kernel tells of the closing first, once, and keeps the messages.
        """
        try:
            return channel.receive(self.socket)
        except ConnectionError:
            return b"", b"", []

    def wait_for_exit(self) -> int:
        """The exit status, however long it takes."""
        while self.exit_status is None:
            self.receive()
        return self.exit_status

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Hang up, and let go of what came along."""
        for descriptor in self.received:
            os.close(descriptor)
        self.received = []
        self.socket.close()

    def _gone(self) -> EngineError:
        """Why nobody answers: one of GONE."""
        name = self._directory.name
        try:
            if not state.read(self._directory).active:
                return InvalidState(
                    f"Container {name} is not running",
                    "Its shim has just ended: `lab start NAME` runs it again.",
                )
        except FileNotFoundError:
            return NotFound(f"No such container: {name}", "It has just been removed.")
        return EngineBroken(
            "the container's shim has gone",
            "`lab ps -a` repairs the record and shows it.",
        )


def is_alive(directory: Path) -> bool:
    """Whether a shim holds the container in `directory`."""
    return files.is_locked(directory / "alive")


def connect(place: Place, directory: Path) -> Connection:
    """Reach the shim of a running container. InvalidState if there is none."""
    path = place.shim_socket(directory.name)
    for _ in range(100):
        sock = _new_socket()
        with contextlib.suppress(FileNotFoundError, ConnectionRefusedError):
            sock.connect(str(path))
            return _introduced(Connection(sock, directory))
        sock.close()
        if not is_alive(directory):
            break
        time.sleep(0.01)  # its creator holds the lock and is about to listen
    raise InvalidState(
        f"Container {directory.name} is not running", "`lab start NAME` runs it again."
    )


def reach(place: Place, directory: Path) -> Connection:
    """Reach the shim of a container, and have one born if there is none."""
    while True:
        lock = files.try_lock(directory / "alive")
        if lock is not None:
            try:
                return _give_birth(place, directory, lock)
            finally:
                os.close(lock)
        with contextlib.suppress(InvalidState):  # it ended between lock and connect
            return connect(place, directory)


def _give_birth(place: Place, directory: Path, lock: int) -> Connection:
    place.settle()  # with the lock in hand: from now on nobody leaves
    listener = _listen(place.shim_socket(directory.name))
    try:
        with acts.recording(directory / "acts.jsonl", "start"):
            sock = connect_to_spawner(place)
        message = {"shim": str(directory)}
        channel.send(sock, message, (lock, listener.fileno()))
    finally:
        listener.close()
    return _introduced(Connection(sock, directory))


def _introduced(connection: Connection) -> Connection:
    """Whoever is asked before our acts is asked before the shim's, too."""
    if gate.current is not None:
        connection.tell("gate", gate.descriptors())
    return connection


def connect_to_spawner(place: Place) -> socket.socket:
    """A connection to the spawner of an engine root, started if there is none."""
    path = place.spawner_socket()
    sock = _new_socket()
    try:
        sock.connect(str(path))
        return sock
    except (FileNotFoundError, ConnectionRefusedError):
        pass
    from engine.runtime import interpreter  # few starts are the first

    with files.locked(place.directory / "spawner.lock"):
        try:  # somebody else may have started one while we waited for the lock
            sock.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError):
            with _listen(path) as listener:
                pid = interpreter.launch_spawner(place.root, listener)
            if scope.is_to_be_had():
                with contextlib.suppress(EngineError):  # then a plain group, as without
                    scope.ask(place.scope, pid, place.description)
            sock.connect(str(path))
    return sock


def wait_for_spawner(place: Place) -> None:
    """Have a spawner there, and with it the engine's control group."""
    with connect_to_spawner(place) as sock:
        channel.send(sock, {})
        sock.recv(1)


def end_spawners(place: Place) -> None:
    """Let spawners end now instead of when they have been idle for a while.

    Usually there is one; after a change of the code there may be one of the old.
    """
    for path in place.directory.glob("spawner-*.sock"):
        sock = _new_socket()
        try:
            sock.connect(str(path))
            channel.send(sock, {"end": True})
            sock.recv(1)
        except ConnectionRefusedError:  # it was killed
            path.unlink(missing_ok=True)
        except (FileNotFoundError, ConnectionError):
            pass  # it has ended by itself
        finally:
            sock.close()


def _listen(path: Path) -> socket.socket:
    sock = _new_socket()
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    sock.bind(str(path))
    os.chmod(path, 0o600)
    sock.listen(128)
    return sock


def _new_socket() -> socket.socket:
    return socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
