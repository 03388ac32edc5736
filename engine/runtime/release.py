"""Release: taking away what a container's start has made on the machine.

It may be done twice without harm, because several may have to: the shim when the
container ends, the next command when the shim was killed, and `rm`.

    overlay         umount containers/ID/rootfs, and shm if others could join it
    control group   rmdir, after its last process
    another runtime its record of the container: foreign.py
    network         its namespace, with all interfaces, and its addresses: sandbox.py

man: umount2(2), rmdir(2)
Try it: `lab mounts` while a container runs and after it
"""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

from engine import acts
from engine.errors import EngineError, SyscallError
from engine.kernel import cgroups, freezer, mounts, processes
from engine.runtime import sandbox
from engine.runtime.bundle import ShimFacts


def kill(facts: ShimFacts) -> None:
    """Kill every process of the control group, if there is one."""
    with contextlib.suppress(EngineError, OSError):
        freezer.kill_all(facts.cgroup)


def kill_left(facts: ShimFacts) -> None:
    """The same when process 1 has ended: mostly nobody is left, and one look tells."""
    with contextlib.suppress(EngineError, OSError):
        freezer.kill_left(facts.cgroup)


def take_away(facts: ShimFacts) -> None:
    """Unmount the overlay and remove the control group, as far as they are there.

    What another runtime than ours has made it takes away itself.
    """
    if facts.runtime:
        from engine.runtime import foreign  # few containers have another

        foreign.forget(facts)
    if facts.layered:
        unmount(Path(facts.root))
        unmount(Path(facts.root).parent / "shm")
    cgroups.remove(facts.cgroup)


def disconnect(
    directory: Path, told: Callable[[tuple[sandbox.Endpoint, ...]], object]
) -> None:
    """Take the network of a container away, and tell what it was connected to.

    Not before it has ended for good: while it may be run again it keeps its addresses.
    """
    record = directory / "acts.jsonl"
    with acts.recording(record, "end"), contextlib.suppress(EngineError, OSError):
        if endpoints := sandbox.take_away(directory):
            told(endpoints)


def unmount(root: Path) -> None:
    """Unmount what is mounted at `root`, if anything is."""
    try:
        if os.lstat(root).st_dev == os.lstat(root.parent).st_dev:
            return
    except FileNotFoundError:
        return
    try:
        mounts.unmount(root)
    except SyscallError as error:
        if error.name not in ("EINVAL", "ENOENT"):  # somebody else was quicker
            raise


def later(directory: Path) -> None:
    """Let another process remove a container that was run with --rm.

    The shim cannot: it holds the lock, and knows nothing of volumes and images.
    """
    from engine.runtime import interpreter  # mostly a client removes it

    if processes.fork() == 0:
        try:
            os.setsid()
            processes.close_all_but(set())
            program = interpreter.python_command(
                "engine.containers.removal", "remove_released", str(directory)
            )
            processes.execute(program[0], program, {})
        finally:
            processes.leave(1)
