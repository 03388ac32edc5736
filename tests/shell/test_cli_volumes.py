"""Volumes and pruning, as somebody at a prompt meets them."""

from pathlib import Path

import pytest

from tests.shell.lines import Lab


def test_a_volume_is_made_used_and_removed(lab: Lab) -> None:
    assert lab("volume", "create", "-l", "a=b", "data").out == "data\n"
    assert lab("volume", "ls", "-q").lines == ["data"]
    done = lab("create", "--mount", "source=data,target=/d", "busybox", "true")
    identity = done.out.strip()
    done = lab("volume", "rm", "data", "nosuch")
    assert done.code == 1
    assert f"remove data: volume is in use - [{identity}]" in done.err
    assert "get nosuch: no such volume" in done.err
    assert lab("volume", "rm", "-f", "nosuch").code == 0
    assert lab("rm", identity).code == 0
    assert lab("volume", "rm", "data").out == "data\n"


def test_another_driver_than_local_is_refused(lab: Lab) -> None:
    assert lab("volume", "create", "-d", "nfs", "data").code == 125
    assert lab("volume", "ls", "-q").lines == []


def test_prune_asks_and_does_nothing_unless_the_answer_is_yes(lab: Lab) -> None:
    name = lab("volume", "create").out.strip()
    done = lab("volume", "prune", stdin=b"\n")
    assert done.code == 0
    assert done.lines[0].startswith("WARNING! This will remove anonymous local volumes")
    assert done.lines[1].startswith("Are you sure you want to continue? [y/N] ")
    assert lab("volume", "ls", "-q").lines == [name]
    done = lab("volume", "prune", stdin=b"y\n")
    assert done.lines[-3:] == [name, "", "Total reclaimed space: 0B"]
    assert lab("volume", "ls", "-q").lines == []


def test_containers_are_pruned_without_a_question_if_forced(lab: Lab) -> None:
    identity = lab("create", "busybox", "true").out.strip()
    done = lab("container", "prune", "-f", "--filter", "foo=1")
    assert (done.code, done.error) == (1, "Invalid filter 'foo'")
    done = lab("container", "prune", "-f")
    assert done.lines == ["Deleted Containers:", identity, "", done.lines[-1]]
    assert done.lines[-1].startswith("Total reclaimed space: ")


def test_a_source_that_begins_with_a_dot_is_below_this_directory(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "file").touch()
    monkeypatch.chdir(tmp_path)
    assert lab("run", "--rm", "-v", "./here:/x", "busybox", "ls", "/x").lines == [
        "file"
    ]
    done = lab("run", "--rm", "-v", "here/x:/x", "busybox", "ls", "/x")
    assert done.code == 125
    assert "includes invalid characters for a local volume name" in done.error


def test_what_makes_no_sense_after_mount_is_told_with_a_hint(lab: Lab) -> None:
    done = lab("run", "--rm", "--mount", "type=bind,target=/x", "busybox", "true")
    assert done.code == 125
    assert done.error.endswith("field Source must not be empty")
    assert done.hint


def test_volumes_from_mounts_what_another_container_has(lab: Lab) -> None:
    identity = lab("create", "-v", "/anon", "busybox", "true").out.strip()
    done = lab("run", "--rm", "--volumes-from", identity, "busybox", "touch", "/anon/x")
    assert done.code == 0
    assert len(lab("volume", "ls", "-q").lines) == 1
    assert lab("rm", "-v", identity).code == 0
    assert lab("volume", "ls", "-q").lines == []
