"""Records: what is kept of a container on disk, and how it is found.

    containers/ID/config.json    what was asked and decided when it was created
    containers/ID/state.json     what it is now (written by its shim)
    names/NAME                   a link to ../containers/ID

A name is a link because link creation either succeeds or finds the name taken: two
commands cannot both win. A record is made in containers/.new-ID and renamed, and
removed by renaming to containers/.gone-ID first: it is never half there.

man: symlink(2), rename(2), flock(2)
Try it: `ls -l /var/lib/labshell/names`
"""

import contextlib
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from engine import files
from engine.containers.binds import BoundPath
from engine.containers.names import check_name
from engine.containers.options import ContainerOptions
from engine.errors import Conflict, EngineError, NotFound
from engine.runtime import state
from engine.runtime.state import State

_HEX = re.compile(r"[0-9a-f]{1,64}\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """One container.

    `image` is the name that was asked for and `image_id` what it was then; `command`
    is what really runs: entrypoint and arguments; `created` is RFC 3339; `stopped`:
    its user has stopped it, and has not started it again since.
    """

    id: str
    name: str
    image: str
    image_id: str
    created: str
    command: tuple[str, ...]
    options: ContainerOptions
    stop_signal: str
    bound: tuple[BoundPath, ...]
    labels: Mapping[str, str]
    state: State
    directory: Path
    stopped: bool = False

    @property
    def short_id(self) -> str:
        """The first twelve digits, as tables print it."""
        return self.id[:12]

    @property
    def running(self) -> bool:
        """Whether there is a process; it may be paused."""
        return self.state.status in (state.RUNNING, state.PAUSED)

    @property
    def active(self) -> bool:
        """Whether it runs, is paused, or will be run again in a moment."""
        return self.state.active

    def to_json(self) -> dict[str, Any]:
        """As in config.json."""
        return {
            "id": self.id,
            "name": self.name,
            "image": self.image,
            "image_id": self.image_id,
            "created": self.created,
            "command": list(self.command),
            "stop_signal": self.stop_signal,
            "bound": [path.to_json() for path in self.bound],
            "labels": dict(self.labels),
            "options": self.options.to_json(),
            "stopped": self.stopped,
        }

    @staticmethod
    def read(directory: Path) -> "Container":
        """The container whose files are in `directory`. OSError if there is none."""

        def parse(data: Any) -> Container:
            if data["id"] != directory.name:
                raise ValueError(f"id is {data['id']!r}")
            return Container(
                id=data["id"],
                name=str(data["name"]),
                image=str(data["image"]),
                image_id=str(data["image_id"]),
                created=str(data["created"]),
                command=_words(data["command"]),
                stop_signal=str(data["stop_signal"]),
                bound=tuple(BoundPath.from_json(path) for path in data["bound"]),
                labels=dict(data["labels"]),
                options=ContainerOptions.from_json(data["options"]),
                stopped=bool(data["stopped"]),
                state=state.read(directory),
                directory=directory,
            )

        return files.read_record(directory / "config.json", parse)


def _words(value: Any) -> tuple[str, ...]:
    """A list of texts; TypeError for anything else."""
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise TypeError(f"{value!r} is no list of words")
    return tuple(value)


class Records:
    """All containers of one engine root."""

    def __init__(self, root: Path) -> None:
        self.containers = root / "containers"
        self._lock = root / "locks" / "names"
        self.names = root / "names"
        self.lock = root / "locks" / "drafts"

    def find(self, name: str) -> Container:
        """The container of this name, ID, or unique beginning of an ID."""
        with contextlib.suppress(OSError):
            if name not in ("", ".", "..") and not {"/", "\0"} & {*name}:
                link = os.readlink(self.names / name)
                found = Container.read(self.containers / os.path.basename(link))
                if found.name == name:  # else a rename was cut short
                    return found
        if _HEX.match(name):
            with contextlib.suppress(FileNotFoundError):
                return self._by_id(name)
        raise NotFound(f"No such container: {name}", "`lab ps -a` lists them all.")

    def _by_id(self, prefix: str) -> Container:
        if len(prefix) == 64:
            return Container.read(self.containers / prefix)
        found = [identity for identity in self._ids() if identity.startswith(prefix)]
        if len(found) > 1:
            raise Conflict(
                f"Multiple IDs found with provided prefix: {prefix}",
                "Give more digits of the ID, or the name.",
            )
        if not found:
            raise FileNotFoundError(prefix)
        return Container.read(self.containers / found[0])

    def _ids(self) -> list[str]:
        try:
            names = os.listdir(self.containers)
        except FileNotFoundError:
            return []
        return [name for name in names if not name.startswith(".")]

    def all(self) -> Iterator[Container]:
        """Every container, newest first."""
        found = []
        for identity in self._ids():
            with contextlib.suppress(FileNotFoundError):  # removed meanwhile
                found.append(Container.read(self.containers / identity))
        yield from sorted(found, key=lambda c: (c.created, c.id), reverse=True)

    def abandoned(self) -> list[Path]:
        """Records that were being made or removed when somebody was killed."""
        try:
            names = os.listdir(self.containers)
        except FileNotFoundError:
            return []
        return [self.containers / name for name in names if name.startswith(".")]

    @contextlib.contextmanager
    def draft(self, identity: str) -> Iterator[Path]:
        """A new directory in which to prepare a record; removed if that fails.

        Between its birth and the taking of its lock it looks abandoned: who removes
        such drafts waits at another lock meanwhile.
        """
        for directory in (self.containers, self.names):
            directory.mkdir(mode=0o711, parents=True, exist_ok=True)
        path = self.containers / f".new-{identity}"
        with contextlib.ExitStack() as held:
            with files.locked(self.lock, shared=True):
                path.mkdir(mode=0o711)
                held.enter_context(files.locked(path / "alive"))
            try:
                yield path
            except BaseException:
                files.remove_tree(path)
                raise

    def publish(self, draft: Path, container: Container) -> None:
        """Make a prepared record the real one. Conflict if its name is taken."""
        files.write_json(draft / "config.json", container.to_json())
        state.write(draft, container.state)
        with files.locked(self._lock):
            self._take_name(container.name, container.id)
        os.rename(draft, container.directory)

    def _take_name(self, name: str, identity: str) -> None:
        link = self.names / name
        for _ in range(2):
            try:
                os.symlink(f"../containers/{identity}", link)
                return
            except FileExistsError:
                owner = os.path.basename(os.readlink(link))
                if self._is_called(owner, name):
                    break
                os.unlink(link)  # its container has gone, or got another name
        raise Conflict(
            f'Conflict. The container name "/{name}" is already in use by container '
            f'"{owner}". You have to remove (or rename) that container to be able to '
            "reuse that name.",
            f"`lab rm -f {name}` ends and removes it, `lab rename {name} OTHER` "
            "renames it.",
        )

    def _is_called(self, identity: str, name: str) -> bool:
        """Whether a container, or one that is being made, really has this name."""
        if (self.containers / f".new-{identity}").exists():
            return True
        try:
            return Container.read(self.containers / identity).name == name
        except FileNotFoundError:
            return False
        except EngineError:
            return True  # a damaged record may have it

    def rename(self, container: Container, name: str) -> None:
        """Give a container another name."""
        check_name(name)
        if name == container.name:
            raise EngineError(
                "Renaming a container with the same name as its current name",
                "Choose another one.",
            )
        with files.locked(self._lock):
            old = Container.read(container.directory).name
            self._take_name(name, container.id)
            self._change(container, lambda now: replace(now, name=name))
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.names / old)

    def change(
        self, container: Container, function: Callable[[Container], Container]
    ) -> Container:
        """Change what is wanted of a container: `function` gets it as it is now.

        Whoever else changes something at the same moment waits.
        """
        with files.locked(self._lock):
            return self._change(container, function)

    def _change(
        self, container: Container, function: Callable[[Container], Container]
    ) -> Container:
        changed = function(Container.read(container.directory))
        files.write_json(container.directory / "config.json", changed.to_json())
        return changed

    def forget(self, container: Container) -> None:
        """Remove the record with everything in its directory.

        First the record goes, then its name: killed in between, we leave a link that
        leads nowhere, which whoever wants the name takes away.
        """
        gone = self.containers / f".gone-{container.id}"
        with files.locked(self._lock), contextlib.suppress(FileNotFoundError):
            name = self._name_now(container)
            os.rename(container.directory, gone)
            link = self.names / name
            if os.path.basename(os.readlink(link)) == container.id:
                os.unlink(link)
        files.remove_tree(gone)

    def _name_now(self, container: Container) -> str:
        """The container's name: another command may have changed it meanwhile."""
        with contextlib.suppress(EngineError):  # a damaged record keeps its old name
            return Container.read(container.directory).name
        return container.name

    def drop_dead_names(self) -> None:
        """Remove the links that lead to no container, be it one that is being made."""
        with files.locked(self._lock):
            for name in os.listdir(self.names):
                identity = os.path.basename(os.readlink(self.names / name))
                draft = self.containers / f".new-{identity}"
                # in this order: a draft that is published now is seen as one of both
                if not draft.exists() and not (self.containers / identity).exists():
                    os.unlink(self.names / name)
