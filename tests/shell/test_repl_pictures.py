"""`lab mounts`, `tree`, `layers`, `acts` and `watch`, on containers that really run."""

import json
import signal
from pathlib import Path
from typing import IO

import pytest

from tests.shell.lines import Lab


@pytest.fixture
def web(lab: Lab) -> str:
    """A container that runs, has added a file and deleted one."""
    script = "echo hi > /srv; rm /etc/group; sleep 1000"
    lab("run", "-d", "--name", "web", "busybox", "sh", "-c", script)
    while "/srv" not in lab("diff", "web").out:
        pass
    return "web"


def test_a_container_is_seen_from_outside_and_from_inside(lab: Lab, web: str) -> None:
    found = json.loads(lab("mounts", "web", "--json").out)
    outside = [mount for mount in found if not mount["inside"]]
    assert [mount["kind"] for mount in outside] == ["overlay"]
    assert Path(outside[0]["target"]).is_mount()
    assert {"/", "/proc", "/dev/pts"} <= {m["target"] for m in found if m["inside"]}


def test_mounts_are_drawn_for_the_machine_and_each_container(
    lab: Lab, web: str
) -> None:
    lines = lab("mounts").lines
    assert lines[0] == "the machine"
    assert web in lines
    assert lab("mounts", "nosuch").error == "No such container: nosuch"


def test_the_tree_marks_shim_and_container_and_both_numbers(lab: Lab, web: str) -> None:
    pid = lab("inspect", "-f", "{{.State.Pid}}", web).lines[0]
    drawn = lab("tree").out
    assert "shim of web" in drawn
    assert f"{pid} → 1  sleep 1000" in drawn
    (first,) = [
        p for p in json.loads(lab("tree", "--json").out) if str(p["pid"]) == pid
    ]
    assert first["inside_pid"] == 1
    assert first["namespaces"]["pid"] == Path(f"/proc/{pid}/ns/pid").stat().st_ino


def test_layers_say_what_each_adds_and_deletes_and_where_it_lies(
    lab: Lab, web: str
) -> None:
    bottom, init, top = json.loads(lab("layers", web, "--json").out)
    assert (bottom["kind"], init["kind"], top["kind"]) == (
        "image",
        "init",
        "read-write",
    )
    assert {"kind": "D", "path": "/etc/group"} in top["changes"]
    assert {"kind": "A", "path": "/srv"} in top["changes"]
    assert {"kind": "A", "path": "/etc/hosts"} in init["changes"]
    assert (Path(top["directory"]) / "srv").read_text() == "hi\n"
    assert top["directory"] in lab("layers", web, "--paths").lines
    assert "D /etc/group" in lab("layers", web).out


def test_the_layers_of_an_image_are_those_of_its_containers(lab: Lab, web: str) -> None:
    image = json.loads(lab("layers", "busybox", "--json").out)
    container = json.loads(lab("layers", web, "--json").out)
    assert container[: len(image)] == image
    assert lab("layers", "nosuch").code == 1


def test_acts_can_be_narrowed_to_one_concept(lab: Lab, web: str) -> None:
    every = [json.loads(line) for line in lab("acts", web, "--json").lines]
    narrow = lab("acts", web, "--concept", "mounts", "--json").lines
    mounts = [json.loads(line) for line in narrow]
    assert 0 < len(mounts) < len(every)
    assert {act["concept"] for act in mounts} == {"mounts"}
    refused = lab("acts", web, "--concept", "magic")
    assert "mounts" in refused.hint


@pytest.mark.parametrize("picture", [["mounts"], ["tree"], ["layers", "busybox"]])
def test_every_picture_can_be_had_in_sentences(lab: Lab, picture: list[str]) -> None:
    assert all(line.endswith(".") for line in lab(*picture, "--plain").lines)


def test_watching_prints_each_new_state_until_it_is_interrupted(lab: Lab) -> None:
    watcher = lab.begin("watch", "tree", "--json")
    try:
        assert shims(watcher.stdout) == []
        lab("run", "-d", "--name", "web", "busybox", "sleep", "1000")
        while shims(watcher.stdout) != ["web"]:
            pass
    finally:
        watcher.send_signal(signal.SIGINT)
        watcher.communicate(timeout=20)
    assert watcher.returncode == 0


def shims(stdout: IO[bytes] | None) -> list[str]:
    """The containers of the next state that is printed."""
    assert stdout is not None
    state = json.loads(stdout.readline())
    return [process["container"] for process in state if process["role"] == "shim"]
