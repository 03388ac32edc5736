"""The pictures: drawn for the eye, said in sentences, and as data for programs."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from engine.containers.looking.mounts import MountPoint
from engine.containers.looking.processes import ProcessInfo
from engine.containers.looking.stats import Sample, Stats
from engine.kernel.counters import Counters
from engine.storage.changes import Change
from labshell.views import cgroup, layers, mounts, processes

ID = "ab" * 32


def drawn(picture: Any, width: int = 80) -> str:
    console = Console(width=width, color_system=None, file=None, record=True)
    with console.capture() as capture:
        console.print(picture, crop=False)
    return capture.get()


@pytest.fixture
def points() -> list[MountPoint]:
    def point(
        container: str | None, inside: bool, target: str, kind: str, how: str
    ) -> Any:
        return MountPoint(
            container=container,
            inside=inside,
            target=target,
            source=kind,
            kind=kind,
            options=how,
            id=1,
        )

    stack = "rw,relatime,rw,lowerdir=/a:/b,upperdir=/c,workdir=/d"
    return [
        point("web", False, f"/root/containers/{ID}/rootfs", "overlay", stack),
        point("web", True, "/", "overlay", stack),
        point("web", True, "/dev", "tmpfs", "rw,nosuid"),
        point("web", True, "/dev/pts", "devpts", "ro,rw,noexec"),
    ]


def test_a_mount_hangs_below_the_one_it_is_mounted_in(points: list[MountPoint]) -> None:
    lines = [
        line.rstrip() for line in drawn(mounts.draw(mounts.Seen(points))).splitlines()
    ]
    assert lines == [
        "web",
        "├── on the machine",
        "│   └── /root/containers/abababababab…/rootfs  overlay of 3 layers  rw",
        "└── inside",
        "    └── /  overlay of 3 layers  rw",
        "        └── /dev  tmpfs  rw,nosuid",
        "            └── /dev/pts  devpts  ro,noexec",
    ]


def test_mounts_in_sentences_leave_nothing_out(points: list[MountPoint]) -> None:
    said = mounts.sentences(mounts.Seen(points))
    assert said[0] == (
        "On the machine, overlay of 3 layers is mounted on "
        f"/root/containers/{ID}/rootfs for web (rw)."
    )
    assert said[3] == "Inside web, devpts is mounted on /dev/pts (ro,noexec)."


def test_mounts_as_json_keep_their_options(points: list[MountPoint]) -> None:
    assert mounts.as_json(mounts.Seen(points))[1]["options"] == points[1].options


def test_a_path_that_would_repaint_the_terminal_is_made_visible() -> None:
    evil = MountPoint(
        container="web",
        inside=True,
        target="/\x1b[31mred",
        source="x",
        kind="tmpfs",
        options="rw",
        id=1,
    )
    assert "\x1b" not in drawn(mounts.draw(mounts.Seen([evil])))
    assert "\x1b" not in "".join(mounts.sentences(mounts.Seen([evil])))


def test_what_came_with_the_last_change_is_marked(points: list[MountPoint]) -> None:
    news = mounts.News()
    assert news.among(points[:2]).new == frozenset()
    seen = news.among(points)
    assert seen.new == frozenset(points[2:])
    assert news.among(points).new == seen.new  # until the next change
    assert "+ /dev  tmpfs" in drawn(mounts.draw(seen))
    assert "(rw,nosuid), which is new." in mounts.sentences(seen)[2]
    assert news.among(points[:3]).new == frozenset()


def process(pid: int, parent: int, role: str, inside: int | None = None) -> ProcessInfo:
    return ProcessInfo(
        pid=pid,
        parent=parent,
        inside_pid=inside,
        command={"spawner": "lab-spawner", "shim": "lab-shim"}.get(role, "sleep 9"),
        role=role,
        container=None if role == "spawner" else "web",
        namespaces={"pid": 4026531836},
    )


@pytest.fixture
def family() -> list[ProcessInfo]:
    return [
        process(10, 1, "spawner"),
        process(11, 10, "shim"),
        process(12, 11, "container", 1),
        process(15, 11, "exec", 7),
    ]


def test_a_process_has_a_number_outside_and_one_inside(
    family: list[ProcessInfo],
) -> None:
    lines = [line.rstrip() for line in drawn(processes.draw(family)).splitlines()]
    assert lines == [
        "10  lab-spawner  spawner",
        "└── 11  lab-shim  shim of web",
        "    ├── 12 → 1  sleep 9  web",
        "    └── 15 → 7  sleep 9  exec in web",
    ]


def test_processes_in_sentences_name_their_parents(family: list[ProcessInfo]) -> None:
    assert processes.sentences(family)[2] == (
        "Process 12 (web) is sleep 9; inside, its number is 1; "
        "its parent is 11 (shim of web)."
    )


def test_namespaces_behind_a_wall_are_numbered(family: list[ProcessInfo]) -> None:
    inside = {"pid": 7, "net": 8}
    family[2:] = [one._replace(namespaces=inside) for one in family[2:]]
    family.append(process(20, 10, "container", 1)._replace(namespaces={"pid": 9}))
    shown = drawn(processes.draw(family))
    assert "12 → 1  sleep 9  web pid1 net1" in shown
    assert "15 → 7  sleep 9  exec in web pid1 net1" in shown
    assert "20 → 1  sleep 9  web pid2" in shown
    assert "lab-shim  shim of web\n" in "\n".join(map(str.rstrip, shown.split("\n")))
    assert "its namespaces are pid 1, net 1;" in processes.sentences(family)[3]


def test_a_process_whose_parent_is_gone_still_stands_in_the_tree() -> None:
    assert "12 → 1" in drawn(processes.draw([process(12, 99, "container", 1)]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """As much of a layer as a view looks at."""

    kind: str
    id: str
    created_by: str
    size: int
    directory: Path
    changes: Callable[[], list[Change]]


def stack() -> Any:
    many = [Change(kind="A", path=f"/bin/{n:03}") for n in range(20)]
    own = [
        Change(kind="C", path="/etc"),
        Change(kind="D", path="/etc/group"),
        Change(kind="A", path="/srv"),
    ]
    return (
        Layer(
            kind="image",
            id="sha256:" + ID,
            created_by="ADD busybox",
            size=2_130_000,
            directory=Path("/snapshots/x"),
            changes=lambda: many,
        ),
        Layer(
            kind="read-write",
            id="3c05019b6d77",
            created_by="web",
            size=12,
            directory=Path("/" + "long/" * 30 + "upper"),
            changes=lambda: own,
        ),
    )


def test_the_topmost_layer_stands_on_top() -> None:
    text = drawn(layers.draw(stack()))
    assert text.index("read-write · web") < text.index("image · abababababab")
    assert "D /etc/group" in text and "12B" in text and "2.13MB" in text


def test_a_layer_of_many_files_says_how_many() -> None:
    text = drawn(layers.draw(stack(), files=3))
    assert "A /bin/002" in text and "A /bin/003" not in text
    assert "… 20 in all" in text


def test_a_path_can_be_copied_whatever_the_width() -> None:
    text = drawn(layers.draw(stack(), paths=True), width=40)
    assert str(stack()[1].directory) in text.splitlines()


def test_the_frame_fits_forty_columns() -> None:
    assert max(map(len, drawn(layers.draw(stack()), width=40).splitlines())) == 40


def test_layers_in_sentences_count_what_each_does() -> None:
    said = layers.sentences(stack())
    assert said[0] == (
        "Layer 2 of 2 (read-write · web) holds 12B and adds 1, changes 1, deletes 1."
    )
    assert "  It deletes /etc/group." in said


def test_layers_as_json_hold_every_file_bottom_first() -> None:
    bottom, top = json.loads(json.dumps(layers.as_json(stack())))
    assert len(bottom["changes"]) == 20
    assert top["changes"][1] == {"kind": "D", "path": "/etc/group"}


def test_a_group_in_forty_columns_without_colours() -> None:
    sample = Sample(
        at="",
        counters=Counters(
            memory=16 << 20,
            memory_limit=32 << 20,
            memory_peak=31 << 20,
            memory_failures=12,
            memory_kills=1,
            throttled_periods=9,
            throttled_time=400_000_000,
            pids=2,
        ),
        machine_cpu=0,
        networks={},
    )
    stats = Stats("1", "web", sample, None, processors=2, machine_memory=1 << 30)
    shown = drawn(cgroup.draw([stats]), width=40)
    assert max(map(len, shown.splitlines())) <= 40
    said = " ".join(shown.split())
    assert "memory ██████████░░░░░░░░░░ 16MiB of 32MiB, at most 31MiB so far" in said
    assert "refused 12 times, 1 process killed for want of it" in said
    assert "held back 9 times for 0.4 s" in said
    assert "pids 2, no limit" in said
    assert cgroup.sentences([stats])[0].endswith("processes and threads 2, no limit.")


def test_nothing_to_show_is_said() -> None:
    for view, seen in ((mounts, mounts.Seen([])), (processes, []), (layers, [])):
        assert drawn(view.draw(seen)).strip().endswith(".")
