"""A child that is born in another pid namespace, and those that are not."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.errors import SyscallError
from engine.kernel import cgroups, limits, namespaces, process_table
from engine.oci.resources import Resources
from tests.engine.boxes import until
from tests.kernel.children import in_child

pytestmark = [pytest.mark.vm, pytest.mark.require("root")]


@pytest.fixture
def first() -> Iterator[int]:
    """Process 1 of a pid namespace of its own."""
    words = ["unshare", "--pid", "--fork", "--kill-child", "sleep", "1000"]
    with subprocess.Popen(words) as parent:
        until(lambda: process_table.children(parent.pid), "its child")
        (pid,) = process_table.children(parent.pid)
        yield pid
        parent.kill()


@pytest.fixture
def full() -> Iterator[str]:
    """A control group in which there is no room for a second process."""
    group = f"labshell-test{os.getpid()}"
    cgroups.create(group)
    limits.limit(group, Resources(pids=1))
    yield group
    cgroups.remove(group)


def stays_at_home() -> bool:
    """Whether the next child is born where we are."""
    own = Path("/proc/self/ns/pid").readlink()
    return Path("/proc/self/ns/pid_for_children").readlink() == own


def test_only_one_child_is_born_in_another_pid_namespace(first: int) -> None:
    def work() -> list[object]:
        child = namespaces.fork_inside(os.pidfd_open(first), first)
        if child == 0:
            os._exit(os.getpid())
        number = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        return [number, child == number, stays_at_home()]

    assert in_child(work) == [2, False, True]


def test_nor_are_later_ones_if_it_could_not_be_born(first: int, full: str) -> None:
    def work() -> list[object]:
        cgroups.join(full)
        with pytest.raises(SyscallError, match="fork"):
            namespaces.fork_inside(os.pidfd_open(first), first)
        return [stays_at_home()]

    assert in_child(work) == [True]
