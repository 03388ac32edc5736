"""Eight processes use one store at once, and some are killed: nothing is lost or half.

hypothesis chooses who does what; the eight do it at the same time, so that no two runs
are alike, and what is looked for is only what must always be true: see crowd.py.

LABSHELL_SOAK=N makes the walks N times as many.

Try it: LABSHELL_SOAK=20 ./lab test tests/faults/test_many_processes.py
"""

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    rule,
    run_state_machine_as_test,
)

from engine.engine import Engine
from tests.faults.crowd import COUNT, Crowd

pytestmark = pytest.mark.require("root", "overlay")
SOAK = int(os.environ.get("LABSHELL_SOAK", "1"))
WHO = st.integers(0, COUNT - 1)
WHICH = st.integers(0, 2)
IMAGE = st.sampled_from(["own-{}-0:1", "own-{}-1:1", "shared-0:1", "shared-1:1"])
BASE = st.one_of(st.just("busybox"), IMAGE)


def walks(count: int) -> settings:
    """So many walks; what two processes do at once cannot be made smaller."""
    return settings(
        max_examples=count * SOAK,
        stateful_step_count=60,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


class Walk(RuleBasedStateMachine):
    """Who does what: each rule is a few lines that one of them types in a row.

    A container, an image or a volume is somebody's own, or everybody's.
    """

    crowd: ClassVar[Crowd]

    @rule(who=WHO, which=WHICH, base=BASE, image=IMAGE)
    def a_life(self, who: int, which: int, base: str, image: str) -> None:
        own = f"own-{who}-{which}"
        self.crowd.ask(who, "create", own, base.format(who))
        self.crowd.ask(who, "start", own)
        self.crowd.ask(who, "write", own, os.urandom(4).hex())
        self.crowd.ask(who, "commit", own, image.format(who))
        self.crowd.ask(who, "kill", own)
        self.crowd.ask(who, "remove", own)

    @rule(who=WHO, which=WHICH, volume=WHICH, base=BASE)
    def a_quarrel(self, who: int, which: int, volume: int, base: str) -> None:
        name, volumes = f"shared-{which}", (f"shared-{volume}:/data", "/anonymous")
        self.crowd.ask(who, "create", name, base.format(who), *volumes)
        self.crowd.ask(who, "start", name)
        self.crowd.ask(who, "rename", name, f"shared-{volume}")
        self.crowd.ask(who, "commit", name, f"shared-{which % 2}:1")
        self.crowd.ask(who, "remove", f"shared-{volume}")
        self.crowd.ask(who, "remove_volume", f"shared-{volume}")

    @rule(who=WHO, source=BASE, image=IMAGE)
    def tag(self, who: int, source: str, image: str) -> None:
        self.crowd.ask(who, "tag", source.format(who), image.format(who))

    @rule(who=WHO, name=IMAGE, verb=st.sampled_from(["untag", "untag_by_force"]))
    def untag(self, who: int, name: str, verb: str) -> None:
        self.crowd.ask(who, verb, name.format(who))

    @rule(who=WHO, name=IMAGE)
    def carry(self, who: int, name: str) -> None:
        self.crowd.ask(who, "save_and_load", name.format(who))

    @rule(who=WHO, which=WHICH, verb=st.sampled_from(["volume", "remove_volume"]))
    def volume(self, who: int, which: int, verb: str) -> None:
        self.crowd.ask(who, verb, f"own-{who}-{which}")

    @rule(who=WHO, which=WHICH, base=BASE)
    def keep(self, who: int, which: int, base: str) -> None:
        self.crowd.ask(who, "create", f"own-{who}-kept-{which}", base.format(who))

    @rule(who=WHO)
    def prune(self, who: int) -> None:
        self.crowd.ask(who, "prune")

    @rule(who=WHO)
    def look(self, who: int) -> None:
        self.crowd.ask(who, "look")

    @rule()
    def settle(self) -> None:
        self.crowd.settle()

    def teardown(self) -> None:
        self.crowd.settle()
        self.crowd.clear()


class DeadlyWalk(Walk):
    """The same, and any of them may be killed in the middle of anything."""

    @rule(who=WHO, milliseconds=st.integers(0, 40))
    def kill(self, who: int, milliseconds: int) -> None:
        time.sleep(milliseconds / 1000)  # a random moment, not one to wait for
        self.crowd.kill(who)


@pytest.fixture(autouse=True)
def patience() -> None:
    """A soak takes as long as it takes; every answer has its own bound (crowd.py)."""
    if SOAK > 1:
        signal.alarm(0)


@pytest.fixture
def crowd(fresh_root: Path) -> Iterator[Crowd]:
    Engine(fresh_root).image("busybox")
    crowd = Crowd(fresh_root)
    yield crowd
    crowd.end()


@pytest.mark.parametrize("walk", [Walk, DeadlyWalk])
def test_eight_processes_lose_nothing_and_leave_nothing_half(
    crowd: Crowd, walk: type[Walk]
) -> None:
    walk.crowd = crowd
    # hypothesis tries again what failed, and then speaks of that: the first counts
    with contextlib.suppress(Exception):
        run_state_machine_as_test(walk, settings=walks(5))
        return
    raise crowd.failure or AssertionError
