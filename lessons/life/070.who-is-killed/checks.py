"""Checks for "Who is killed": for how much each process counts, as the kernel does."""

import re
import time
from pathlib import Path

from labshell.lessons.checks import ContainerView, Lab, Outcome

MEMORY = 64 << 20  # of the group that stands for a machine
PATIENCE = 50  # looks, each a 50th of a second after the one before


def _counts_for(container: ContainerView) -> float:
    """Bytes: what its process 1 holds, and the thousandths that are added."""
    place = Path(f"/proc/{container.process.pid}")
    held = re.search(r"VmRSS:\s+(\d+) kB", _at_rest(place / "status"))
    added = int((place / "oom_score_adj").read_text())
    return int(held[1] if held else 0) * 1024 + added * MEMORY / 1000


def _at_rest(status: Path) -> str:
    """What the kernel says of a process that has taken all it wants, and sleeps.

    Until then it runs (R), or waits for memory (D). Who never rests counts as it is.
    """
    text = status.read_text()
    for _ in range(PATIENCE):
        if not re.search(r"State:\s+[RD]", text):
            break
        time.sleep(0.02)
        text = status.read_text()
    return text


def _others(lab: Lab, but: str) -> dict[str, float]:
    """For how much each of the others in the group counts, by name."""
    names = [container.name for container in lab.engine.containers()]
    return {
        name: _counts_for(lab.container(name))
        for name in names
        if name != but and _is_inside(lab, name)
    }


def _is_inside(lab: Lab, name: str) -> bool:
    """Is its control group in the one that stands for a machine?"""
    return lab.engine.cgroup(name).parent.name == lab.values["name"]


def spare_goes_first(lab: Lab) -> Outcome:
    """In the group, nobody counts for more than the spare one."""
    name = lab.values["name"] + "-spare"
    spare = _counts_for(lab.container(name, lost=False))
    if not _is_inside(lab, name):
        return lab.failed("{{name}}-spare runs, but not in the group {{name}}.")
    counted = _others(lab, name)
    first = max(counted, key=lambda key: counted[key], default="")
    if counted.get(first, 0) >= spare:
        return lab.failed(
            "{{name}}-spare runs in the group, but {subject} would be killed before "
            "it.",
            earned=1,
            subject=first,
        )
    return lab.passed("{{name}}-spare would be the first to go.")


def last_goes_last(lab: Lab) -> Outcome:
    """In the group, nobody counts for less than the database."""
    name = lab.values["name"] + "-last"
    last = _counts_for(lab.container(name))
    if not _is_inside(lab, name):
        return lab.failed("{{name}}-last runs, but not in the group {{name}}.")
    counted = _others(lab, name)
    if lab.values["name"] + "-small" not in counted:
        return lab.failed("{{name}}-small should run in the group as well.")
    least = min(counted, key=lambda key: counted[key])
    if counted[least] <= last:
        return lab.failed(
            "{{name}}-last would be killed before {subject}.", subject=least
        )
    return lab.passed("All others in the group would go before {{name}}-last.")
