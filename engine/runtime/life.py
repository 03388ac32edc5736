"""A life: process 1 of a container, from its start to its end, and perhaps again.

    start ─▶ launch ─▶ it runs ─▶ it ends ─▶ what the start had made is taken away
                ▲                              │
                │   a pause (restart.py)       ├── the policy wants another attempt
                └──────────────────────────────┤
                └──────────────────────────────┴── somebody asked for a restart
                                               └── else: this was all

Whoever asks the container to end (stop, kill) wants it to stay down: no policy then
starts it again. A stop is a signal and, when the grace time is over, KILL.

man: signal(7), pidfd_open(2)
Try it: `lab run -d --name again --restart always busybox sleep 1; lab events`
"""

import contextlib
import functools
import signal
import time
from collections.abc import Callable
from pathlib import Path

from engine import acts
from engine.errors import EngineError, from_os_error
from engine.kernel import freezer
from engine.runtime import release, restart, runtimes, state
from engine.runtime.announce import Announcer
from engine.runtime.bundle import ShimFacts
from engine.runtime.execs import Execs
from engine.runtime.health import Health
from engine.runtime.launch import Launch
from engine.runtime.logs import LogWriter
from engine.runtime.loop import Loop, Timer
from engine.runtime.outside import Viewers
from engine.runtime.probes import Prober
from engine.runtime.record import StateRecord
from engine.runtime.shortage import Shortage
from engine.runtime.tasks import Task
from engine.runtime.wanted import WantedRecord


class Life:
    """Process 1 of one container; `on_start` and `on_end` hear what becomes of it."""

    def __init__(
        self,
        loop: Loop,
        directory: Path,
        facts: ShimFacts,
        on_start: Callable[[EngineError | None], None],
        on_end: Callable[[int, bool], None],
    ) -> None:
        """`on_end` is told the exit status, and whether this was the last attempt."""
        self._loop, self._directory, self._facts = loop, directory, facts
        self._on_start, self._on_end = on_start, on_end
        self.record = StateRecord(directory)
        self._wanted = WantedRecord(directory)
        self.announcer = Announcer(directory, self._wanted)
        told = self.announcer.disconnected
        self.disconnect = functools.partial(release.disconnect, directory, told)
        bundle = directory / "bundle"
        self.runtime = runtimes.of(bundle, facts)
        self.execs = Execs(loop, self.runtime, self.announcer)
        recording = functools.partial(self.recording, "start")
        self._shortage = Shortage(loop, facts.cgroup, self.announcer, recording)
        self.viewers = Viewers(loop, bundle, facts)
        self._prober = Prober(loop, bundle, self.runtime, facts.health, self._probed)
        self.task = self._new_task()
        self.launching: Launch | None = None
        self._stopping = False  # a stop was asked for, and is to be announced
        self._stay_down = False
        self._again = False  # somebody asked for a restart
        self._killers: list[Timer] = []  # a stop each: the first that is due ends it
        self._attempt: Timer | None = None
        self._pause = 0.0  # seconds, before the last attempt
        self._began = 0.0

    @property
    def over(self) -> bool:
        """Whether nothing runs, nor will unless somebody asks."""
        return not self.record.state.active and not self.launching

    @property
    def _between(self) -> bool:
        """Whether it has ended, and its policy wants another attempt."""
        return self.record.state.status == state.RESTARTING

    def _new_task(self) -> Task:
        return Task(
            self._loop,
            terminal=self._facts.terminal,
            interactive=self._facts.interactive,
            log=LogWriter(self._directory / "log.jsonl", self._facts.log),
        )

    def recording(
        self, verb: str, *, at_once: bool = False
    ) -> contextlib.AbstractContextManager[None]:
        """While this lasts, acts are written into the container's acts.jsonl."""
        return acts.recording(self._directory / "acts.jsonl", verb, at_once=at_once)

    # The beginning
    def start(self, *, at_once: bool = False, asked: int | None = None) -> None:
        """Run the program; `on_start` hears how that went.

        `at_once`: somebody watches its acts; `asked`: the gate before each of them.
        """
        self.record.begins(stepped=asked is not None)
        self._launch(by_policy=False, at_once=at_once, asked=asked)

    def _launch(
        self, *, by_policy: bool, at_once: bool = False, asked: int | None = None
    ) -> None:
        if not by_policy:  # a user wants it to run: its policy holds anew
            self._stay_down, self._pause = False, 0.0
        self._attempt = None
        in_child = functools.partial(self.runtime.start, self.task.streams, asked)
        done = functools.partial(self._born, by_policy=by_policy)
        recording = functools.partial(self.recording, "start", at_once=at_once)
        self.launching = Launch(self._loop, self.task, in_child, done, recording)

    def break_off(self) -> None:
        """End a start that is under way; `on_start` hears of it."""
        if self.launching:
            self.launching.break_off(self._facts.cgroup)

    def _born(self, error: EngineError | None, by_policy: bool) -> None:
        """The program runs, or could not."""
        self.launching = None
        if error is None:
            error = self._note_running(by_policy)
        if error:
            self._clean()
            with contextlib.suppress(OSError):  # those who wait hear it in any case
                self.record.failed(error)
        else:
            self._began = time.monotonic()
            self.announcer.mounted()
            self.announcer.tell("start")
            if self._again:
                self.announcer.tell("restart")
            self.task.watch(self._exited)
            self._prober.begin(self.task)
            self._shortage.begin()
            if by_policy and self._stay_down:  # asked for while it was being born
                self._kill()
        self._again = self._again and by_policy
        if error and by_policy:
            self._on_end(error.exit_code, True)
        elif not self._again:  # also after an attempt: a start may have come meanwhile
            self._on_start(error)

    def _note_running(self, by_policy: bool) -> EngineError | None:
        """Write down that it runs; where that is not possible it must not run."""
        try:
            self.record.started(self.task.pid, self._prober.first, by_policy=by_policy)
        except OSError as error:
            self.task.signal(signal.SIGKILL)
            self.task.reap()
            return from_os_error(error)
        return None

    # While it runs
    def signal(self, number: int) -> None:
        """Send a signal to process 1. InvalidState unless it runs or will again."""
        ending = number in restart.ENDING_SIGNALS
        if not (ending and self._between):
            self.record.must_run()
        self._stay_down = self._stay_down or ending
        if self._between:
            self._give_up()
            return
        with self.recording("kill"):
            self.task.signal(number)
            self.announcer.tell("kill", signal=str(number))
            if number == signal.SIGKILL:
                self._wake()

    def _wake(self) -> None:
        """Let it see its signals: frozen, it could not even die."""
        if self.record.state.status == state.PAUSED:
            with contextlib.suppress(OSError):  # a full disk: it is thawed below
                self.unpause()
        freezer.thaw(self._facts.cgroup)

    def stop(self, number: int, grace: float, *, again: bool = False) -> None:
        """End it by a signal, by KILL after `grace` seconds (negative: never).

        `again`: as soon as it has ended, run it anew.
        """
        if not self._between:
            self.record.must_run()
        self._stay_down, self._stopping, self._again = True, True, again
        if self._between:
            self._give_up()
            return
        with self.recording("stop"):
            self.task.signal(number)
            self.announcer.tell("kill", signal=str(number))
            self._wake()
        if grace >= 0:
            self._killers.append(self._loop.later(grace, self._kill))

    def _kill(self) -> None:
        with contextlib.suppress(EngineError):  # it has ended at this very moment
            try:
                self.signal(signal.SIGKILL)
            except OSError:  # the kernel would not: once more, in a second
                self._killers.append(self._loop.later(1.0, self._kill))

    def pause(self) -> None:
        """Take the CPU away from all its processes."""
        self._freeze_or_thaw(state.PAUSE, freezer.freeze, freezer.thaw)
        self._prober.hold()

    def unpause(self) -> None:
        """Give it back."""
        self._freeze_or_thaw(state.UNPAUSE, freezer.thaw, freezer.freeze)
        self._prober.go_on()

    def _freeze_or_thaw(
        self, event: str, act: Callable[[str], None], undo: Callable[[str], None]
    ) -> None:
        after = self.record.after(event)
        with self.recording(event):
            act(self._facts.cgroup)
            try:
                self.record.write(after)
            except OSError:  # what no record tells must not be
                undo(self._facts.cgroup)
                raise
        self.announcer.tell(event)

    def _probed(self, health: Health) -> None:
        changed = health.status != self.record.state.health.status
        with contextlib.suppress(OSError):  # a full disk: the next answer may fit
            self.record.probed(health)
        if changed:
            self.announcer.tell(f"health_status: {health.status}")

    # The end
    def _exited(self, task: Task, status: int) -> None:
        """Process 1 has ended, and with it every process of its pid namespace."""
        while self._killers:
            self._killers.pop().cancel()
        if "pid" not in self._facts.namespaces:  # nobody has killed what it left
            with self.recording("end"):
                release.kill(self._facts)
        self.execs.reap_all()
        self._prober.end()
        kills = self._shortage.end()
        self._clean()
        retry = not self._stay_down and self._wanted.policy().wants_another(
            status, self.record.state.restarts
        )
        with contextlib.suppress(OSError):  # a full disk: it will have to be repaired
            self.record.ended(status, oom_killed=kills > 0, again=retry)
        self.announcer.tell("die", exitCode=str(status))
        if not retry and not self._again:
            self.disconnect()
        self.announcer.unmounted()
        self._announce_stop()
        if retry or self._again:
            self.task = self._new_task()
        if retry:
            ran = time.monotonic() - self._began
            self._pause = restart.pause_after(self._pause, ran)
            again = functools.partial(self._launch, by_policy=True)
            self._attempt = self._loop.later(self._pause, again)
        self._on_end(status, not retry and not self._again)
        if self._again:
            self._launch(by_policy=False)

    def _announce_stop(self) -> None:
        if self._stopping:
            self.announcer.tell("stop")
            self._stopping = False

    def _give_up(self) -> None:
        """Between two attempts: there will be no other, or at once if asked for."""
        if self._attempt is None:
            return  # the attempt is being launched: its end will be the last
        self._attempt.cancel()
        self._attempt = None
        with contextlib.suppress(OSError):
            self.record.gave_up()
        self._announce_stop()
        if self._again:
            self._launch(by_policy=False)
        else:
            self._on_end(self.record.state.exit_code, True)

    def _clean(self) -> None:
        """Take away what the start has made on the machine."""
        self.task.close()
        self.viewers.settle()
        with self.recording("end"), contextlib.suppress(EngineError):  # to be repaired
            release.kill_left(self._facts)
            release.take_away(self._facts)
