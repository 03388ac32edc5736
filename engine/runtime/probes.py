"""Probes: asking a running container, time and again, whether it is well.

    interval ─▶ probe: a process in the container, like that of an exec
                  │ exit status 0      well
                  │ anything else      not well
                  └ still running after the timeout: killed, not well (-1)
    interval ─▶ probe …

The interval begins when the answer has come, so two probes never run at once. A paused
container is not asked: it could not answer.

Try it: `lab run -d --health-cmd 'test -e /ok' --health-interval 1s busybox sleep 60`
"""

import socket
import time
from collections.abc import Callable
from pathlib import Path

from engine import times
from engine.errors import EngineError, from_os_error
from engine.oci.health import SECOND, Healthcheck
from engine.oci.spec import Process
from engine.runtime.bundle import read_process
from engine.runtime.health import STARTING, UNWATCHED, Answer, Health
from engine.runtime.launch import Launch
from engine.runtime.loop import Loop, Timer
from engine.runtime.runtimes import Runtime
from engine.runtime.tasks import Task

_LONGEST_OUTPUT = 4096  # bytes
_KILL, _TOO_LATE = 9, -1


class Output:
    """Keeps the beginning of what a probe prints; it takes a client's place."""

    full = False

    def __init__(self) -> None:
        self.text = b""
        self.on_room: Callable[[], None] | None = None

    def send(self, message: bytes) -> None:
        """One piece of output, behind a byte that names its stream."""
        self.text += message[1 : 1 + _LONGEST_OUTPUT - len(self.text)]

    def listen(self, yes: bool) -> None:
        """Nothing is sent to a probe, so nothing need be held back."""


class Prober:
    """Asks one container, for as long as it runs."""

    def __init__(
        self,
        loop: Loop,
        bundle: Path,
        runtime: Runtime,
        check: Healthcheck,
        answered: Callable[[Health], None],
    ) -> None:
        """`answered` hears of each new health."""
        self._loop, self._bundle, self._runtime = loop, bundle, runtime
        self._check = check
        self._answered = answered
        self._health = UNWATCHED
        self._target: Task  # process 1, from `begin` on
        self._grace_ends = 0.0
        self._timer: Timer | None = None
        self._held = False
        self._probe: Task | None = None
        self._born = False  # whether the probe's launch is over
        self._output = Output()
        self._asked_at = ""

    @property
    def first(self) -> Health:
        """The health of a container that has just been started."""
        return Health(status=STARTING) if self._check.wanted else UNWATCHED

    def begin(self, process: Task) -> None:
        """The container's process 1 runs: ask from now on."""
        self._health = self.first
        self._target = process
        self._grace_ends = time.monotonic() + self._check.start_period / SECOND
        self.go_on()

    def go_on(self) -> None:
        """Ask again, when the interval is over."""
        self._held = False
        self._set_timer()

    def hold(self) -> None:
        """Do not ask for now: it is paused."""
        self._held = True
        self._clear_timer()

    def _set_timer(self) -> None:
        """For the answer of the probe that runs, else for the next probe."""
        self._clear_timer()
        if self._held or not self._check.wanted:
            return
        if self._born:
            self._timer = self._loop.later(self._check.timeout / SECOND, self._too_late)
        elif self._probe is None:
            self._timer = self._loop.later(self._check.interval / SECOND, self._ask)

    def _clear_timer(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def end(self) -> None:
        """The container has ended, and the kernel has killed the probe with it."""
        self.hold()
        probe, born = self._probe, self._born
        self._probe, self._born = None, False
        if probe and born:
            probe.signal(_KILL)  # unless it is in the machine's own pid namespace
            probe.reap()
            probe.close()

    def _ask(self) -> None:
        self._asked_at = times.now()
        try:
            probe = Task(self._loop, terminal=False, interactive=False, log=None)
        except OSError as error:  # too many files are open
            self._note(_TOO_LATE, from_os_error(error).message)
            return
        self._probe, self._output = probe, Output()
        probe.attach(self._output)

        def in_child(report: socket.socket) -> None:
            self._runtime.execute(self._target, self._process, probe, report)

        def started(error: EngineError | None) -> None:
            self._started(probe, error)

        # Nothing records its acts: one every half minute would soon fill the file.
        beside = self._runtime.beside(self._target)
        Launch(self._loop, probe, in_child, started, beside=beside)

    def _process(self) -> Process:
        """What is run, as the container's own user; called in the child."""
        own = read_process(self._bundle)
        return own._replace(arguments=self._check.command(()), terminal=False)

    def _started(self, probe: Task, error: EngineError | None) -> None:
        if error:
            probe.close()
            if probe is self._probe:
                self._note(error.exit_code, error.message)
        elif probe is not self._probe:  # the container ended while it was being born
            probe.reap()
            probe.close()
        else:
            self._born = True
            probe.watch(self._exited)
            self._set_timer()

    def _too_late(self) -> None:
        if self._probe:
            self._probe.signal(_KILL)  # its end is heard of later, and no news
            seconds = self._check.timeout / SECOND
            self._note(_TOO_LATE, f"Health check exceeded timeout ({seconds:g}s)")

    def _exited(self, probe: Task, status: int) -> None:
        probe.close()
        if probe is self._probe:
            self._note(status, self._output.text.decode(errors="replace"))

    def _note(self, exit_code: int, output: str) -> None:
        """Take an answer into account, and wait for the next interval."""
        self._probe, self._born = None, False
        answer = Answer(
            start=self._asked_at, end=times.now(), exit_code=exit_code, output=output
        )
        counts = time.monotonic() >= self._grace_ends
        self._health = self._health.after(
            answer, retries=self._check.retries, counts=counts
        )
        self._answered(self._health)
        self._set_timer()
