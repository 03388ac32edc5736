"""Mounts, processes and layers, as data to draw: true because read off the kernel."""

import os
import shutil
import subprocess
from pathlib import Path

from tests.engine.boxes import Box, until


def test_every_mount_of_a_container_is_seen_inside_and_its_root_outside(
    box: Box,
) -> None:
    container = box.begin(name="seen", volumes=("data:/data",), tmpfs=("/t",))
    mine = [m for m in box.engine.mounts() if m.container == "seen"]
    outside = [m for m in mine if not m.inside]
    assert [(m.kind, m.target) for m in outside] == [
        ("overlay", str(container.directory / "rootfs"))
    ]
    inside = {m.target: m.kind for m in mine if m.inside}
    kinds = {"/": "overlay", "/proc": "proc", "/dev": "tmpfs", "/dev/pts": "devpts"}
    kinds |= {"/sys": "sysfs", "/dev/shm": "tmpfs", "/dev/mqueue": "mqueue"}
    assert kinds.items() <= inside.items()
    assert {"/data", "/t", "/etc/hosts"} <= inside.keys()


def test_when_it_has_ended_only_the_roots_own_mount_is_left(box: Box) -> None:
    container = box.begin()
    box.engine.kill(container.id)
    assert {m.target for m in box.engine.mounts()} <= {str(box.engine.root)}


def test_each_process_has_its_role_and_its_number_inside(box: Box) -> None:
    container = box.begin("sh", "-c", "sleep 555 & echo ready; wait", name="tree")
    box.says("tree", "ready")
    session = box.engine.execute("tree", exec_options("sleep", "444"))
    session.start()
    until(lambda: "sleep 555" in commands(box), "both are there")
    by_command = {p.command: p for p in box.engine.processes()}
    first = next(p for p in by_command.values() if p.pid == container.state.pid)
    child, exec_ = by_command["sleep 555"], by_command["sleep 444"]
    shim = by_command["lab-shim"]
    assert (first.role, first.inside_pid, first.parent) == ("container", 1, shim.pid)
    assert (child.role, child.parent) == ("container", first.pid)
    assert (exec_.role, exec_.parent) == ("exec", shim.pid)
    assert child.inside_pid not in (None, 1)
    assert (shim.role, shim.inside_pid, shim.container) == ("shim", None, "tree")
    assert shim.pid == container.state.shim_pid
    spawner = by_command["lab-spawner"]
    assert (spawner.role, spawner.container) == ("spawner", None)
    assert shim.parent == spawner.pid
    session.close()


def commands(box: Box) -> set[str]:
    return {p.command for p in box.engine.processes()}


def exec_options(*command: str):
    from engine.engine import ExecOptions

    return ExecOptions(command=command)


def test_namespaces_are_those_that_the_kernel_tells(box: Box) -> None:
    container = box.begin()
    (first,) = [p for p in box.engine.processes() if p.pid == container.state.pid]
    path = f"/proc/{first.pid}/ns/mnt"
    assert first.namespaces["mount"] == os.stat(path).st_ino
    assert first.namespaces["user"] == os.stat("/proc/self/ns/user").st_ino


def test_what_runs_not_has_no_processes(box: Box) -> None:
    box.create("true")
    assert {p.role for p in box.engine.processes()} <= {"spawner"}


def test_an_orphan_stays_the_containers(box: Box) -> None:
    script = "(sleep 321 &) ; echo ready; sleep 1000"
    container = box.begin("sh", "-c", script)
    box.says(container.id, "ready")
    (orphan,) = [p for p in box.engine.processes() if p.command == "sleep 321"]
    assert (orphan.role, orphan.container) == ("container", container.name)


def test_a_process_of_the_machine_may_have_a_name_that_is_no_text(
    box: Box, tmp_path: Path
) -> None:
    container = box.begin()
    program = os.fsencode(tmp_path) + b"/a\xff"
    shutil.copy(b"/bin/sleep", program)
    with subprocess.Popen([program, b"1000"]) as stranger:
        try:
            seen = [one.pid for one in box.engine.processes()]
        finally:
            stranger.kill()
    assert container.state.pid in seen
    assert stranger.pid not in seen
