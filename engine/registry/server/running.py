"""The server that runs: which process serves a registry's directory, and where.

    ROOT/lock     {"pid": 4711, "address": "http://127.0.0.1:5000", …}

See engine/serving/running.py.

Try it: `lab registry serve -d; cat /var/lib/labshell/registry/lock; lab registry stop`
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from engine.errors import Conflict, InvalidArgument, NotFound
from engine.serving import running
from engine.serving.running import Running


@contextlib.contextmanager
def alone(root: Path) -> Iterator[int]:
    """Hold a registry's directory, made if need be; the lock, for `note`."""
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise InvalidArgument(
            f"{error.filename} is not a directory",
            "--root names the directory in which a registry keeps its files.",
        ) from error
    with running.held(root / "lock") as lock:
        if lock is None:
            raise _taken(root)
        yield lock


def this_process(address: str) -> Running:
    """This process, which serves at an address."""
    return Running(pid=os.getpid(), address=address)


def note(lock: int, address: str) -> None:
    """Tell others who serves, and where."""
    running.note(lock, this_process(address))


def find(root: Path) -> Running | None:
    """The server of a registry; None if there is none. Conflict if it is starting."""
    return running.find(root / "lock")


def stop(root: Path) -> Running:
    """End the server of a registry, and wait for its end. NotFound if there is none."""
    found = find(root)
    if found is None:
        raise NotFound(
            f"nobody serves {root}",
            "`lab registry serve` would; --root says which registry is meant.",
        )
    running.end(root / "lock", found)
    return found


def _taken(root: Path) -> Conflict:
    """The error for a directory that somebody serves."""
    found = find(root)
    who = f"process {found.pid}" if found else "another process"
    where = f" at {found.address}" if found else ""
    return Conflict(
        f"{who} serves {root}{where}",
        "`lab registry stop` ends it. Or choose another --root, and another --port.",
    )
