"""Stepping through how a container is attached to its network."""

import os
from collections.abc import Callable

import pytest

from engine import files
from engine.engine import Container, Engine, UpdateOptions
from engine.errors import Aborted, EngineError, InvalidState
from engine.gatekeeper import Question
from tests.engine.boxes import LASTS, Box, until
from tests.engine.walks import Walk, killed_at

pytestmark = pytest.mark.require("root", "overlay", "nft")
# The namespace is made by a child of the spawner, the pair by whoever steps.
CALLS = ("unshare(2)", "sendto(2)")


def left(box: Box, container: Container) -> list[str]:
    """What is left of its network: record, lease, namespace, link, state."""
    place, networks = box.engine._house.place, box.engine._house.networks
    leases = networks.leases("bridge")
    paths = (container.directory / "network.json", place.pin(container.id))
    found = [str(path) for path in paths if path.exists()]
    found += os.listdir(leases) if leases.exists() else []
    found += links(box)
    is_stepped = box.engine.container(container.id).state.stepped
    return [*found, *(["stepped"] if is_stepped else [])]


def links(box: Box) -> list[str]:
    """The engine's ends of the pairs of all its containers."""
    ours = f"lv{box.engine._house.place.tag}"
    return [name for name in os.listdir("/sys/class/net") if name.startswith(ours)]


def create(box: Box) -> Container:
    # The kernel takes away the pairs of an earlier test's namespaces when it likes.
    until(lambda: not links(box), "the end of the links of earlier tests")
    return box.create(*LASTS, network="bridge")


def test_a_start_stops_at_each_act_that_gives_it_a_network(box: Box) -> None:
    container = create(box)
    seen: list[str] = []
    box.engine.start(container.id, lambda question: seen.append(question.act["shell"]))
    told = iter(line.partition(" ")[2] for line in seen)
    for words in ("--net", "link set lo up", "--bind", "type veth", "address add"):
        assert any(words in line for line in told), words
    assert any("link set eth0 up" in line for line in told)
    assert any("route add default" in line for line in told)
    assert any("-t overlay" in line for line in told)  # and only then its root
    assert box.execute(container.id, "ip", "route").out.startswith("default")


def test_nobody_else_waits_for_whoever_stands_still_there(box: Box) -> None:
    container, neighbour = create(box), create(box)
    other = Engine(box.engine.root)

    def look(question: Question) -> None:
        assert not files.is_locked(box.engine._house.networks.lock)
        other.start(neighbour.id)  # on the same network
        other.update(container.id, UpdateOptions(pids_limit=20))
        assert other.container(container.id).state.stepped
        with pytest.raises(InvalidState, match="step by step"):
            other.start(container.id)

    walk = Walk("unshare(2)", look)
    box.engine.start(container.id, walk)
    assert box.engine.container(container.id).running
    assert box.engine.container(neighbour.id).running


@pytest.mark.parametrize("call", CALLS)
def test_an_abort_leaves_nothing_and_the_record_as_it_was(box: Box, call: str) -> None:
    container = create(box)

    def abort(question: Question) -> None:
        raise Aborted

    with pytest.raises(Aborted, match="broken off"):
        box.engine.start(container.id, Walk(call, abort))
    assert left(box, container) == []
    assert box.engine.container(container.id).state == container.state
    box.engine.start(container.id)
    assert box.engine.container(container.id).running


@pytest.mark.parametrize("call", CALLS)
def test_an_act_that_shall_fail_is_one_clear_error(box: Box, call: str) -> None:
    container = create(box)
    walk = Walk(call, lambda question: question.fail("ENOSPC"))
    with pytest.raises(EngineError, match="No space left on device") as told:
        box.engine.start(container.id, walk)
    name = call.partition("(")[0]
    assert told.value.hint == f"You asked for it at the step prompt: {name} ENOSPC."
    assert left(box, container) == []


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("verb", ["stop", "kill", "remove"])
def test_stop_kill_and_forced_rm_from_elsewhere_break_it_off(
    box: Box, verb: str, call: str
) -> None:
    container = create(box)
    other = Engine(box.engine.root)
    verbs: dict[str, Callable[[], None]] = {
        "stop": lambda: other.stop(container.id),
        "kill": lambda: other.kill(container.id),
        "remove": lambda: other.remove(container.id, force=True),
    }
    done: list[str] = []

    def break_off(question: Question) -> None:
        if not done:
            done.append(verb)
            verbs[verb]()

    with pytest.raises(Aborted):
        box.engine.start(container.id, Walk(call, break_off))
    if verb != "remove":
        assert left(box, container) == []


@pytest.mark.parametrize("call", CALLS)
def test_whoever_is_killed_there_has_started_nothing(box: Box, call: str) -> None:
    container = create(box)
    killed_at(box, container.id, call)
    until(lambda: not left(box, container), "nothing is left")
    assert box.engine.container(container.id).state == container.state
