"""The spawner: a warm process that does nothing but fork shims.

Starting Python takes longer than starting a container. So one process starts Python
once, imports all that a shim needs, and waits. For each container it forks itself: the
copy *is* the shim, within a millisecond, and shares its memory with all others.

    engine ── connect ──▶ spawner ── fork ──▶ shim      (the connection goes with it)

There is one for each (root, user, mount namespace, version of this code), and it ends
by itself when nobody has needed it for a while.

man: fork(2), unix(7) on SCM_RIGHTS, credentials(7)
Try it: `lab run -d busybox sleep 60; lab tree`
"""

import contextlib
import fcntl
import gc
import os
import resource
import signal
import socket
from pathlib import Path

from engine.errors import EngineError, from_os_error
from engine.kernel import processes
from engine.runtime import channel, pinning
from engine.runtime.logs import leave_word
from engine.runtime.place import Place
from engine.runtime.shim import Shim

_IDLE = 120.0  # seconds without work after which it ends
_PATIENCE = 5.0  # seconds for a client to say what it wants


def serve(root: str) -> None:
    """The spawner's whole life."""
    processes.close_all_but({3})
    os.set_inheritable(3, False)
    listener = socket.socket(fileno=3)
    _become_neutral()
    place = Place(root=Path(root))
    place.settle()
    with contextlib.suppress(EngineError):  # the first start will tell why
        place.move_in()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # ended shims leave no trace
    gc.collect()
    gc.freeze()
    listener.settimeout(_IDLE)
    while Path(root).exists():
        try:
            connection, _ = listener.accept()
        except TimeoutError:
            break
        if not _spawn(connection, listener):
            break
    with contextlib.suppress(FileNotFoundError):
        os.unlink(listener.getsockname())
    _serve_the_last(listener)
    listener.close()
    with contextlib.suppress(EngineError):
        place.move_out()
    place.leave()
    os._exit(0)


def _serve_the_last(listener: socket.socket) -> None:
    """Serve those who had connected before the socket's name was gone."""
    listener.settimeout(0)
    with contextlib.suppress(BlockingIOError):
        while True:
            _spawn(listener.accept()[0], listener)


def _spawn(connection: socket.socket, listener: socket.socket) -> bool:
    """Turn one connection into a shim; False if it asks the spawner to end."""
    connection.settimeout(_PATIENCE)
    descriptors: list[int] = []
    request = {}
    try:
        kind, payload, descriptors = channel.receive(connection)
        request = channel.decode(payload) if kind else {}
        if "shim" in request and len(descriptors) == 2 and processes.fork() == 0:
            listener.close()
            _run(Path(request["shim"]), descriptors, connection)
        if "pin" in request and processes.fork() == 0:
            listener.close()
            signal.signal(signal.SIGPIPE, signal.SIG_IGN)
            pinning.serve(request, descriptors, connection)
    except EngineError as error:  # no process can be made
        with contextlib.suppress(OSError):
            connection.send(channel.failure(error))
    except OSError:  # it was stopped or killed before it had asked
        pass
    for descriptor in descriptors:
        os.close(descriptor)
    if "end" in request:
        connection.detach()  # whoever asked waits until this process has ended
        return False
    connection.close()
    return True


def _run(directory: Path, descriptors: list[int], connection: socket.socket) -> None:
    """As the new shim: live, and end without the spawner's clean-up."""
    try:
        os.setsid()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)  # clients and programs may go
        processes.name_process("lab-shim")
        lock, listening = descriptors
        listener = socket.socket(fileno=listening)
        Shim(directory, lock, listener, connection).run()
    except EngineError as error:
        _give_up(error, descriptors, connection)
    except OSError as error:
        _give_up(from_os_error(error), descriptors, connection)
        leave_word(directory)
    except Exception:
        leave_word(directory)
    finally:
        os._exit(0)


def _give_up(
    error: EngineError, descriptors: list[int], connection: socket.socket
) -> None:
    """Tell why; lock and socket are let go first, for whoever tries again at once.

    The spawner may not have closed its copies yet, so closing ours would not do.
    """
    lock, listening = descriptors
    with contextlib.suppress(OSError):  # the shim has closed it itself
        fcntl.flock(lock, fcntl.LOCK_UN)
        os.close(lock)
    with contextlib.suppress(OSError), socket.socket(fileno=listening) as listener:
        listener.shutdown(socket.SHUT_RDWR)
    connection.setblocking(True)
    connection.send(channel.failure(error))


def _become_neutral() -> None:
    """Drop what the student's shell handed down: no container must inherit it."""
    processes.reset_signals()
    processes.name_process("lab-spawner")
    os.umask(0o022)
    os.chdir("/")
    os.setgroups([])
    processes.reset_scheduling()
    with contextlib.suppress(EngineError):  # to go down takes CAP_SYS_RESOURCE
        processes.set_oom_score(0)
    for name in dir(resource):
        if name.startswith("RLIMIT_"):
            processes.copy_limit_of_init(name)
