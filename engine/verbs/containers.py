"""What can be done with containers.

Try it: `lab create`, `lab start`, `lab stop`, `lab commit`, `lab rm`: one method each
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from engine import events
from engine.containers import lifecycle, removal, repair
from engine.containers.options.asked import ContainerOptions
from engine.containers.record import Container
from engine.containers.remains import Remains
from engine.containers.telling import tell
from engine.errors import (
    EngineBroken,
    EngineError,
    InvalidArgument,
    NotFound,
    SyscallError,
    told_as_engine_errors,
)
from engine.filters import NONE, Filters, Wanted, everything
from engine.images.stored import StoredImage
from engine.storage import unfinished
from engine.verbs.images import ImageVerbs

if TYPE_CHECKING:
    from engine.gatekeeper import Decide
    from engine.storage.changes import Change


_ENDINGS = ("stop", "kill", "rm")  # who asks for one of these wants it to stay down


class ContainerVerbs(ImageVerbs):
    """The verbs of containers."""

    @told_as_engine_errors()
    def create(self, options: ContainerOptions) -> Container:
        """Make a container; it does not run yet."""
        from engine.containers.create import create

        self._sweep()
        with self._swept_if_it_fails():
            made = create(self._house, options, self._image_to_run(options.image))
        tell(self._house, made, "create")
        return made

    def _sweep(self) -> None:
        """Remove what killed commands have left, if there is anything."""
        if self._house.records.abandoned() or unfinished.left(self._house.locks):
            from engine.containers import sweeping

            sweeping.sweep(self._house)

    @contextmanager
    def _swept_if_it_fails(self) -> Iterator[None]:
        """The same at once where the kernel would not do all that it took."""
        try:
            yield
        except (OSError, SyscallError):
            with suppress(OSError, EngineError):  # the first error is told
                self._sweep()
            raise

    @told_as_engine_errors()
    def containers(self, all: bool = False, filters: Filters = NONE) -> list[Container]:
        """The containers, newest first: those that run, or `all`; see filtering.py."""
        from engine.containers.looking.filtering import select

        self._sweep()
        found = []
        known = list(self._house.records.all())
        remains = Remains(self._house)  # after the records, as of each of them
        for container in known:
            container = repair.repair_or_tell(self._house, container, remains)
            if removal.remove_finished(self._house, container):
                continue
            found.append(container)
        return list(select(self._house, found, filters, all=all))

    @told_as_engine_errors()
    def container(self, name: str) -> Container:
        """The container of this name, ID, or beginning of an ID."""
        return repair.repair(self._house, self._house.records.find(name))

    @told_as_engine_errors()
    def start(self, name: str, decide: "Decide | None" = None) -> None:
        """Run a container in the background; nothing happens if it runs.

        `decide` is asked before each act of the start: see sessions/stepping.py.
        """
        with self._acting("start", name) as container:
            lifecycle.start(self._house, container, decide)

    @told_as_engine_errors()
    def stop(self, name: str, timeout: int | None = None) -> None:
        """End a container politely, by force after `timeout` seconds (10)."""
        with self._acting("stop", name) as container:
            lifecycle.stop(self._house, container, timeout)

    @told_as_engine_errors()
    def restart(
        self, name: str, timeout: int | None = None, decide: "Decide | None" = None
    ) -> None:
        """Stop a container if it runs, and run it again; `decide` as for a start."""
        with self._acting("restart", name) as container:
            lifecycle.restart(self._house, container, timeout, decide)

    @told_as_engine_errors()
    def resume(self) -> list[Container]:
        """Start what its restart policy wants to run; those that were started."""
        found = [
            repair.repair(self._house, one, again=False)
            for one in self._house.records.all()
        ]
        return [one for one in found if lifecycle.resume(self._house, one)]

    @told_as_engine_errors()
    def kill(self, name: str, signal: str = "KILL") -> None:
        """Send a signal to process 1 of a container."""
        with self._acting("kill", name) as container:
            lifecycle.kill(self._house, container, signal)

    @told_as_engine_errors()
    def pause(self, name: str) -> None:
        """Take the CPU away from a container."""
        with self._acting("pause", name) as container:
            lifecycle.pause(self._house, container)

    @told_as_engine_errors()
    def unpause(self, name: str) -> None:
        """Give a paused container the CPU back."""
        with self._acting("unpause", name) as container:
            lifecycle.unpause(self._house, container)

    @told_as_engine_errors()
    def remove(self, name: str, force: bool = False, volumes: bool = False) -> None:
        """Remove a container; `force` kills it first, and needs no true record."""
        try:
            with self._acting("rm", name) as container:
                removal.remove(self._house, container, force=force, volumes=volumes)
        except (EngineBroken, NotFound):
            identity = self._house.records.identity(name) if force else None
            if identity is None:
                raise
            removal.remove_damaged(self._house, identity)

    @told_as_engine_errors()
    def prune_containers(self, wanted: Wanted = everything) -> tuple[list[str], int]:
        """Remove what does not run: the IDs, and how many bytes that made free."""
        from engine.containers.pruning import prune_containers

        removed, freed = prune_containers(self._house, wanted)
        notes = {"reclaimed": str(freed)}
        events.record(self._house.root, "container", "prune", "", notes)
        return removed, freed

    @told_as_engine_errors()
    def rename(self, name: str, new: str) -> None:
        """Give a container another name."""
        if not name or not new:
            raise InvalidArgument(
                "Neither old nor new names may be empty", "lab rename OLD NEW"
            )
        with self._acting("rename", name) as container:
            self._house.records.rename(container, new)
        renamed = container._replace(name=new)
        tell(self._house, renamed, "rename", oldName=f"/{container.name}")

    @told_as_engine_errors()
    def changes(self, name: str) -> "list[Change]":
        """What a container has changed in the files of its image."""
        from engine.containers.looking.layers import container_changes

        return container_changes(self.container(name))

    @told_as_engine_errors()
    def commit(
        self,
        name: str,
        reference: str | None = None,
        author: str = "",
        message: str = "",
        changes: Sequence[str] = (),
        pause: bool = True,
        otherwise: Mapping[str, Any] = {},
    ) -> StoredImage:
        """An image of what a container has changed; `otherwise`: of its config."""
        from engine.containers.commit import commit

        with (
            self._swept_if_it_fails(),
            self._acting("commit", name) as container,
        ):
            image = commit(
                self._house,
                container,
                self.image(container.image_id),
                reference,
                author=author,
                message=message,
                changes=changes,
                pause=pause,
                otherwise=otherwise,
            )
        notes = {"comment": message, "imageID": image.id}
        if reference:
            notes["imageRef"] = self._house.images.name_for(reference)
            self._tell_of_image(image, "tag", notes["imageRef"])
        tell(self._house, container, "commit", **notes)
        return image

    @contextmanager
    def _acting(self, verb: str, name: str) -> Iterator[Container]:
        """A container; what is done meanwhile is written into its acts."""
        found, again = self._house.records.find(name), verb not in _ENDINGS
        container = repair.repair(self._house, found, again=again)
        with self._house.recording(verb, container.directory):
            yield container
