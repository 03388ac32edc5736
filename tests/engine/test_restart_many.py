"""Ten containers that are run again and again: nothing is lost, nothing leaks.

A hundred for a minute, and what they cost:
`sudo .venv/bin/python -m tests.benchmarks restart`.
"""

from pathlib import Path

from engine.engine import Engine
from tests.benchmarks import restarting
from tests.engine.boxes import until
from tests.engine.test_many import traces

COUNT = 10


def test_ten_that_never_stay_lose_no_count_and_hold_no_more_than_at_first(
    fresh_root: Path,
) -> None:
    engine = Engine(fresh_root)
    engine.image("busybox")
    before = traces(fresh_root)
    made = restarting.begin(engine, COUNT)
    pids = restarting.shims(engine, made)

    held = []

    def again(times: int) -> bool:
        held.append(restarting.descriptors(pids))
        return restarting.restarts(engine, made) >= times

    until(lambda: again(3), "three attempts of each")
    at_first = max(held)
    until(lambda: again(5), "five attempts of each", seconds=20.0)
    assert held[-1] <= at_first
    assert restarting.settle(engine, made) == []
    for identity in made:
        engine.remove(identity)
    engine.close()
    assert traces(fresh_root) == before
