"""Control groups: made, limited, frozen, emptied, removed."""

import os
import subprocess
from collections.abc import Iterator

import pytest

from engine.errors import SyscallError
from engine.kernel import cgroups, counters, freezer, group_files, limits
from engine.oci.resources import Resources

pytestmark = [pytest.mark.vm, pytest.mark.require("root")]


@pytest.fixture
def group() -> Iterator[str]:
    parent = f"labshell-test{os.getpid()}"
    cgroups.create(f"{parent}/box")
    yield f"{parent}/box"
    freezer.kill_all(f"{parent}/box")
    cgroups.remove(f"{parent}/box")
    cgroups.remove(parent)


def sleeper(group: str) -> subprocess.Popen[bytes]:
    """A process in the group."""
    return subprocess.Popen(["sleep", "1000"], preexec_fn=lambda: cgroups.join(group))


def test_a_group_is_there_in_every_tree_and_goes_from_all(group: str) -> None:
    assert all(path.is_dir() for path in cgroups.directories(group))
    assert cgroups.exists(group)
    assert not cgroups.exists(f"{group}-other")


def test_making_it_twice_is_making_it_once(group: str) -> None:
    cgroups.create(group)


def test_its_members_are_told_and_can_all_be_killed(group: str) -> None:
    processes = [sleeper(group) for _ in range(3)]
    assert set(cgroups.members(group)) == {process.pid for process in processes}
    freezer.kill_all(group)
    assert [process.wait(10) for process in processes] == [-9] * 3


def test_a_frozen_group_can_be_killed_too(group: str) -> None:
    process = sleeper(group)
    freezer.freeze(group)
    freezer.kill_all(group)
    assert process.wait(10) == -9


def test_a_frozen_process_does_nothing_until_it_is_thawed(group: str) -> None:
    process = subprocess.Popen(
        ["sh", "-c", "while read x; do echo $x; done"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        preexec_fn=lambda: cgroups.join(group),
    )
    assert process.stdin
    assert process.stdout
    process.stdin.write(b"one\n")
    process.stdin.flush()
    assert process.stdout.readline() == b"one\n"
    freezer.freeze(group)
    process.stdin.write(b"two\n")
    process.stdin.flush()
    os.set_blocking(process.stdout.fileno(), False)
    assert process.stdout.read() is None
    os.set_blocking(process.stdout.fileno(), True)
    freezer.thaw(group)
    assert process.stdout.readline() == b"two\n"
    process.communicate()


def test_a_group_with_processes_is_not_removed(group: str) -> None:
    process = sleeper(group)
    with pytest.raises(SyscallError) as caught:
        cgroups.remove(group)
    assert caught.value.name == "EBUSY"
    process.kill()
    process.wait()


def test_removing_what_is_not_there_is_no_error() -> None:
    cgroups.remove("labshell-nosuch/box")
    assert cgroups.members("labshell-nosuch/box") == []
    assert counters.memory_kills("labshell-nosuch/box") == 0


def test_no_limit_is_written_that_was_not_asked_for(group: str) -> None:
    place = cgroups.directory(group, "pids") / "pids.max"
    before = place.read_text()
    limits.limit(group, Resources())
    assert place.read_text() == before


def test_a_limit_that_the_kernel_does_not_take_is_an_error_that_names_it(
    group: str,
) -> None:
    with pytest.raises(SyscallError) as caught:
        group_files.write(cgroups.directory(group, "pids") / "pids.max", "many")
    assert "pids.max" in caught.value.message
