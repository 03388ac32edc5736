"""labd, seen from outside: begin it, find it, end it.

    lab daemon start ──▶ labd            a process of its own, of nobody's session
    lab daemon status ◀── SOCKET.lock    its number, its root, its version
                      ◀── SOCKET         GET /labshell/daemon: who is connected

labd is above this room, which therefore only knows how it is called. Whether it runs is
asked of the lock beside its socket, so also one that was started by hand, or by
systemd, is found. Where the labd of a root listens stands in a symbolic link,
/run/labshell/TAG/labd, which may lie: the lock tells the truth.

The engine in /var/lib/labshell is asked at SOCKET. Another root has a place of its own
below /run/labshell, and its labd listens there, so that two never want the same socket.

man: unix(7), flock(2), symlink(7)
Try it: `lab daemon start; lab daemon status; lab tree`
"""

import contextlib
import http.client
import json
import os
import socket
from pathlib import Path
from typing import NamedTuple, Self

from engine import entries
from engine.containers.house import DEFAULT_ROOT, House
from engine.containers.looking.processes import ProcessInfo, info
from engine.errors import EngineError, InvalidArgument, NotFound, told_as_engine_errors
from engine.runtime.place import Place
from engine.serving import background, running
from engine.serving.running import Running

SOCKET = Path("/run/labshell/labd.sock")
WHO = "/labshell/daemon"  # the path at which it tells who is connected
_SERVE = "engine.api.main:serve_in_background"
_PATIENCE = 10.0  # seconds for an answer


def lock_of(path: Path) -> Path:
    """The lock of who listens at a socket."""
    return path.with_name(f"{path.name}.lock")


def note_place(root: Path, path: Path) -> None:
    """Note that the labd of `root` listens at a socket; the last one to say so counts.

    OSError if that cannot be noted.
    """
    link = _link(root)
    draft = link.with_name(f"{link.name}.{os.getpid()}")
    entries.link(str(path), draft)
    os.replace(draft, link)


def forget_place(root: Path, path: Path) -> None:
    """The labd at a socket ends; if another one came after it, that stays noted."""
    link = _link(root)
    with contextlib.suppress(OSError):  # it could not be noted
        if os.readlink(link) == str(path):
            link.unlink()


def _link(root: Path) -> Path:
    return Place(root=root).directory / "labd"


def serving(root: Path) -> list[ProcessInfo]:
    """The labd of a root and its clients, as processes; none if none is found."""
    labd = Labd.of(root)
    with contextlib.suppress(EngineError):  # it is about to start, or to end
        found = labd.find()
        if found is None or found.root != str(root):
            return []
        shown = info(found.pid, "labd")
        for pid in labd.clients():
            shown += info(pid, "client")
        return shown
    return []


class Begun(NamedTuple):
    """A labd that has begun to serve, and where what it prints goes."""

    running: Running
    log: Path


class Labd:
    """The server at a socket, which may run or not."""

    def __init__(self, path: Path = SOCKET) -> None:
        self.path = path

    @classmethod
    def of(cls, root: Path) -> Self:
        """The server of the engine at `root`, wherever it listens.

        The one at the usual socket of that root, if none is known.
        """
        with contextlib.suppress(OSError, EngineError):  # none has ever been
            labd = cls(Path(os.readlink(_link(root))))
            found = labd.find()
            if found and found.root == str(root):
                return labd
        return cls(SOCKET if root == DEFAULT_ROOT else Place(root=root).labd_socket())

    @classmethod
    def at(cls, host: str) -> Self:
        """The server at unix:///PATH. InvalidArgument if it is another address."""
        scheme, _, path = host.partition("://")
        if scheme != "unix" or not path.startswith("/"):
            raise InvalidArgument(f"{host} is no socket", f"As in unix://{SOCKET}.")
        return cls(Path(path))

    @told_as_engine_errors()
    def begin(self, root: Path, options: tuple[str, ...] = ()) -> Begun:
        """Start it for the engine at `root`, in the background; returns when it serves.

        `options` are labd's own. EngineError, in its words, if it does not start.
        """
        house = House(root)
        house.prepare()
        log = root / "labd.log"
        program = background.Program(
            serve=_SERVE,
            name="labd",
            settings={
                "arguments": [f"--host=unix://{self.path}", f"--root={root}", *options],
                "directory": os.getcwd(),
            },
            log=log,
            group=f"{house.engine_group()}/shims",
        )
        environment = dict(os.environ)
        begun = background.begin(program, environment, f"{log} may say why.")
        return Begun(begun, log)

    @told_as_engine_errors()
    def find(self) -> Running | None:
        """The server that runs; None if none does."""
        return running.find(lock_of(self.path))

    @told_as_engine_errors()
    def clients(self) -> tuple[int, ...]:
        """The processes that are connected, but for this one."""
        connection = http.client.HTTPConnection("labd")
        connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.sock.settimeout(_PATIENCE)
            connection.sock.connect(str(self.path))
            connection.request("GET", WHO)
            told = json.loads(connection.getresponse().read())
            return tuple(int(pid) for pid in told["Clients"] if pid != os.getpid())
        except (ValueError, LookupError, TypeError, http.client.HTTPException) as error:
            raise EngineError(
                f"what listens at {self.path} is no labd", "Is it dockerd?"
            ) from error
        finally:
            connection.close()

    @told_as_engine_errors()
    def stop(self) -> Running:
        """End it, and wait for its end; containers live on. NotFound if none runs."""
        found = self.find()
        if found is None:
            raise NotFound(
                f"no labd listens at {self.path}", "`lab daemon start` starts one."
            )
        running.end(lock_of(self.path), found)
        return found
