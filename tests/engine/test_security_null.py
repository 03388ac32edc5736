"""The machine's /dev/null stays as it is, whatever a container does with its own."""

import os
import stat
from collections.abc import Iterator

import pytest

from engine.errors import EngineError
from tests.engine.boxes import Box


@pytest.fixture(autouse=True)
def the_machines_null() -> Iterator[None]:
    """It is as it was after each test, and put right again if not."""
    before = os.stat("/dev/null")
    yield
    after = os.stat("/dev/null")
    os.chmod("/dev/null", stat.S_IMODE(before.st_mode))
    os.chown("/dev/null", before.st_uid, before.st_gid)
    assert (after.st_mode, after.st_uid) == (before.st_mode, before.st_uid)


def test_standard_input_is_the_containers_own_null_device(box: Box) -> None:
    box.run("sh", "-c", "chmod 600 /proc/self/fd/0; chown 5 /proc/self/fd/0")


def test_that_of_an_exec_is_the_containers_own_too(box: Box) -> None:
    name = box.begin().id
    box.execute(name, "sh", "-c", "chmod 600 /proc/self/fd/0")
    assert box.execute(name, "stat", "-c", "%a", "/dev/null").out == "600\n"


def test_a_hidden_file_is_hidden_by_the_containers_own_null_device(box: Box) -> None:
    box.run("sh", "-c", "chmod 600 /proc/keys /proc/interrupts /proc/timer_list")


def test_what_is_not_the_null_device_is_not_taken_for_it(box: Box) -> None:
    name = box.begin().id
    box.execute(name, "sh", "-c", "rm /dev/null; ln -s /etc/hosts /dev/null")
    with pytest.raises(EngineError, match="/dev/null"):
        box.execute(name, "true")
