"""A container, as a check sees it: its state, its layers, its processes, its limits.

    what it has written     changes, top, size        the read-write layer
    what it sees            inside, content           /proc/PID/root, mounts and all
    how it runs             processes, limits         the kernel's own files
    where it is in its life status, exit_code         what its shim has written down

Everything is looked at when it is asked for, and never by way of a link (looking.py).

Try it: `lab diff NAME`, `lab layers NAME`, `lab tree NAME`
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.engine import Engine
from labshell.lessons.groups import Limits, is_frozen, read_limits
from labshell.lessons.looking import MOST_BYTES, Found, look
from labshell.lessons.outcomes import NOT_RUNNING, NotThereYet
from labshell.lessons.processes import ProcessView


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What a read-write layer holds, by kind, as absolute paths."""

    added: frozenset[str]
    changed: frozenset[str]
    deleted: frozenset[str]


def _changes(changes: Iterable[Any]) -> Changes:
    kinds: dict[str, set[str]] = {"A": set(), "C": set(), "D": set()}
    for change in changes:
        kinds[change.kind].add(change.path)
    return Changes(
        added=frozenset(kinds["A"]),
        changed=frozenset(kinds["C"]),
        deleted=frozenset(kinds["D"]),
    )


class ContainerView:
    """One container, as a check sees it."""

    def __init__(self, engine: Engine, name: str) -> None:
        self._engine, self._container = engine, engine.container(name)

    @property
    def changes(self) -> Changes:
        """What its read-write layer holds."""
        return _changes(self._engine.changes(self._container.id))

    @property
    def status(self) -> str:
        """In which state it is: "created", "running", "paused", "exited" …"""
        return str(self._container.state.status)

    @property
    def running(self) -> bool:
        """Does its process run (or is it paused) now?"""
        return self._container.state.status in ("running", "paused")

    @property
    def exit_code(self) -> int | None:
        """How its program has ended; None if it runs, or has never run."""
        state = self._container.state
        return state.exit_code if state.status == "exited" else None

    @property
    def has_ended(self) -> bool:
        """Has its program ended so far, though it may run again now?"""
        return bool(self._container.state.finished_at > self._container.created)

    @property
    def restart_policy(self) -> str:
        """What is to be done when its program ends, as `--restart` takes it."""
        return str(self._container.options.restart)

    @property
    def image_id(self) -> str:
        """The image that it was made from."""
        return str(self._container.image_id)

    @property
    def command(self) -> tuple[str, ...]:
        """What it runs: the program and its arguments."""
        return tuple(self._container.command)

    @property
    def processes(self) -> list[ProcessView]:
        """Its processes, the first one first; none if it does not run."""
        return [
            ProcessView(
                pid=found.pid,
                inside=found.inside_pid,
                command=found.command,
                namespaces=found.namespaces,
            )
            for found in self._engine.processes()
            if found.container == self._container.name
            and found.role in ("container", "exec")
        ]

    @property
    def limits(self) -> Limits:
        """What its control group allows, as the kernel's files say."""
        return read_limits(self._engine.cgroup(self._container.id))

    @property
    def frozen(self) -> bool:
        """Does the freezer hold all its processes still?"""
        return is_frozen(self._engine.cgroup(self._container.id))

    @property
    def process(self) -> ProcessView:
        """The process that the container was started for."""
        for process in self.processes:
            if process.pid == self._container.state.pid:
                return process
        raise NotThereYet(NOT_RUNNING, self._container.name)

    def top(self, path: str, most: int = MOST_BYTES) -> Found:
        """What the read-write layer itself says about `path`, whiteouts included."""
        return look(self._engine.layers(self._container.id)[-1].directory, path, most)

    def in_read_write_layer(self, path: str) -> bytes | None:
        """The content of a file of the read-write layer itself; None if not there."""
        return self.top(path).data

    def size(self, path: str) -> int | None:
        """The size of a file in the read-write layer; None if it is not there."""
        status = self.top(path).status
        return None if status is None else status.st_size

    def inside(self, path: str) -> Found:
        """What the container's own process sees at `path`, mounts and all."""
        if not self.running:
            raise NotThereYet(NOT_RUNNING, self._container.name)
        root = Path(f"/proc/{self._container.state.pid}/root")
        return look(root, path)

    def content(self, path: str) -> bytes | None:
        """The content of a file as the container's own process reads it."""
        return self.inside(path).data
