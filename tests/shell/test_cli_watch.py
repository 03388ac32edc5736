"""`lab watch`: each picture, while containers come, write, and run out of memory."""

import json
import select
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any

from tests.shell.lines import Lab


@contextmanager
def watching(lab: Lab, *words: str) -> "Iterator[IO[bytes]]":
    """What `lab watch …` prints, until it is interrupted."""
    watcher = lab.begin("watch", *words)
    assert watcher.stdout is not None
    try:
        yield watcher.stdout
    finally:
        watcher.send_signal(signal.SIGINT)
        watcher.communicate(timeout=30)
    assert watcher.returncode == 0


def until(stdout: IO[bytes], reached: Callable[[Any], object]) -> Any:
    """The first state that is printed and in which this is so."""
    while not reached(state := json.loads(stdout.readline())):
        pass
    return state


def test_copy_ups_and_whiteouts_of_the_newest_container_appear(lab: Lab) -> None:
    with watching(lab, "layers", "--json") as states:
        until(states, lambda layers: layers == [])
        lab("run", "-d", "--name", "web", "busybox", "sleep", "1000")
        until(states, lambda layers: layers and layers[-1]["kind"] == "read-write")
        lab("exec", "web", "sh", "-c", "chmod 600 /etc/passwd; rm /etc/group")

        def both(layers: list[dict[str, Any]]) -> bool:
            found = [(one["kind"], one["path"]) for one in layers[-1]["changes"]]
            return {("C", "/etc/passwd"), ("D", "/etc/group")} <= set(found)

        until(states, both)


def test_the_mounts_that_come_are_marked_as_new(lab: Lab) -> None:
    with watching(lab, "mounts", "--json") as states:
        before = until(states, lambda _: True)
        assert not any(mount["new"] for mount in before)
        lab("run", "-d", "--name", "web", "busybox", "sleep", "1000")
        until(states, lambda now: any(m["new"] and m["inside"] for m in now))


def test_a_group_that_ran_out_of_memory_says_so(lab: Lab) -> None:
    script = "tail /dev/zero; sleep 1000"
    limits = ("-m", "16m", "--pids-limit", "20")
    lab("run", "-d", "--name", "hungry", *limits, "busybox", "sh", "-c", script)
    with watching(lab, "cgroup", "hungry", "--json") as states:
        (found,) = until(states, lambda groups: groups and groups[0]["killed"])
    assert found["memory_limit"] == 16 << 20
    assert found["memory_refused"] > 0
    assert found["pids_limit"] == 20
    with watching(lab, "cgroup", "--plain") as said:
        line = said.readline().decode()
    assert line.startswith("hungry: memory ")
    assert "1 process killed for want of it" in line


def test_acts_are_told_while_they_are_done_also_of_what_is_yet_to_come(
    lab: Lab,
) -> None:
    lab("run", "-d", "--name", "web", "busybox", "sleep", "1000")
    with watching(lab, "acts", "--json") as told:
        while not select.select([told], [], [], 0.1)[0]:
            lab("exec", "web", "true")  # until it listens
        lab("run", "-d", "--name", "other", "busybox", "sleep", "1000")
        until(told, lambda act: act["verb"] == "start")
        lab("rm", "-f", "other")
        until(told, lambda act: act["verb"] == "rm")


def test_the_acts_of_others_are_told_when_one_of_them_has_gone(lab: Lab) -> None:
    for name in ("first", "second"):
        lab("run", "-d", "--name", name, "busybox", "sleep", "1000")
    with watching(lab, "acts", "--json") as told:
        while not select.select([told], [], [], 0.1)[0]:
            lab("exec", "first", "true")  # until it listens
        lab("rm", "-f", "second")
        until(told, lambda act: act["verb"] == "rm")
        lab("pause", "first")
        until(told, lambda act: act["verb"] == "pause")
