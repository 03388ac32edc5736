"""What can be done with the programs of containers while they run.

    session attach execute    be connected to one      logs        what it has printed
    resize                    its terminal             wait        until it has ended

Some come in a second form, for whoever waits in an event loop: it has a descriptor to
wait at, and never waits itself.

Try it: `lab exec`, `lab attach`, `lab logs -f`, `lab wait`: one method each
"""

import contextlib
from collections.abc import Generator
from typing import TYPE_CHECKING

from engine.containers import networking
from engine.containers.options.asked import ExecOptions
from engine.containers.telling import tell
from engine.errors import told_as_engine_errors
from engine.verbs.containers import ContainerVerbs

if TYPE_CHECKING:
    from engine.containers.sessions.execute import Announced
    from engine.containers.sessions.reading import LogFollower
    from engine.containers.sessions.session import Session
    from engine.containers.sessions.waiting import Waiting
    from engine.gatekeeper import Decide
    from engine.runtime.logs import LogEntry


class SessionVerbs(ContainerVerbs):
    """The verbs of programs that run."""

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
        from engine.containers.sessions.attaching import start_session

        @told_as_engine_errors()
        def prepare(decide: "Decide | None") -> None:
            with self._acting("start", name) as container:
                networking.attach(self._house, container, decide)

        with self._acting("start", name) as container:
            session = start_session(
                self._house,
                container,
                stdin=stdin,
                detach_keys=detach_keys,
                removes=removes,
                prepare=prepare,
            )
        tell(self._house, container, "attach")
        return session

    @told_as_engine_errors()
    def attach(
        self,
        name: str,
        stdin: bool = False,
        detach_keys: str | None = None,
        early: bool = False,
    ) -> "Session":
        """Be attached to a container that runs; InvalidState if it does not.

        `early`: it may also be one that somebody will start.
        """
        from engine.containers.sessions.attaching import attach

        container = self.container(name)
        session = attach(
            self._house, container, stdin=stdin, detach_keys=detach_keys, early=early
        )
        tell(self._house, container, "attach")
        return session

    @told_as_engine_errors()
    def announce_exec(self, name: str, options: ExecOptions) -> "Announced":
        """Say that this will be executed: the ID that it will have, and where.

        An error if it could not be now.
        """
        from engine.containers.sessions.execute import announce

        return announce(self._house, self.container(name), options)

    @told_as_engine_errors()
    def execute(self, name: str, options: ExecOptions, identity: str = "") -> "Session":
        """A session for one more process in a running container.

        `identity`: the ID that announce_exec has told.
        """
        from engine.containers.sessions.execute import execute

        with self._acting("exec", name) as container:
            return execute(self._house, container, options, identity)

    @told_as_engine_errors()
    def exit_of_exec(self, name: str, identity: str) -> int | None:
        """The exit status of what was executed under this ID; None while it runs."""
        from engine.containers.sessions.execute import exit_of

        return exit_of(self._house, self.container(name), identity)

    @told_as_engine_errors()
    def resize(self, name: str, rows: int, columns: int, identity: str = "") -> None:
        """Change the size of a container's terminal, or of that of an exec in it."""
        from engine.containers.sessions.resizing import resize

        resize(self._house, self.container(name), rows, columns, identity)

    @told_as_engine_errors()
    def wait(self, name: str) -> int:
        """The exit status of a container, once it has ended."""
        with contextlib.closing(self.waiting(name)) as waiting:
            return waiting.result()

    @told_as_engine_errors()
    def waiting(self, name: str, condition: str = "") -> "Waiting":
        """The same, for whoever has several things to wait for.

        `condition`: "not-running" (the default), "next-exit" or "removed".
        """
        from engine.containers.sessions.waiting import Waiting

        return Waiting(self._house, self.container(name), condition)

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
    def log_follower(
        self,
        name: str,
        *,
        follow: bool = False,
        since: float | None = None,
        until: float | None = None,
        tail: int | None = None,
    ) -> "LogFollower":
        """The same, for whoever has several things to wait for."""
        from engine.containers.sessions.reading import LogFollower

        return LogFollower(
            self._house,
            self.container(name),
            follow=follow,
            since=since,
            until=until,
            tail=tail,
        )
