"""What a mount must not do: cover the kernel's own files, or stay writable."""

import pytest

from engine.errors import EngineError
from tests.engine.boxes import Box


@pytest.mark.parametrize("place", ["/proc", "/proc/1", "/proc/sys/kernel"])
def test_a_volume_inside_proc_is_refused(box: Box, place: str) -> None:
    with pytest.raises(EngineError, match="inside /proc"):
        box.run("true", volumes=(place,))


def test_a_link_that_leads_into_proc_is_no_way_around(box: Box) -> None:
    image = box.image("detour", {"srv/link": b"/proc"})
    with pytest.raises(EngineError, match="inside /proc"):
        box.run("true", image=image, tmpfs=("/srv/link/sys",))


def test_a_read_only_bind_is_read_only_below_other_mounts_too(box: Box) -> None:
    done = box.run("touch", "/machine/shm/x", volumes=("/dev:/machine:ro",))
    assert "Read-only file system" in done.err


def test_the_working_directory_of_an_image_may_take_detours(box: Box) -> None:
    assert box.run("pwd", working_directory="/etc/../../tmp/./").out == "/tmp\n"


def test_a_host_name_that_the_kernel_cannot_take_is_refused_at_once(box: Box) -> None:
    with pytest.raises(EngineError, match="too long"):
        box.run("true", hostname="h" * 65)
