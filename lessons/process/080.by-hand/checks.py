"""Checks for "Three acts": namespaces, another root and a group, in one process."""

import os
import subprocess
from pathlib import Path

from labshell.lessons.checks import ContainerView, Lab, Outcome
from labshell.lessons.processes import ProcessView

LOOSE = (
    "/bin/sleep 2000000",
    "/bin/sleep 3000000",
)  # what runs behind the walls without a group
KINDS = ("mount", "pid", "uts", "ipc", "network")
SECONDS = 5.0


def is_put_together(lab: Lab) -> Outcome:
    """One process has all three: its root, its namespaces, and the group's limit."""
    bench, yard = lab.container(lab.values["name"]), _yard(lab)
    own = {bench.process.pid, yard.process.pid}
    found = [
        process
        for process in _all_processes(bench, yard)
        if process.pid not in own and not _is_loose(process)
    ]
    outcomes = [_acts_done(lab, bench, yard, process) for process in found]
    if not outcomes:
        return lab.failed("No process has been added in {{name}}.")
    return max(outcomes, key=lambda one: (one.earned, -len(one.subject)))


def _acts_done(
    lab: Lab, bench: ContainerView, yard: ContainerView, process: ProcessView
) -> Outcome:
    """How far one process has come, in the order of the text."""
    if not _is_in_the_cell(bench, process):
        return lab.failed("Of what was added, no process has /cell as its root.")
    if not _cell_is_all_there_is(process):
        return lab.failed(
            "A process has /cell as its root, but in its mount namespace the old root "
            "is still there.",
            earned=1,
        )
    shared = [k for k in KINDS if process.shares(k, bench.process.namespaces)]
    if shared:
        return lab.failed(
            "A process has its root, and shares with {{name}}: {subject}.",
            earned=2,
            subject=", ".join(shared),
        )
    if _group(process) != _group(yard.process):
        return lab.failed(
            "A process has its root and its namespaces, but it is not in the group.",
            earned=3,
        )
    if yard.limits.processes != int(lab.values["most"]):
        return lab.failed(
            "A process has its root, its namespaces and the group, but the limit of "
            "that is not {{most}}.",
            earned=4,
        )
    return lab.passed(
        "A process has namespaces of its own, /cell as its root, and a group with a "
        "limit of {{most}}."
    )


def is_caught(lab: Lab) -> Outcome:
    """The very processes from before are in the group, all of them."""
    bench, yard = lab.container(lab.values["name"]), _yard(lab)
    found = [one for one in _all_processes(bench, yard) if one.command in LOOSE]
    if len(found) < len(LOOSE):
        return lab.failed("One of the two has ended. They should have gone on.")
    caught = [one.command for one in found if _group(one) == _group(yard.process)]
    if not caught:
        return lab.failed("Neither of the two is in the group.")
    if len(caught) < len(LOOSE):
        return lab.failed(
            "In the group is only {subject}. The other one was born before.",
            earned=1,
            subject=caught[0],
        )
    return lab.passed("Both are in the group, and so is all that they will start.")


def names_the_function(lab: Lab) -> Outcome:
    """The function of the engine that the script names for its change of root."""
    if lab.answer is None:
        return lab.failed("No answer yet: `:answer …`.")
    given = lab.answer.strip().strip("`")
    if given == "engine.kernel.roots:pivot":
        return lab.passed("It is: four calls, the ones that you have typed.")
    if given.startswith("engine.runtime.starter"):
        return lab.failed("This one makes the namespaces.")
    if given.startswith("engine.kernel.cgroups"):
        return lab.failed("This one makes the control groups.")
    return lab.failed("The script names another one in its part 5.")


def _is_loose(process: ProcessView) -> bool:
    """Is it the one that was there before, or who has started it?"""
    return process.command in LOOSE or "hostname loose" in process.command


def _yard(lab: Lab) -> ContainerView:
    return lab.container(lab.values["name"] + "-yard")


def _all_processes(*containers: ContainerView) -> list[ProcessView]:
    """Each once: a process may be in groups of two containers, in different trees."""
    found = {one.pid: one for container in containers for one in container.processes}
    return list(found.values())


def _group(process: ProcessView) -> str:
    """The path of its group: in the tree for processes, or in the only one."""
    try:
        lines = Path(f"/proc/{process.pid}/cgroup").read_text().splitlines()
    except OSError:
        return ""  # it has ended meanwhile
    groups = {names: path for _, names, path in (line.split(":", 2) for line in lines)}
    return groups.get("pids", groups.get("", ""))


def _is_in_the_cell(bench: ContainerView, process: ProcessView) -> bool:
    """Is `/` for this process what is `/cell` for the bench?"""
    cell = bench.inside("/cell").status
    try:
        return cell is not None and os.path.samestat(
            os.stat(f"/proc/{process.pid}/root"), cell
        )
    except OSError:
        return False


def _cell_is_all_there_is(process: ProcessView) -> bool:
    """Who comes in finds the cell at the top, and no other root is mounted."""
    command = ["nsenter", "--target", str(process.pid), "--mount"]
    found = subprocess.run(
        [*command, "/bin/test", "-e", "/inside"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=SECONDS,
    )
    try:
        lines = Path(f"/proc/{process.pid}/mountinfo").read_text().splitlines()
    except OSError:
        return False
    old = any(line.split()[3] == "/" and " - overlay " in line for line in lines)
    return found.returncode == 0 and not old
