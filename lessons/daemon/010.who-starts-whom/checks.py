"""Checks for "Who started whom": processes, and whose child each one is."""

import os
import select
from pathlib import Path

from engine.engine import Labd
from labshell.lessons.checks import Lab, Outcome

_MOMENT = 0.5  # seconds


def labd_writes_down(lab: Lab) -> Outcome:
    """labd serves this engine, and what it is asked comes into its log."""
    labd = Labd.of(lab.engine.root)
    if labd.find() is None:
        return lab.failed("No labd serves this engine.")
    log = lab.engine.root / "labd.log"
    before = _size(log)
    labd.clients()  # a request like any other
    if _size(log) == before:
        return lab.failed("labd serves, but does not write down what it is asked.", 1)
    return lab.passed("labd serves this engine, and writes down what it is asked.")


def first_was_asked_for(lab: Lab) -> Outcome:
    """The container runs, and labd has made it for a client."""
    return _was_asked_for(lab, lab.values["name"])


def second_was_asked_for(lab: Lab) -> Outcome:
    """The same for the other one, while the first one still runs."""
    if not lab.container(lab.values["name"]).running:
        return lab.failed("{{name}} does not run any more.")
    return _was_asked_for(lab, lab.values["second"])


def _was_asked_for(lab: Lab, name: str) -> Outcome:
    """Whoever makes a container notes its own number beside each act."""
    container = lab.container(name, lost=False)
    labd = Labd.of(lab.engine.root).find()
    if not container.running:
        return lab.failed("{subject} has been made, but does not run.", subject=name)
    makers = {act["pid"] for act in lab.engine.acts(name) if act["verb"] == "create"}
    if labd is None or makers != {labd.pid}:
        return lab.failed(
            "{subject} runs, but labd was not asked: `lab` is the engine itself.",
            earned=1,
            subject=name,
        )
    return lab.passed("A client has asked labd for it, and it runs.")


def is_the_shim(lab: Lab) -> Outcome:
    """The number that was given is that of the parent of the container's process."""
    if lab.answer is None:
        return lab.failed("No answer yet: `:answer …`.")
    name = lab.values["name"]
    if not lab.container(name).running:
        return lab.failed("{{name}} does not run any more.")
    found = {str(one.pid): one for one in lab.engine.processes()}
    task = next(
        one
        for one in found.values()
        if (one.role, one.container) == ("container", name)
    )
    given = found.get(lab.answer.strip())
    if given is not None and given.pid == task.parent:
        return lab.passed("It is: the parent of {{name}}'s process, and of no other.")
    return _not_the_shim(lab, "" if given is None else given.role)


def _not_the_shim(lab: Lab, role: str) -> Outcome:
    """What to say of another process of the engine's."""
    if role == "container":
        return lab.failed(
            "This is the program itself. Who is one step above it in the tree?"
        )
    if role == "labd":
        return lab.failed("This is labd. It was asked, and passed it on.")
    if role == "spawner":
        return lab.failed("This is the spawner: it makes shims, and looks after none.")
    if role:
        return lab.failed("This one belongs to the engine, but is not that shim.")
    return lab.failed("No process of the engine's has this number.")


def labd_was_killed(lab: Lab) -> Outcome:
    """No labd is left, it could not tidy up, and both containers run."""
    for name in (lab.values["name"], lab.values["second"]):
        if not lab.container(name).running:
            return lab.failed("{subject} does not run any more.", subject=name)
    labd = Labd.of(lab.engine.root)
    found = labd.find()
    if found is not None and not _ends_now(found.pid):
        return lab.failed("labd is alive.")
    if not labd.path.is_socket():
        return lab.failed(
            "labd has ended in good order, and could tidy up. It was to be killed.",
            earned=1,
        )
    return lab.passed("labd is dead, its socket lies about, and both containers run.")


def labd_is_back(lab: Lab) -> Outcome:
    """labd answers again, and both processes are older than it."""
    labd = Labd.of(lab.engine.root)
    found = labd.find()
    if found is None:
        return lab.failed("Nobody answers `docker` yet.")
    labd.clients()
    for name in (lab.values["name"], lab.values["second"]):
        if not lab.container(name).running:
            return lab.failed("{subject} does not run any more.", subject=name)
        pid = lab.engine.container(name).state.pid
        if _began(pid) > _began(found.pid):
            return lab.failed(
                "`docker` is answered, but {subject} runs a new process: the old one "
                "had done nothing wrong.",
                earned=1,
                subject=name,
            )
    return lab.passed("labd answers, and both processes are the ones from before.")


def _ends_now(pid: int) -> bool:
    """A killed process takes a moment to end: wait for that, but not for long."""
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([process], [], [], _MOMENT)[0])
    finally:
        os.close(process)


def _began(pid: int) -> int:
    """When a process began, in ticks since the machine did (proc(5), field 22)."""
    after_name = (
        Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2]
    )
    return int(after_name.split()[19])


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
