"""The verbs for images and volumes."""

import io
import json
import os
import re
import tarfile
from pathlib import Path

import pytest

from tests.shell.lines import Lab


def a_tar(**files: str) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    return stream.getvalue()


def test_images_are_listed_by_name_and_tag(lab: Lab, busybox: str) -> None:
    header, row = lab("images").lines
    assert header.split() == "REPOSITORY TAG IMAGE ID CREATED SIZE".split()
    assert re.match(r"busybox +latest +[0-9a-f]{12} .* ago +[\d.]+MB$", row)
    identity = lab("images", "-q", "--no-trunc").lines[0]
    assert identity.startswith("sha256:")
    assert lab("image", "ls", "-q").lines == [identity[7:19]]
    (found,) = json.loads(lab("images", "--json").out)
    assert (found["id"], found["references"]) == (identity, ["busybox:latest"])


def test_images_may_be_picked_by_pattern(lab: Lab, busybox: str) -> None:
    lab("tag", "busybox", "mine:1")
    assert len(lab("images").lines) == 3
    assert len(lab("images", "mi*").lines) == 2
    assert len(lab("images", "mine:1").lines) == 2
    assert lab("images", "mine:2").lines[1:] == []


def test_a_name_is_given_and_taken_away(lab: Lab, busybox: str) -> None:
    assert lab("tag", "busybox", "mine:1").code == 0
    assert lab("rmi", "mine:1").lines == ["Untagged: mine:1"]
    assert lab("rmi", "mine:1").error == "No such image: mine:1"
    assert "must be lowercase" in lab("tag", "busybox", "BAD").error


def test_commit_makes_an_image_of_what_changed(lab: Lab) -> None:
    lab("run", "--name", "box", "busybox", "touch", "/new")
    line = ["commit", "-a", "Ada", "-m", "with new", "-c", 'CMD ["ls", "/new"]', "box"]
    identity = lab(*line, "mine:1").lines[0]
    assert lab("run", "--rm", "mine:1").out == "/new\n"
    assert lab("inspect", "-f", "{{.Id}} {{.Author}}", "mine:1").lines == [
        f"{identity} Ada"
    ]
    newest = lab("history", "mine:1").lines[1]
    assert newest.startswith(identity[7:19])
    assert newest.endswith("with new")


def test_commit_freezes_the_container_unless_told_not_to(lab: Lab) -> None:
    lab("run", "-d", "--name", "box", "busybox", "sleep", "100")
    assert lab("commit", "--pause=false", "box", "mine:1").code == 0
    assert lab("commit", "box").lines[0].startswith("sha256:")
    assert lab("inspect", "-f", "{{.State.Status}}", "box").out == "running\n"


@pytest.mark.parametrize("change", ["NONSENSE x", "ENV", "FROM x"])
def test_a_change_that_is_none_is_refused(lab: Lab, change: str) -> None:
    lab("create", "--name", "box", "busybox", "true")
    done = lab("commit", "-c", change, "box", "mine:1")
    assert done.code == 1
    assert done.error
    assert lab("images", "mine").lines[1:] == []


def test_history_shows_who_made_what(lab: Lab, busybox: str) -> None:
    header, *rows = lab("history", "busybox").lines
    assert header.split() == "IMAGE CREATED CREATED BY SIZE COMMENT".split()
    assert len(rows) == len(lab("history", "-q", "busybox").lines)
    assert len(json.loads(lab("history", "--json", "busybox").out)) == len(rows)


def test_a_tar_becomes_an_image(lab: Lab, tmp_path: Path) -> None:
    done = lab("import", "-m", "hello", "-", "mine:1", stdin=a_tar(x="1"))
    assert done.lines[0].startswith("sha256:")
    assert "hello" in lab("history", "mine:1").lines[1]
    file = tmp_path / "root.tar"
    file.write_bytes(a_tar(x="1"))
    assert lab("import", "-c", "ENV A=1", str(file), "mine:2").code == 0
    assert lab("inspect", "-f", "{{json .Config.Env}}", "mine:2").lines == ['["A=1"]']


@pytest.mark.parametrize("data", [b"no tar at all" * 100, a_tar(x="1" * 9000)[:2000]])
def test_what_is_no_tar_is_no_image(lab: Lab, data: bytes) -> None:
    done = lab("import", "-", "mine:1", stdin=data)
    assert done.code == 1
    assert done.error
    assert lab("images", "mine").lines[1:] == []


def test_a_tar_that_is_not_there_is_named(lab: Lab) -> None:
    done = lab("import", "/nosuch.tar", "mine")
    assert done.code == 1
    assert "/nosuch.tar" in done.error


def test_an_image_in_use_is_not_removed(lab: Lab) -> None:
    lab("create", "--name", "box", "busybox", "true")
    done = lab("rmi", "busybox")
    assert done.code == 1
    assert "conflict: unable to remove repository reference" in done.error


def test_a_root_file_system_is_assembled(lab: Lab, tmp_path: Path) -> None:
    done = lab("rootfs", "make", str(tmp_path / "r"), "sh")
    assert done.code == 0
    assert any(line.endswith("/sh") for line in done.lines)
    shell = next(Path(each) for each in done.out.split() if each.endswith("/sh"))
    assert shell.is_relative_to(tmp_path / "r")
    assert os.access(shell, os.X_OK)
    assert lab("rootfs", "make", str(tmp_path / "q"), "no-such-program").error


def test_of_many_files_a_directory_stands_for_all_below_it(
    lab: Lab, tmp_path: Path
) -> None:
    words = ["rootfs", "make", str(tmp_path / "r"), "sh", "python3"]
    files = json.loads(lab(*words, "--json").out)
    assert lab(*words, "-v").lines == files
    heading, *rows, last = lab(*words).lines
    assert heading.split() == ["FILES", "SIZE", "PATH"]
    assert len(rows) < 40 < len(files)
    assert sum(int(row.split()[0]) for row in rows) == len(files)
    assert last.startswith(f"{len(files)} files, ")


def test_volumes_are_made_listed_and_removed(lab: Lab) -> None:
    assert lab("volume", "create", "-l", "a=b", "data").lines == ["data"]
    assert lab("volume", "ls").lines[1].split() == ["local", "data"]
    assert lab("volume", "ls", "-q").lines == ["data"]
    (found,) = json.loads(lab("volume", "inspect", "data").out)
    assert (found["Name"], found["Labels"]) == ("data", {"a": "b"})
    assert lab("volume", "rm", "data").lines == ["data"]
    done = lab("volume", "rm", "data")
    assert (done.code, done.error) == (1, "get data: no such volume")
    assert lab("volume", "rm", "-f", "data").code == 0


def test_a_volume_without_a_name_gets_one(lab: Lab) -> None:
    assert re.fullmatch("[0-9a-f]{64}", lab("volume", "create").lines[0])


def test_a_volume_outlives_its_containers(lab: Lab) -> None:
    line = ["run", "--rm", "-v", "data:/d", "busybox"]
    assert lab(*line, "sh", "-c", "echo kept > /d/x").code == 0
    assert lab(*line, "cat", "/d/x").out == "kept\n"


def test_a_volume_in_use_is_not_removed(lab: Lab) -> None:
    lab("create", "--name", "box", "-v", "data:/d", "busybox")
    done = lab("volume", "rm", "data")
    assert done.code == 1
    assert "volume is in use" in done.error


def test_prune_asks_first_and_takes_only_yes(lab: Lab, busybox: str) -> None:
    lab("import", "-", "mine:1", stdin=a_tar(a="1"))
    lab("import", "-", "mine:1", stdin=a_tar(a="2"))
    for answer in (b"", b"n\n", b"\n", b"yes please\n"):
        done = lab("image", "prune", stdin=answer)
        assert done.lines[0] == "WARNING! This will remove all dangling images."
        assert done.out.endswith("[y/N] Total reclaimed space: 0B\n")
    deleted = lab("image", "prune", stdin=b"y\n").lines[2:]
    assert [line.partition(":")[0] for line in deleted[:2]] == ["deleted", "deleted"]
    assert deleted[2:] == ["", "Total reclaimed space: 1B"]


def test_prune_of_all_spares_what_a_container_uses(lab: Lab, busybox: str) -> None:
    lab("create", "busybox", "true")
    lab("import", "-", "mine:1", stdin=a_tar(a="1"))
    lab("image", "prune", "-a", "-f")
    assert [line.split()[0] for line in lab("images").lines[1:]] == ["busybox"]


def test_prune_filters_by_label_and_age(lab: Lab, busybox: str) -> None:
    lab("import", "-c", "LABEL a=1", "-", "mine:1", stdin=a_tar(a="1"))
    for fits in ("label=b", "label=a=2", "label!=a", "until=1h"):
        lab("image", "prune", "-a", "-f", "--filter", fits)
    assert lab("images", "mine").lines[1:]
    done = lab("image", "prune", "-a", "-f", "--filter", "label=a=1")
    assert done.lines[1] == "untagged: mine:1"


def test_prune_refuses_filters_that_are_none(lab: Lab) -> None:
    for text, words in (
        ("foo=1", "Invalid filter 'foo'"),
        ("foo", "invalid filter 'foo'"),
        ("until=xx", 'failed to parse value as time or duration: "xx"'),
    ):
        assert lab("image", "prune", "-f", "--filter", text).error == words
