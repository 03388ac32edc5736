"""What can be done with containers.

Try it: `lab create`, `lab start`, `lab exec`, `lab stop`, `lab rm`: one method each
"""

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from engine import events
from engine.containers import lifecycle, networking, removal, repair
from engine.containers.options.asked import ContainerOptions, ExecOptions
from engine.containers.record import Container
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
    from engine.containers.sessions.session import Session
    from engine.containers.sessions.stepping import Decide
    from engine.runtime.logs import LogEntry
    from engine.storage.changes import Change


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
        for container in self._house.records.all():
            container = repair.repair_or_tell(self._house, container)
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
    def session(
        self,
        name: str,
        stdin: bool = False,
        detach_keys: str | None = None,
        removes: bool = False,
    ) -> "Session":
        """Be attached to a container that runs, or will when the session starts.

        `removes`: the caller will remove an --rm container when it has ended.
        """
        from engine.containers.sessions.session import start_session

        with self._acting("start", name) as container:
            session = start_session(
                self._house,
                container,
                stdin=stdin,
                detach_keys=detach_keys,
                removes=removes,
            )
            tell(self._house, container, "attach")
            with session.closed_if_it_fails():
                networking.attach(self._house, container)
        return session

    @told_as_engine_errors()
    def attach(
        self, name: str, stdin: bool = False, detach_keys: str | None = None
    ) -> "Session":
        """Be attached to a container that runs; InvalidState if it does not."""
        from engine.containers.sessions.session import attach

        container = self.container(name)
        session = attach(self._house, container, stdin=stdin, detach_keys=detach_keys)
        tell(self._house, container, "attach")
        return session

    @told_as_engine_errors()
    def execute(self, name: str, options: ExecOptions) -> "Session":
        """A session for one more process in a running container."""
        from engine.containers.sessions.execute import execute

        with self._acting("exec", name) as container:
            return execute(self._house, container, options)

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
        found = [self.container(one.id) for one in self._house.records.all()]
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
    def wait(self, name: str) -> int:
        """The exit status of a container, once it has ended."""
        return lifecycle.wait(self._house, self.container(name))

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

    def logs(
        self,
        name: str,
        *,
        follow: bool = False,
        since: float | None = None,
        until: float | None = None,
        tail: int | None = None,
    ) -> "Generator[LogEntry, None, None]":
        """What a container has printed, of its last `tail` lines, between two times.

        `since` and `until` are seconds since 1970; `follow` goes on until it ends.
        """
        from engine.containers.sessions.reading import entries

        return entries(
            self._house,
            self.container(name),
            follow=follow,
            since=since,
            until=until,
            tail=tail,
        )

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
    ) -> StoredImage:
        """Make an image of what a container has changed."""
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
        container = self.container(name)
        with self._house.recording(verb, container.directory):
            yield container

    @told_as_engine_errors()
    def scene(self, name: str = "") -> Container:
        """The container that a failed step of a build left: the newest, or `name`."""
        from engine.build.scene import newest

        return self.container(name) if name else newest(self._house)
