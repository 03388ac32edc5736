"""A container that is given its control group divides it, and gets no more."""

from typing import Any

import pytest

from engine.errors import InvalidArgument
from engine.kernel import cgroups
from tests.engine.boxes import LASTS, Box, until

pytestmark = [pytest.mark.require("root", "overlay"), pytest.mark.vm]
OWN: dict[str, Any] = {
    "user_namespace": "auto",
    "security_options": ("writable-cgroups=true",),
}
TREE = "/sys/fs/cgroup" if cgroups.version() == 2 else "/sys/fs/cgroup/memory"
LIMIT = "memory.max" if cgroups.version() == 2 else "memory.limit_in_bytes"


def test_it_makes_groups_in_its_own(box: Box) -> None:
    done = box.run("sh", "-c", f"mkdir {TREE}/mine && ls {TREE}/mine", **OWN)
    assert "cgroup.procs" in done.out.split()


@pytest.mark.parametrize(
    "options",
    [
        {"user_namespace": "auto"},
        {**OWN, "security_options": ("writable-cgroups=false",)},
    ],
)
def test_nobody_else_does(box: Box, options: dict[str, Any]) -> None:
    done = box.run("mkdir", f"{TREE}/mine", **options)
    assert "Read-only file system" in done.err


def test_its_own_limit_is_not_its_to_change(box: Box) -> None:
    script = f"echo 999999999 > {TREE}/{LIMIT}; cat {TREE}/{LIMIT}"
    done = box.run("sh", "-c", script, memory=64 << 20, **OWN)
    assert "Permission denied" in done.err
    assert done.out == f"{64 << 20}\n"


def test_no_other_group_is_given_away(box: Box) -> None:
    container = box.begin(*LASTS, user_namespace="auto")
    assert box.engine.cgroup(container.id).stat().st_uid == 0


def test_a_program_is_started_in_a_group_that_was_divided(box: Box) -> None:
    divides = f"mkdir {TREE}/part && echo 1 > {TREE}/part/cgroup.procs"
    if cgroups.version() == 2:
        divides += f" && echo +memory > {TREE}/cgroup.subtree_control"
    container = box.begin("sh", "-c", f"{divides}; exec sleep 1000", **OWN)
    until(lambda: box.commands(container.id) == ["sleep 1000"], "it to be divided")
    done = box.execute(container.id, "echo", "hi")
    assert (done.code, done.out) == (0, "hi\n")
    assert (box.engine.cgroup(container.id) / "part").is_dir()


def test_nothing_is_hidden_where_system_paths_are_unconfined(box: Box) -> None:
    shown = "cat /proc/self/mountinfo"
    hidden = box.run("sh", "-c", shown).out
    opened = box.run("sh", "-c", shown, security_options=("systempaths=unconfined",))
    assert " /proc/sys " in hidden
    assert " /proc/sys " not in opened.out


@pytest.mark.parametrize(
    "option",
    [
        *("systempaths", "systempaths=on", "seccomp", "no-new-privileges=perhaps"),
        *("writable-cgroups", "writable-cgroups=maybe"),
    ],
)
def test_what_makes_no_sense_is_refused(box: Box, option: str) -> None:
    with pytest.raises(InvalidArgument, match="invalid --security-opt"):
        box.create("true", security_options=(option,))
