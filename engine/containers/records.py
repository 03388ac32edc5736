"""Records: where the containers of one engine root are kept, and how one is found.

    containers/ID/            one record each (see record.py)
    containers/.new-ID        one that is being made
    containers/.gone-ID       one that is being removed (see forgetting.py)
    names/NAME                a link to ../containers/ID

A name is a link because link creation either succeeds or finds the name taken: two
commands cannot both win. A record is made in .new-ID and renamed: it is never half
there.

man: symlink(2), rename(2), flock(2)
Try it: `ls -l /var/lib/labshell/names`
"""

import contextlib
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from engine import entries, files
from engine.containers.names import check_name
from engine.containers.record import Container
from engine.errors import (
    Conflict,
    EngineBroken,
    EngineError,
    InvalidArgument,
    NotFound,
)
from engine.runtime import state
from engine.storage import unfinished

_HEX = re.compile(r"[0-9a-f]{1,64}\Z")


class Records:
    """All containers of one engine root."""

    def __init__(self, root: Path, notices: list[str]) -> None:
        """`notices` collects what is wrong with single records, a line each."""
        self._notices = notices
        self.containers = root / "containers"
        self.names_lock = root / "locks" / "names"
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

    def all(self, *, strict: bool = False) -> Iterator[Container]:
        """Every container, newest first.

        A damaged record is left out, and a notice tells of it; `strict`: EngineBroken,
        for whoever must know of all before something is removed.
        """
        found = []
        for identity in self._ids():
            try:
                found.append(self._read_whole(identity))
            except FileNotFoundError:
                continue  # removed meanwhile
            except EngineBroken as error:
                if strict:
                    raise
                self._tell(error)
        yield from sorted(found, key=lambda c: (c.created, c.id), reverse=True)

    def _read_whole(self, identity: str) -> Container:
        """One record; EngineBroken also where a file of it is missing."""
        from engine.containers import remembering  # only lists do

        directory = f"{self.containers}/{identity}"  # a Path takes longer, for hundreds
        try:
            return remembering.read(directory)
        except FileNotFoundError as error:
            if not os.path.isdir(directory):
                raise
            raise EngineBroken(
                f"{error.filename} is missing",
                f"`lab rm -f {identity[:12]}` removes what is left.",
            ) from error

    def _tell(self, error: EngineBroken) -> None:
        notice = f"left out: {error.message}. {error.hint}"
        if notice not in self._notices:
            self._notices.append(notice)

    def gone(self, identity: str) -> Path:
        """Where a record is put aside to be removed."""
        return self.containers / f".gone-{identity}"

    def identity(self, name: str) -> str | None:
        """The ID of the container of this name, or with this beginning of an ID.

        Also of one whose record is damaged; None if there is none.
        """
        with contextlib.suppress(OSError, ValueError):
            found = os.path.basename(os.readlink(self.names / os.path.basename(name)))
            if (self.containers / found).is_dir():
                return found
        fitting = [one for one in self._ids() if name and one.startswith(name)]
        return fitting[0] if len(fitting) == 1 else None

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
                entries.make_directory(path, 0o711)
                held.enter_context(files.locked(path / "alive"))
            try:
                yield path
            except BaseException:
                files.remove_tree(path)
                raise

    def begin_draft(self, draft: Path, container: Container) -> Container:
        """The first record in a draft; who shall have users of its own gets them."""
        if container.options.user_namespace != "auto":
            self.write_draft(draft, container)
            return container
        from engine.containers import identities  # few containers have any

        lock = self.lock.parent / "identities"
        with identities.chosen(self.containers, lock, container.id) as first:
            container = container._replace(first_id=first)
            self.write_draft(draft, container)
        return container

    def write_draft(self, draft: Path, container: Container) -> None:
        """Note in a draft what it will be: whoever finds it abandoned can read it."""
        files.write_json(draft / "config.json", container.to_json())
        state.write(draft, container.state)

    def publish(self, draft: Path, container: Container) -> None:
        """Make a prepared record the real one. Conflict if its name is taken."""
        with files.locked(self.names_lock):
            self._take_name(container.name, container.id)
        try:
            entries.rename(draft, container.directory)
        except OSError:
            entries.unlink(self.names / container.name)
            raise

    def _take_name(self, name: str, identity: str) -> None:
        link = self.names / name
        for _ in range(2):
            try:
                entries.link(f"../containers/{identity}", link)
                return
            except FileExistsError:
                owner = os.path.basename(os.readlink(link))
                if self._is_called(owner, name):
                    break
                entries.unlink(link)  # its container has gone, or got another name
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
        return self.has_name(identity, name)

    def has_name(self, identity: str, name: str) -> bool:
        """Whether there is such a container, and its record has this name."""
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
            raise InvalidArgument(
                "Renaming a container with the same name as its current name",
                "Choose another one.",
            )
        with self._changing():
            old = Container.read(container.directory).name
            self._take_name(name, container.id)
            self._change(container, lambda now: now._replace(name=name))
            with contextlib.suppress(FileNotFoundError):
                entries.unlink(self.names / old)

    def change(
        self, container: Container, function: Callable[[Container], Container]
    ) -> Container:
        """Change what is wanted of a container: `function` gets it as it is now.

        Whoever else changes something at the same moment waits.
        """
        with self._changing():
            return self._change(container, function)

    @contextlib.contextmanager
    def _changing(self) -> Iterator[None]:
        """Hold the lock under which records change, and leave a mark meanwhile."""
        with unfinished.marked(self.lock.parent), files.locked(self.names_lock):
            yield

    def _change(
        self, container: Container, function: Callable[[Container], Container]
    ) -> Container:
        changed = function(Container.read(container.directory))
        files.write_json(container.directory / "config.json", changed.to_json())
        return changed
