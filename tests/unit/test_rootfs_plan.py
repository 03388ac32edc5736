"""The plan of a root file system: what is done in it, in which order, without root."""

from pathlib import Path

import pytest

from engine.containers import specification
from engine.containers.binds import BoundPath
from engine.containers.options.asked import ContainerOptions
from engine.containers.users import Identity
from engine.errors import InvalidArgument
from engine.kernel import mount_flags
from engine.oci.image import ImageDefaults
from engine.oci.spec import SpecMount
from engine.runtime import rootfs, steps

ROOT = Identity(uid=0, gid=0, groups=(), home="/root")


def plan(bound: tuple[BoundPath, ...] = (), **options: object) -> list[steps.Step]:
    asked = ContainerOptions(**{"image": "x", "command": ("true",), **options})
    return rootfs.plan(
        specification.specification(
            asked, ImageDefaults(), ROOT, Path("/c"), "host", "g", bound, Path("/pin")
        )
    )


def told(**options: object) -> list[str]:
    return [step.describe() for step in plan(**options)]


def test_the_plan_reads_as_a_story() -> None:
    lines = told()
    assert lines[:4] == [
        "mount a new proc on /proc",
        "mount a new tmpfs on /dev",
        "mount a new devpts on /dev/pts",
        "mount a new sysfs on /sys",
    ]
    assert "show /c/hosts at /etc/hosts" in lines
    assert "make the device /dev/null (c 1:3)" in lines
    assert "make the link /dev/fd to /proc/self/fd" in lines
    assert "make /proc/sys read-only" in lines
    assert "hide /proc/kcore" in lines
    assert lines[-1] == "make the tree “/”"


def test_every_step_says_something_of_its_own() -> None:
    lines = told()
    assert all(lines)
    assert len(set(lines)) == len(lines)


def test_the_pivot_is_last_and_read_only_when_asked() -> None:
    assert told(read_only=True)[-1] == "make the tree “/”, read-only"


def test_devices_are_made_after_dev_is_mounted() -> None:
    lines = told()
    mounted = lines.index("mount a new tmpfs on /dev")
    made = [i for i, line in enumerate(lines) if line.startswith("make the device")]
    assert len(made) == 6
    assert min(made) > mounted


def test_paths_are_hidden_after_volumes_are_there() -> None:
    bound = (BoundPath(source=Path("/x"), destination="/data", read_only=True),)
    lines = told(bound=bound)
    shown = lines.index("show /x at /data, read-only")
    hidden = [i for i, line in enumerate(lines) if line.startswith("hide")]
    assert shown < min(hidden)


def test_privileged_hides_nothing_and_has_more_devices() -> None:
    lines = told(privileged=True)
    assert not any(line.startswith("hide") for line in lines)
    assert not any("read-only" in line for line in lines)
    assert sum(line.startswith("make the device") for line in lines) >= 6


def test_words_become_flags_and_the_rest_options() -> None:
    (shm,) = [s for s in plan() if getattr(s, "target", "") == "/dev/shm"]
    assert isinstance(shm, steps.FileSystem)
    assert (
        shm.flags
        == mount_flags.MS_NOSUID | mount_flags.MS_NODEV | mount_flags.MS_NOEXEC
    )
    assert shm.options == "mode=1777,size=67108864"


def test_a_bundle_that_asks_for_an_overlay_inside_is_refused() -> None:
    spec = specification.specification(
        ContainerOptions(image="x", command=("true",)),
        *(ImageDefaults(), ROOT, Path("/c"), "host", "g", (), Path("/pin")),
    )
    overlay = SpecMount(destination="/x", type="overlay", source="overlay")
    with pytest.raises(InvalidArgument, match="overlay"):
        rootfs.plan(replace_mounts(spec, (overlay,)))


def replace_mounts(spec, mounts_: tuple[SpecMount, ...]):
    return spec._replace(mounts=mounts_)
