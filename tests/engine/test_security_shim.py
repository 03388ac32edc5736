"""A shim answers, whatever its container and its clients do."""

import contextlib
import os
import resource
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.engine import Engine, ExecOptions, RestartPolicy
from engine.errors import EngineError
from engine.oci.health import Healthcheck
from tests.engine.boxes import OBEYS, Box, until

FLOOD = "for i in 1 2 3 4; do dd if=/dev/zero bs=64k & done; sleep 0.1; exit 7"


def again_and_again(*deeds: Callable[[Engine], object], engine: Engine) -> None:
    """Do these at once, from several threads, for a while; all must come back."""
    until = time.monotonic() + 2

    def repeat(deed: Callable[[Engine], object]) -> None:
        own = Engine(engine.root)
        while time.monotonic() < until:
            with contextlib.suppress(EngineError):
                deed(own)

    threads = [threading.Thread(target=repeat, args=(d,), daemon=True) for d in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=10)
    assert not any(thread.is_alive() for thread in threads)


def test_a_pause_in_the_midst_of_an_exec_does_not_stop_it(
    engine: Engine, box: Box
) -> None:
    name = box.begin().id

    def execute(own: Engine) -> None:
        session = own.execute(name, ExecOptions(command=("true",)))
        with contextlib.closing(session):
            session.start()
            session.wait()

    def pause(own: Engine) -> None:
        own.pause(name)
        own.unpause(name)

    again_and_again(execute, execute, pause, engine=engine)
    with contextlib.suppress(EngineError):
        engine.unpause(name)
    assert box.execute(name, "true").code == 0


def test_an_exec_takes_as_many_arguments_as_the_kernel_does(box: Box) -> None:
    words = [f"{number:030}" for number in range(30_000)]
    done = box.execute(box.begin().id, "sh", "-c", "echo $#", *words)
    assert done.out == f"{len(words) - 1}\n"


def test_more_arguments_than_the_kernel_takes_are_refused(box: Box) -> None:
    with pytest.raises(EngineError, match="Argument list too long"):
        box.execute(box.begin().id, "echo", *["x" * 100_000] * 60)


def test_an_error_that_quotes_a_very_long_name_is_told(box: Box) -> None:
    with pytest.raises(EngineError, match="exec: "):
        box.run(os.fsdecode(b"\xff" * 120_000), environment=("PATH=",))


def test_an_exec_ends_though_it_leaves_a_flood_behind(box: Box) -> None:
    name = box.begin().id
    assert box.execute(name, "sh", "-c", FLOOD).code == 7
    assert box.execute(name, "true").code == 0


def test_what_a_program_leaves_to_the_machine_is_not_left_to_the_shim(box: Box) -> None:
    orphans = "for i in 1 2 3 4 5; do (sleep 0.05 &) ; done; echo left"
    line = f"trap '{orphans}' USR1; echo ready; while :; do sleep 0.05; done"
    container = box.begin("sh", "-c", line, pid="host")
    box.says(container.id, "ready")
    box.engine.kill(container.id, "USR1")
    box.says(container.id, "left")
    shim = box.engine.container(container.id).state.shim_pid
    children = Path(f"/proc/{shim}/task/{shim}/children")
    assert children.read_text().split() == [str(container.state.pid)]


def crowded(shim: int, more: int) -> None:
    """Let a shim open so many files more, and not one over it."""
    there = len(os.listdir(f"/proc/{shim}/fd"))
    resource.prlimit(shim, resource.RLIMIT_NOFILE, (there + more, 4096))


@pytest.mark.parametrize("more", range(1, 10))
def test_a_shim_that_can_open_no_more_files_goes_on(box: Box, more: int) -> None:
    always = RestartPolicy(name="always")
    often = Healthcheck(test=("CMD", "true"), interval=1_000_000)
    container = box.begin(*OBEYS, health=often, restart=always)
    shim = container.state.shim_pid
    crowded(shim, more)
    for tty in (False, True):
        with contextlib.suppress(EngineError):
            box.execute(container.id, "true", tty=tty)
    killed = container.state.pid
    os.kill(killed, signal.SIGKILL)
    until(lambda: box.engine.container(container.id).state.pid != killed, "the end")
    with contextlib.suppress(FileNotFoundError):  # the next attempt found no room
        crowded(shim, 1000)
    box.engine.restart(container.id)
    assert box.execute(container.id, "true").code == 0
