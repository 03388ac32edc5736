"""A hundred containers on one network: each finds each by its name, and reaches it.

9,900 pairs that talk within seconds: more neighbours than the kernel would remember if
nobody told it to (engine/network/bridge.py, MakeRoom).

man: arp(7) on gc_thresh3
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from engine.kernel import parameters
from engine.network.bridge import NEIGHBOURS, ROOM
from tests.engine.boxes import Box

MANY, AT_ONCE = 100, 8
TALK = (
    f"for number in $(seq {MANY}); do "
    "ping -c 1 -W 10 talker-$number >/tmp/told 2>&1 || cat /tmp/told; done; echo done"
)

pytestmark = pytest.mark.require("root", "overlay", "nft")


@pytest.fixture(autouse=True)
def patience() -> None:
    """Half a minute on a quiet machine: the mark says how long on a busy one."""


@pytest.fixture
def talkers(box: Box) -> Iterator[list[str]]:
    """A hundred containers on a network of their own."""
    names = [f"talker-{number}" for number in range(1, MANY + 1)]
    network = box.engine.create_network("mesh").name
    try:
        for name in names:
            box.begin(name=name, network=network)
        yield names
    finally:
        for container in box.engine.containers(all=True):
            box.engine.remove(container.id, force=True)
        box.engine.remove_network(network)


@pytest.mark.patience(400)
def test_a_hundred_containers_all_find_and_reach_each_other(
    box: Box, talkers: list[str]
) -> None:
    def talk(name: str) -> list[str]:
        return box.execute(name, "sh", "-c", TALK).lines

    with ThreadPoolExecutor(AT_ONCE) as pool:
        told = dict(zip(talkers, pool.map(talk, talkers), strict=True))
    assert {name: lines for name, lines in told.items() if lines != ["done"]} == {}


@pytest.mark.vm
def test_a_machine_with_a_network_remembers_enough_neighbours(box: Box) -> None:
    box.run("true", network="bridge")
    there = parameters.value(NEIGHBOURS)
    assert not there or int(there) >= ROOM
