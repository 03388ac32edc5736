"""Rounds: one call of a verb, in which one act goes wrong.

    call(…, fail(3))          act 3 fails, with an errno that its call could give
    call(…, Kill(root, 3))    everybody is killed when act 3 is done

Whoever is about to act stands still until it is answered, and the next one comes only
then: so everything the engine does for one verb passes here, one act after the other.
"Done" is when the next is asked for, or the verb is over.
"""

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.gatekeeper import Gatekeeper, Question
from engine.kernel import cgroups
from engine.runtime import channel
from engine.runtime.place import Place
from tests.engine.boxes import until
from tests.faults.errnos import plausible
from tests.faults.traces import running

HOME = Path(__file__).parents[2]
PATIENCE = 20.0  # seconds for the next act or the answer; more is a hang


@dataclass
class Outcome:
    """What came of one call: its acts in order, and the answer if it gave one."""

    acts: list[dict[str, Any]] = field(default_factory=list)
    answer: dict[str, Any] | None = None
    pid: int = 0
    reached: dict[str, Any] | None = None  # the act that went wrong, or was the last
    error: str = ""  # the errno that it failed with

    @property
    def told(self) -> str:
        """What went wrong, and what was answered, in a line."""
        act = self.reached or {"call": "no act", "symbol": ""}
        return f"{act['call']} {act['symbol']} {self.error}, {self.answer}"


class Fault:
    """Nothing goes wrong."""

    ends = False  # whether the call is over when it has happened

    def at(self, outcome: Outcome, question: Question) -> None:
        """The newest of the acts of `outcome` is asked for."""
        question.go_on()

    def over(self, outcome: Outcome) -> None:
        """The verb has answered, and nobody is about to act."""


class Fail(Fault):
    """The act with this number fails."""

    def __init__(self, number: int) -> None:
        self.number = number

    def at(self, outcome: Outcome, question: Question) -> None:
        if len(outcome.acts) != self.number:
            question.go_on()
            return
        outcome.reached = question.act
        outcome.error = plausible(question.act, self.number)
        question.fail(outcome.error)


class Kill(Fault):
    """Everybody is killed when the act with this number is done."""

    def __init__(self, root: Path, number: int, *, spawner: bool) -> None:
        self.place, self.number, self.spawner = Place(root=root), number, spawner

    def at(self, outcome: Outcome, question: Question) -> None:
        if len(outcome.acts) == self.number + 1:
            outcome.reached = outcome.acts[self.number - 1]
            self._kill(outcome)
        question.go_on()

    def over(self, outcome: Outcome) -> None:
        if len(outcome.acts) == self.number:
            outcome.reached = outcome.acts[self.number - 1]
            self._kill(outcome)

    def _kill(self, outcome: Outcome) -> None:
        self.ends = True
        spared = set() if self.spawner else set(spawners(self.place))
        for attempt in range(100):
            found = set(cgroups.members(self.place.cgroup)) - spared
            if attempt == 0:
                found.add(outcome.pid)
            found = {pid for pid in found if running(pid)}
            for pid in found:
                end(pid)
            mortal = {pid for pid in found if not is_frozen(pid)}
            if not mortal and attempt:
                return
            until(lambda mortal=mortal: not any(map(running, mortal)), "their end")
        raise AssertionError("there are always more processes")


def is_frozen(pid: int) -> bool:
    """Whether a process cannot even die: on version 1, if its container is paused."""
    for line in _text(pid, "cgroup").splitlines():
        _, controllers, group = line.split(":", 2)
        if controllers == "freezer":
            place = cgroups.directory(group.lstrip("/"), "freezer")
            try:
                return (place / "freezer.state").read_text() != "THAWED\n"
            except OSError:  # it has just ended
                return False
    return False


def end(pid: int) -> None:
    """Kill a process, if it is still there."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def spawners(place: Place) -> list[int]:
    """The spawners of an engine."""
    found = cgroups.members(f"{place.cgroup}/shims")
    return [pid for pid in found if name_of(pid) == "lab-spawner"]


def name_of(pid: int) -> str:
    """What `ps` calls a process; "" if it has ended."""
    return _text(pid, "comm").strip()


def _text(pid: int, file: str) -> str:
    try:
        return Path(f"/proc/{pid}/{file}").read_text()
    except OSError:
        return ""


class Caller:
    """The process that calls, for one root."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._requests, theirs = socket.socketpair(
            socket.AF_UNIX, socket.SOCK_SEQPACKET
        )
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.caller", str(root)],
            cwd=HOME,
            stdin=theirs,
        )
        theirs.close()

    def close(self) -> None:
        """Nobody will call any more."""
        self._requests.close()
        self._process.wait(PATIENCE)

    def call(
        self,
        verb: str,
        words: tuple[str, ...],
        fault: Fault,
        stays: Callable[[], bool],
    ) -> Outcome:
        """Call a verb. `stays`: whether somebody who asks may live on afterwards."""
        keeper, outcome = Gatekeeper(), Outcome()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        asker = keeper.let_in()
        channel.send(
            self._requests,
            {"verb": verb, "words": words},
            (asker, theirs.fileno()),
        )
        os.close(asker)
        theirs.close()
        try:
            self._follow(keeper, ours, fault, outcome, stays)
        finally:
            keeper.close()
            ours.close()
        return outcome

    def _follow(
        self,
        keeper: Gatekeeper,
        replies: socket.socket,
        fault: Fault,
        outcome: Outcome,
        stays: Callable[[], bool],
    ) -> None:
        questions = keeper.questions()
        waiting = {keeper.fileno(), replies.fileno()}
        while not fault.ends and waiting:
            ready = select.select([*waiting], [], [], PATIENCE)[0]
            if not ready:
                raise AssertionError(self._hang(outcome))
            if keeper.fileno() in ready:
                question = next(questions, None)
                if question is None:
                    waiting.discard(keeper.fileno())
                else:
                    outcome.acts.append(question.act)
                    fault.at(outcome, question)
            elif not self._read(replies, outcome):
                waiting.discard(replies.fileno())
                if stays():
                    break
        if not fault.ends:
            fault.over(outcome)

    def _read(self, replies: socket.socket, outcome: Outcome) -> bool:
        kind, payload, _ = channel.receive(replies)
        if not kind:
            return False
        message = channel.decode(payload)
        if "pid" in message:
            outcome.pid = message["pid"]
        else:
            outcome.answer = message
        return True

    def _hang(self, outcome: Outcome) -> str:
        if running(outcome.pid):
            os.kill(outcome.pid, signal.SIGABRT)  # says where it hangs
            time.sleep(0.5)
        return f"it hangs after {outcome.acts[-1:]}"
