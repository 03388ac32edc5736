"""Records: what is known of each container that this command has made.

    ROOT/ID/             mode 0700, locked by whoever changes something
      state.json         the fields of `Container`
      seccomp.bpf        its system call policy, compiled: exec needs it again
      exec.fifo          as long as it has not been started

The record is written before anything is made: whoever is killed half way has left a
list of what to take away, and `delete --force` does so. Whether a container lives is
not written down at all. The kernel is asked, by the number of its process together with
the moment when that began; so nobody need be there to see it end.

Source: runtime-spec runtime.md, "State"
Try it: `labshell-runc state box`
"""

import contextlib
import fcntl
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from engine import entries, files
from engine.errors import Conflict, InvalidArgument, NotFound
from engine.kernel import cgroups, freezer, process_table, processes
from engine.oci.spec import VERSION
from engine.runtime.command import fifo, hooks

ROOT = Path("/run/labshell-runc")
CREATING, CREATED, RUNNING = "creating", "created", "running"
PAUSED, STOPPED = "paused", "stopped"
POLICY = "seccomp.bpf"
_STATE = "state.json"
_LONGEST_ID = 255  # bytes: it is the name of a directory


class Container(NamedTuple):
    """A container. `pid` is 0 as long as its process is not born.

    `pid_started` makes the process certain; `creating`: it waits until hooks have run;
    `namespaces` are those of exec, by kind; `hooks` are those that are still to be run.
    """

    id: str
    bundle: str
    rootfs: str
    created: str
    cgroup: str
    namespaces: tuple[str, ...]
    annotations: Mapping[str, str]
    hooks: Mapping[str, Any] = {}
    pid: int = 0
    pid_started: int = 0
    creating: bool = False

    def write(self, directory: Path) -> None:
        """Put the record into its directory."""
        files.write_json(directory / _STATE, self._asdict())

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "Container":
        """The record that state.json holds. TypeError if a field is of another type."""
        read = Container(**{**data, "namespaces": tuple(data["namespaces"])})
        for name, value, like in zip(Container._fields, read, _BLANK, strict=True):
            if type(value) is not type(like):
                raise TypeError(f"{name} is {value!r}")
        return read

    def state(self, status: str) -> dict[str, Any]:
        """The state, as the specification has it."""
        return {
            "ociVersion": VERSION,
            "id": self.id,
            "pid": 0 if status == STOPPED else self.pid,
            "status": status,
            "bundle": self.bundle,
            "rootfs": self.rootfs,
            "created": self.created,
            "annotations": dict(self.annotations),
            "owner": "root",
        }


_BLANK = Container("", "", "", "", "", (), {})


def make(root: Path, identity: str) -> Path:
    """Take the name of a new container: its directory. Conflict if it is taken."""
    check(identity)
    root.mkdir(mode=0o711, parents=True, exist_ok=True)
    try:
        entries.make_directory(root / identity)
    except FileExistsError as error:
        raise Conflict(
            f'container "{identity}" already exists',
            f"`labshell-runc delete {identity}` removes it.",
        ) from error
    return root / identity


def check(identity: str) -> None:
    """Raise InvalidArgument unless this may be the name of a container."""
    plain = re.fullmatch(r"[A-Za-z0-9_+.-]+", identity)
    if not plain or identity in (".", "..") or len(identity) > _LONGEST_ID:
        raise InvalidArgument(
            f"invalid container ID: {identity!r}",
            "Letters, digits and _ + - . may be in it, up to 255 of them.",
        )


@contextmanager
def held(root: Path, identity: str) -> Iterator[tuple[Path, Container]]:
    """A container, while nobody else changes it. NotFound if there is none."""
    check(identity)
    directory = root / identity
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(files.locked_directory(directory))
            yield directory, files.read_record(directory / _STATE, Container.from_json)
        except FileNotFoundError as error:
            if error.filename not in (str(directory), str(directory / _STATE)):
                raise
            raise _missing(identity) from error


@contextmanager
def let_go(directory: Path, held: int) -> Iterator[None]:
    """While this lasts others may have a record that we hold, by its directory.

    Conflict if they have deleted it.
    """
    fcntl.flock(held, fcntl.LOCK_UN)
    try:
        yield
    finally:
        fcntl.flock(held, fcntl.LOCK_EX)
    if not is_there(directory, held):
        raise Conflict(
            f'container "{directory.name}" was deleted while it was created',
            "Create it again.",
        )


def is_there(directory: Path, held: int) -> bool:
    """Whether a record that we hold has not been deleted; perhaps there is another."""
    try:
        return os.path.samestat(os.stat(directory), os.fstat(held))
    except FileNotFoundError:
        return False


def read(root: Path, identity: str) -> Container:
    """A container, as it is now. NotFound if there is none."""
    check(identity)
    try:
        return files.read_record(root / identity / _STATE, Container.from_json)
    except FileNotFoundError as error:
        raise _missing(identity) from error


def names(root: Path) -> list[str]:
    """The IDs of all containers, in the order of the alphabet."""
    try:
        found = os.listdir(root)
    except FileNotFoundError:
        return []
    return sorted(name for name in found if (root / name / _STATE).exists())


def status(root: Path, container: Container) -> str:
    """What a container is now, in the words of the runtime specification."""
    if not container.pid:
        return CREATING
    if not lives(container):
        return STOPPED
    if container.creating:
        return CREATING
    if fifo.is_there(root / container.id):
        return CREATED
    return PAUSED if freezer.is_frozen(container.cgroup) else RUNNING


def lives(container: Container) -> bool:
    """Whether its process is there, and no zombie that somebody has yet to collect."""
    if not container.pid:
        return False
    if processes.start_time(container.pid) != container.pid_started:
        return False
    entry = process_table.read(container.pid)
    return entry is not None and entry.state not in "ZX"


def tell_started(container: Container) -> None:
    """Run the hooks of a container that has been started, while nobody holds it.

    They may use it as everybody else may, and one that never ends is in nobody's way.
    """
    after = hooks.read(container.hooks, "poststart")
    hooks.run_all(after, container.state(RUNNING))


def take_away(directory: Path, container: Container) -> None:
    """Kill what is left of a container, and remove its group and its record."""
    freezer.kill_all(container.cgroup)
    cgroups.remove(container.cgroup)
    files.remove_tree(directory)
    hooks.run_all(hooks.read(container.hooks, "poststop"), container.state(STOPPED))


def _missing(identity: str) -> NotFound:
    return NotFound(
        f'container "{identity}" does not exist', "`labshell-runc list` names them."
    )
