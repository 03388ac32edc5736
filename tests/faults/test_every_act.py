"""Every act of every verb fails once, and everybody is killed once after every act.

After that comes one ordinary command, `ps -a`. Then nothing may be left, what the
records say must be so, and a container can be run. Whoever called has got one clear
error, or it was done all the same.

The usual run takes every twentieth act; `./lab test --every-act` takes all. How many
rounds that were, and how many were survived, is told at its end.
"""

import contextlib
import itertools
import subprocess
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine import files
from engine.containers import removal
from engine.containers.records import Records
from engine.engine import Engine, TransferProgress
from engine.errors import EngineError
from engine.kernel import cgroups
from engine.oci import digest as digests
from engine.runtime.place import Place
from engine.runtime.state import PAUSED
from tests import machine, workshop
from tests.conformance import registries
from tests.conformance.registries import Http, Server
from tests.engine.boxes import Box, until
from tests.faults import shelves
from tests.faults.acting import VERBS, Bench, Verb, Words, tar_of
from tests.faults.aftermath import until_right
from tests.faults.rounds import Caller, Fail, Fault, Kill, Outcome, end
from tests.leftovers import mounts_in
from tests.saved import Saved, packed

STRIDE, FEWER = 20, 10
ENOUGH = 10  # rounds of one verb that may go wrong before the others are left out


class Rounds:
    """All rounds of one verb, on one root; on a new one after a round went wrong."""

    def __init__(self, directory: Path, verb: Verb) -> None:
        self.directory, self.verb, self._count = directory, verb, 0
        self._archive = directory / "archive.tar"
        self._archive.write_bytes(packed(Saved().docker()))
        self._tree = tar_of(directory / "tree", directory / "tree.tar")
        self._open = contextlib.ExitStack()
        self._registry: Server | None = None
        if verb.carries:
            served = registries.ours(directory / "registry")
            self._registry = self._open.enter_context(served)
        self.begin_anew()

    def begin_anew(self) -> None:
        """Use a root in which nothing has gone wrong."""
        self._count += 1
        self.root = self.directory / f"root-{self._count}"
        self.bench = Bench(
            box=Box(Engine(self.root)),
            files=self.directory,
            archive=self._archive,
            tree=self._tree,
            registry=self._registry.address if self._registry else "",
        )
        self.bench.box.run("true")
        self._files = set(self.directory.iterdir())
        self._caller = Caller(self.root)

    def close(self) -> None:
        """End and remove everything."""
        self._open.close()
        self._caller.close()
        workshop.close(Engine(self.root))

    def abandon(self) -> None:
        """The same by force, when a round has gone wrong."""
        with contextlib.suppress(EngineError, OSError):
            return self.close()
        for pid in cgroups.members(Place(root=self.root).cgroup):
            end(pid)
        for target in sorted(mounts_in(self.root), reverse=True):
            subprocess.run(["umount", "-l", target], check=True)

    def go(self, fault: Fault) -> Outcome:
        """One round; AssertionError if it was not survived."""
        try:
            words = self.verb.prepare(self.bench)
        except (AssertionError, EngineError) as error:
            raise AssertionError(f"nothing can be made any more: {error}") from error
        outcome = self._caller.call(self.verb.call, words, fault, self._runs)
        try:
            self._check(fault, outcome)
            self._carry_again(words)
            self._tidy()
        except (AssertionError, EngineError) as error:
            raise AssertionError(f"{outcome.told}: {error}") from error
        return outcome

    def numbers(self) -> Iterator[int]:
        """The acts that shall go wrong; of what other verbs do too one in ten."""
        if not self.verb.known:
            yield from itertools.count(1)
        acts = self.go(Fault()).acts
        for number, act in enumerate(acts, 1):
            if act["verb"] not in self.verb.known or number % FEWER == 0:
                yield number

    def _check(self, fault: Fault, outcome: Outcome) -> None:
        engine = Engine(self.root)
        engine.containers(all=True)  # the ordinary command
        until_right(self.root)
        if self.verb.call not in ("pause", "unpause"):
            until(
                lambda: PAUSED not in self._statuses(), "what a commit paused goes on"
            )
        told = [line for line in engine.notices if not line.startswith("repaired: ")]
        assert told == []
        if not fault.ends:
            is_clear(outcome)
        if self.verb.begins:
            return
        done = Box(engine).run("echo", "on")
        assert (done.code, done.out) == (0, "on\n")

    def _carry_again(self, words: Words) -> None:
        """The registry is as it should be, and the same transfer ends well now."""
        if self._registry is None:
            return
        assert shelves.wrong(self._registry.root) == []
        name, engine = words[0], Engine(self.root)
        getattr(engine, self.verb.call)(name, TransferProgress())
        assert shelves.wrong(self._registry.root) == []
        there = Http(self._registry)("GET", "/v2/shop/manifests/1").body
        assert digests.sha256(there) == engine.image(name).manifest_digest
        assert Box(engine).run("cat", "/new", image=name).code == 0

    def _runs(self) -> bool:
        return any(one.active for one in Records(self.root, []).all())

    def _statuses(self) -> set[str]:
        return {one.state.status for one in Records(self.root, []).all()}

    def _tidy(self) -> None:
        engine = Engine(self.root)
        workshop.tidy(engine)
        if self.verb.call == "build" or self.verb.carries:
            engine.prune_images()  # layers of no image, and what had come of one
        until_right(self.root)
        with files.closing(files.open_directory(self.directory)) as directory:
            for path in set(self.directory.iterdir()) - self._files:
                files.remove_entry(directory, path.name)


def is_clear(outcome: Outcome) -> None:
    """It was done, or there is one error that says what is wrong with what."""
    answer = outcome.answer
    assert answer is not None, "no answer"
    assert "broken" not in answer, answer["broken"]
    if "refused" in answer:
        message = answer["refused"]
        assert message.strip()
        assert "\n" not in message
        assert not message.startswith("file operation:"), f"which, of what? {message}"


@pytest.fixture(params=VERBS, ids=[verb.name for verb in VERBS])
def rounds(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Rounds]:
    machine.need("root", "overlay")
    monkeypatch.setattr(removal, "PATIENCE", 0.5)  # rounds wait for it to be over
    made = Rounds(tmp_path, request.param)
    yield made
    made.close()


@pytest.fixture(autouse=True)
def patience() -> None:
    """All rounds of a verb take longer than other tests: see the marks below."""


@pytest.fixture
def survive(
    request: pytest.FixtureRequest,
    rounds: Rounds,
    record_property: Callable[[str, object], None],
) -> Callable[[Callable[[int], Fault]], None]:
    """Does a round for each act, until the verb has none of that number."""
    numbers = rounds.numbers()
    if not request.config.getoption("--every-act"):  # others for each verb
        begin = zlib.crc32(rounds.verb.name.encode()) % 7
        numbers = itertools.islice(numbers, begin, None, STRIDE)

    def go(fault: Callable[[int], Fault]) -> None:
        failures: list[str] = []
        survived = 0
        for number in numbers:
            try:
                if not rounds.go(fault(number)).reached:
                    break
                survived += 1
            except AssertionError as error:
                failures.append(f"act {number}: {error}")
                rounds.abandon()
                rounds.begin_anew()
                if len(failures) == ENOUGH:
                    break
        faults = (rounds.verb.name, survived + len(failures), survived)
        record_property("faults", faults)
        assert not failures, "\n".join(failures)

    return go


@pytest.mark.patience(1200)
def test_whatever_act_fails_there_is_one_error_and_nothing_is_left(
    survive: Callable[[Callable[[int], Fault]], None],
) -> None:
    survive(Fail)


@pytest.mark.patience(1200)
def test_whenever_everybody_is_killed_the_next_command_sets_it_right(
    rounds: Rounds, survive: Callable[[Callable[[int], Fault]], None]
) -> None:
    survive(lambda number: Kill(rounds.root, number, spawner=number % 2 == 0))


def test_a_verb_asks_for_the_same_acts_in_the_same_order_each_time(
    tmp_path: Path,
) -> None:
    start = next(verb for verb in VERBS if verb.name == "start")
    rounds = Rounds(tmp_path, start)
    first, second = (
        [(act["call"], act["symbol"]) for act in rounds.go(Fault()).acts]
        for _ in range(2)
    )
    rounds.close()
    assert len(first) > 50
    assert first == second
