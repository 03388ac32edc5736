"""Containers that share a namespace with another: --pid and --ipc container:NAME."""

import json
import os
from pathlib import Path

import pytest

from engine.engine import Container
from engine.errors import Conflict, EngineError, NotFound
from tests.engine.boxes import Box, until


def namespace(container: Container, kind: str) -> str:
    return os.readlink(f"/proc/{container.state.pid}/ns/{kind}")


def test_both_see_the_same_processes(box: Box) -> None:
    box.begin("sleep", "1001", name="first")
    second = box.begin("sleep", "1002", name="second", pid="container:first")
    seen = box.execute("second", "ps").out
    assert "sleep 1001" in seen
    assert "sleep 1002" in seen
    assert namespace(second, "pid") == namespace(box.engine.container("first"), "pid")
    assert box.engine.inspect("second")["HostConfig"]["PidMode"].startswith(
        "container:"
    )


def test_its_processes_end_with_the_namespace(box: Box) -> None:
    box.begin(name="first")
    box.begin(name="second", pid="container:first")
    box.engine.kill("first")
    assert box.engine.wait("second") == 137


def test_what_it_leaves_behind_ends_with_it(box: Box) -> None:
    first = box.begin(name="first")
    script = "sleep 1003 & trap 'exit 0' TERM; echo ready; while :; do sleep 0.05; done"
    box.begin("sh", "-c", script, name="second", pid="container:first")
    box.says("second", "ready")
    box.engine.stop("second")
    assert box.engine.container("second").state.exit_code == 0
    until(lambda: "1003" not in box.execute(first.id, "ps").out, "its end")


def test_each_start_looks_the_other_container_up_anew(box: Box) -> None:
    box.begin(name="first")
    box.begin(name="second", pid="container:first")
    box.engine.restart("first", timeout=0)
    box.engine.wait("second")
    box.engine.rename("first", "renamed")
    box.engine.start("second")
    first, second = box.engine.container("renamed"), box.engine.container("second")
    assert namespace(second, "pid") == namespace(first, "pid")


def test_the_bundle_names_the_namespace_by_a_path_that_is_true(box: Box) -> None:
    first = box.begin(name="first")
    second = box.begin(name="second", pid="container:first")
    config = json.loads((second.directory / "bundle" / "config.json").read_text())
    (path,) = [n["path"] for n in config["linux"]["namespaces"] if "path" in n]
    assert os.readlink(path) == f"/proc/{first.state.pid}/ns/pid"
    assert os.stat(path).st_ino == os.stat(f"/proc/{second.state.pid}/ns/pid").st_ino


def test_the_other_container_must_run(box: Box) -> None:
    first = box.create("true", name="first")
    second = box.create("true", name="second", pid="container:first")
    with pytest.raises(EngineError, match=f"container {first.id} is not running"):
        box.engine.start("second")
    assert not (second.directory / "rootfs" / "bin").exists()
    box.engine.remove("first")
    with pytest.raises(EngineError, match="is not running"):
        box.engine.start("second")
    with pytest.raises(NotFound, match="No such container: nosuch"):
        box.create("true", pid="container:nosuch")


def test_a_process_that_got_the_old_number_is_not_joined(box: Box) -> None:
    """The record of a container that was killed names a pid that may be anybody's."""
    first = box.begin(name="first")
    box.create("true", name="second", pid="container:first")
    record = first.directory / "state.json"
    whole = record.read_text()
    record.write_text(json.dumps({**json.loads(whole), "pid": os.getpid()}))
    try:
        with pytest.raises(EngineError, match="is not running"):
            box.engine.start("second")
    finally:
        record.write_text(whole)


def test_memory_is_shared_where_its_owner_allows_it(box: Box) -> None:
    first = box.begin(name="first", ipc="shareable", shm_size=1 << 20)
    box.execute("first", "sh", "-c", "echo shared > /dev/shm/x")
    script = "cat /dev/shm/x; df -k /dev/shm | tail -n 1 | awk '{print $2}'"
    done = box.run("sh", "-c", script, ipc="container:first")
    assert done.lines == ["shared", "1024"]
    second = box.begin(ipc="container:first")
    assert namespace(second, "ipc") == namespace(first, "ipc")
    box.engine.remove(second.id, force=True)
    box.engine.stop("first", timeout=0)
    assert str(first.directory) not in Path("/proc/self/mountinfo").read_text()


def test_memory_that_is_private_cannot_be_joined(box: Box) -> None:
    box.begin(name="first")
    with pytest.raises(Conflict, match="non-shareable IPC"):
        box.create("true", ipc="container:first")
