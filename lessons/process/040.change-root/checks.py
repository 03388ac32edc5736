"""Checks for "Another root": what is at the top of a process's mount namespace?"""

import os
import subprocess
from pathlib import Path

from labshell.lessons.checks import ContainerView, Lab, Outcome
from labshell.lessons.processes import ProcessView

PRISONER = "sleep 2000000"
SECONDS = 5.0


def is_in_the_cell(container: ContainerView, process: ProcessView) -> bool:
    """Is `/` for this process what is `/cell` for the container?"""
    cell = container.inside("/cell").status
    try:
        return cell is not None and os.path.samestat(
            os.stat(f"/proc/{process.pid}/root"), cell
        )
    except OSError:
        return False  # it has ended meanwhile


def cell_is_at_the_top(process: ProcessView) -> bool:
    """Who comes into its mount namespace from outside: is their root the cell?"""
    command = ["nsenter", "--target", str(process.pid), "--mount"]
    found = subprocess.run(
        [*command, "/bin/test", "-e", "/inside"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=SECONDS,
    )
    return found.returncode == 0


def has_the_old_root(process: ProcessView) -> bool:
    """Is the whole of the container's own file system still mounted somewhere?"""
    try:
        lines = Path(f"/proc/{process.pid}/mountinfo").read_text().splitlines()
    except OSError:
        return False
    return any(line.split()[3] == "/" and " - overlay " in line for line in lines)


def root_was_changed(lab: Lab) -> Outcome:
    """A process of its own has the cell as its root, and the old root is gone."""
    container = lab.container(lab.values["name"])
    found = [
        process
        for process in container.processes
        if process.command != PRISONER and is_in_the_cell(container, process)
    ]
    if not found:
        return lab.failed(
            "Besides the prisoner, no process in {{name}} has /cell as its root."
        )
    own = container.process.namespaces
    changed = [
        process
        for process in found
        if not process.shares("mount", own) and cell_is_at_the_top(process)
    ]
    if not changed:
        return lab.failed(
            "A process has /cell as its root, but at the top of its mount namespace "
            "the old root is still there.",
            earned=1,
        )
    if all(has_the_old_root(process) for process in changed):
        return lab.failed(
            "The root of a process was changed to /cell, and the old one is still "
            "mounted.",
            earned=3,
        )
    return lab.passed(
        "A process has /cell at the top of its mount namespace, and the old root is "
        "mounted there no more."
    )


def hole_is_closed(lab: Lab) -> Outcome:
    """The prisoner goes on; the old root is not mounted in its namespace."""
    container = lab.container(lab.values["name"])
    prisoners = [p for p in container.processes if p.command == PRISONER]
    if not prisoners:
        return lab.failed("The prisoner has ended. It should have gone on.")
    if container.inside("/outside").status is None:
        return lab.failed("/outside is gone for everybody in {{name}}.")
    if prisoners[0].at("/old/outside").status is not None:
        return lab.failed("The prisoner still reads /old/outside.")
    if has_the_old_root(prisoners[0]):
        return lab.failed(
            "Nothing is to be seen in /old, but the old root is still mounted below.",
            earned=1,
        )
    return lab.passed(
        "The prisoner goes on, and the old root is mounted there no more."
    )
