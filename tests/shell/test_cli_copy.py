"""`lab cp` as somebody at a prompt meets it."""

import io
import os
import tarfile
from pathlib import Path

import pytest

from tests import tars
from tests.shell.lines import Lab


@pytest.fixture
def box(lab: Lab) -> str:
    lab("create", "--name", "box", "busybox", "sleep", "1000")
    return "box"


def test_a_file_goes_in_and_out_again(lab: Lab, box: str, tmp_path: Path) -> None:
    (tmp_path / "note").write_text("hello\n")
    done = lab("cp", str(tmp_path / "note"), "box:/tmp/")
    assert (done.code, done.out, done.err) == (0, "", "")
    done = lab("cp", "box:tmp/note", str(tmp_path / "back"))
    assert (done.code, done.out, done.err) == (0, "", "")
    assert (tmp_path / "back").read_text() == "hello\n"


def test_a_dash_is_a_tar_both_ways(lab: Lab, box: str) -> None:
    tar = tars.archive(tars.regular("motd", b"hello"))
    assert lab("cp", "-", "box:/etc", stdin=tar).code == 0
    line = lab.begin("cp", "box:/etc/motd", "-")
    packed, _ = line.communicate()
    with tarfile.open(fileobj=io.BytesIO(packed)) as found:
        file = found.extractfile("motd")
        assert file and file.read() == b"hello"


def test_nobody_reads_the_tar(lab: Lab, box: str) -> None:
    line = lab.begin("cp", "box:/", "-")
    assert line.stdout and line.stderr
    line.stdout.close()
    assert line.stderr.read() == b""
    assert line.wait() == 141


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("cp box:/etc box:/tmp", "copying between containers is not supported"),
        ("cp /etc/passwd /tmp", "must specify at least one container source"),
        ("cp - -", "must specify at least one container source"),
        ("cp box: /tmp", "bad parameter: path cannot be empty"),
        ("cp nosuch:/etc /tmp", "No such container: nosuch"),
        ("cp box:/nosuch /tmp", "Could not find the file /nosuch in container box"),
        ("cp box:/etc /nosuch/x", 'invalid output path: directory "/nosuch" does not'),
        ("cp box:/etc", "`lab cp` needs DESTINATION"),
        ("cp - box:/nosuch", 'destination "box:/nosuch" must be a directory'),
    ],
)
def test_a_refusal_is_in_dockers_words(
    lab: Lab, box: str, line: str, message: str
) -> None:
    done = lab(*line.split())
    assert message in done.error
    assert done.hint
    assert done.code == 1


def test_a_path_with_a_colon_begins_with_a_dot_or_a_slash(
    lab: Lab, box: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a:b").write_text("text")
    assert (
        lab("cp", "a:b", "box:/tmp").error
        == "copying between containers is not supported"
    )
    assert lab("cp", "./a:b", "box:/tmp").code == 0
    assert lab("cp", "box:/tmp/a:b", "./c:d").code == 0
    assert sorted(os.listdir()) == ["a:b", "c:d"]
