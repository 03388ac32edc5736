"""Times that can be compared: interleaved, medians, as ratios.

A machine is slower in one minute than in the next. So the competitors take turns, round
by round, and what is compared are the medians of one run:

    round 1   lab  docker  podman
    round 2   lab  docker  podman
    ...
    median    a    b       c          ratio  a / b

Who has answered may not be done: dockerd's helpers tidy up for some milliseconds more,
on the processors that the next in turn would need. So everybody starts after a rest.
"""

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Work = Callable[[], object]
_REST = 0.1  # seconds before each turn


@dataclass(frozen=True, slots=True, kw_only=True)
class Contest:
    """One job, who does it, and what ratio is wanted."""

    job: str
    times: Mapping[str, float]  # who -> median, in the job's unit
    unit: str
    rival: str  # whom the target speaks of
    target: float  # at most this many times the rival

    @property
    def ratio(self) -> float | None:
        """Ours over the rival's; None where the rival is not on this machine."""
        if self.rival not in self.times:
            return None
        return self.times["lab"] / self.times[self.rival]


def race(workers: Mapping[str, tuple[Work, Work]], rounds: int) -> dict[str, float]:
    """The median milliseconds of each worker.

    A worker is what is timed, and what is done after it, which is not: removing what
    it made. One round more, the first, warms up and is not counted.
    """
    taken: dict[str, list[float]] = {name: [] for name in workers}
    for _ in range(rounds + 1):
        for name, (work, afterwards) in workers.items():
            time.sleep(_REST)
            started = time.perf_counter()
            work()
            taken[name].append((time.perf_counter() - started) * 1000)
            afterwards()
    return {name: statistics.median(all_[1:]) for name, all_ in taken.items()}


def nothing() -> None:
    """What there is to do after most jobs."""


def table(contests: list[Contest]) -> str:
    """One line a job: our figure, the others', the ratio, the target."""
    lines = [f"{'job':<34}{'lab':>10}{'others':>34}{'ratio':>9}{'target':>9}"]
    for contest in contests:
        others = ", ".join(
            f"{name} {value:.1f}"
            for name, value in contest.times.items()
            if name != "lab"
        )
        ratio = contest.ratio
        met = "" if ratio is None or ratio <= contest.target else "  missed"
        lines.append(
            f"{f'{contest.job} ({contest.unit})':<34}{contest.times['lab']:>10.1f}"
            f"{others:>34}{'-' if ratio is None else f'{ratio:.2f}':>9}"
            f"{contest.target:>9.2f} {contest.rival}{met}"
        )
    return "\n".join(lines)
