"""`lab save`, `load`, `export`, `import`: what is printed, and what is refused."""

import os
import pty
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.saved import Saved, packed
from tests.shell.lines import Lab
from tests.tars import archive, regular


def on_a_terminal(lab: Lab, *words: str) -> str:
    """What a line prints when stdin and stdout are a terminal."""
    ours, theirs = pty.openpty()
    try:
        done = subprocess.run(
            lab.command(*words),
            stdin=theirs,
            stdout=theirs,
            stderr=subprocess.PIPE,
            check=False,
            timeout=60,
        )
    finally:
        os.close(ours)
        os.close(theirs)
    return done.stderr.decode()


def test_save_and_load_print_what_docker_prints(
    lab: Lab, busybox: str, tmp_path: Path
) -> None:
    lab("tag", "busybox", "mine:1")
    assert lab("save", "-o", str(tmp_path / "a.tar"), "busybox", "mine:1").out == ""
    assert lab("load", "-i", str(tmp_path / "a.tar")).lines == [
        "Loaded image: busybox:latest",
        "Loaded image: mine:1",
    ]


def test_a_load_that_refuses_what_a_save_is_writing_waits_for_nobody(
    lab: Lab, busybox: str
) -> None:
    """The save holds the store until all of it is read, or nobody reads any more."""
    save = lab.begin("save", busybox)
    assert save.stdout is not None
    without_its_head = ["sh", "-c", 'head -c 100 >/dev/null; exec "$@"', "sh"]
    with subprocess.Popen(
        [*without_its_head, *lab.command("load")],
        stdin=save.stdout,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as load:
        save.stdout.close()
        try:
            assert load.wait(timeout=60) == 1
            save.wait(timeout=60)
        finally:
            load.kill()
            save.kill()


def test_a_save_clears_what_killed_ones_of_the_same_file_have_left(
    lab: Lab, busybox: str, tmp_path: Path
) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    dead, alive = f".a.tar.{gone.pid}.0123abcd", f".a.tar.{os.getpid()}.0123abcd"
    others = {alive, f".b.tar.{gone.pid}.0123abcd", ".a.tar.notes"}
    for name in (dead, *others):
        (tmp_path / name).write_text("half")
    assert lab("save", "-o", str(tmp_path / "a.tar"), busybox).code == 0
    assert {path.name for path in tmp_path.iterdir()} - {"a.tar"} == others


def test_an_image_without_a_name_is_loaded_by_its_id(lab: Lab, busybox: str) -> None:
    data = packed(Saved().docker(tags=None))
    assert lab("load", "-q", stdin=data).lines == [f"Loaded image ID: {Saved().id}"]


def test_load_says_which_image_lost_its_name(lab: Lab, busybox: str) -> None:
    lab("tag", "busybox", "mine:1")
    (old,) = lab("images", "-q", "--no-trunc", "mine").lines
    assert lab("load", stdin=packed(Saved().docker())).lines == [
        "The image mine:1 already exists, renaming the old one with ID "
        f"{old} to empty string",
        "Loaded image: mine:1",
    ]


@pytest.mark.parametrize("line", [("save", "busybox"), ("export", "box")])
def test_an_archive_is_not_written_to_a_terminal(
    lab: Lab, busybox: str, line: tuple[str, str]
) -> None:
    lab("create", "--name", "box", "busybox", "true")
    assert (
        f"cowardly refusing to {line[0]} to a terminal. Use the -o flag or redirect"
        in on_a_terminal(lab, *line)
    )


def test_an_archive_is_not_read_from_a_terminal(lab: Lab, busybox: str) -> None:
    assert "requested load from stdin, but stdin is empty" in on_a_terminal(lab, "load")


def test_a_place_that_cannot_be_written_to_is_refused(
    lab: Lab, busybox: str, tmp_path: Path
) -> None:
    for place, words in (
        (tmp_path, "is a directory"),
        (tmp_path / "no" / "x", "does not exist"),
    ):
        done = lab("save", "-o", str(place), "busybox")
        assert words in done.error
        assert done.code == 1


def test_a_file_stays_when_its_image_is_not_there(lab: Lab, tmp_path: Path) -> None:
    file = tmp_path / "a.tar"
    file.write_text("precious")
    done = lab("save", "-o", str(file), "nosuch")
    assert done.error == "No such image: nosuch:latest"
    assert file.read_text() == "precious"
    assert list(tmp_path.iterdir()) == [file]


def test_a_device_is_written_to_and_not_replaced(lab: Lab, busybox: str) -> None:
    assert lab("save", "-o", "/dev/null", "busybox").code == 0
    assert Path("/dev/null").is_char_device()


def test_a_damaged_archive_says_so(lab: Lab, busybox: str) -> None:
    done = lab("load", stdin=packed(Saved().docker())[:5000])
    assert done.error == "unexpected EOF: the archive ends too early"
    assert done.hint
    assert done.code == 1


@pytest.mark.parametrize("line", [("load", "-i"), ("import",)])
def test_an_archive_that_is_not_there(lab: Lab, line: tuple[str, ...]) -> None:
    done = lab(*line, "nosuch.tar")
    assert done.error == "open nosuch.tar: no such file or directory"


def test_export_writes_a_tar(lab: Lab, busybox: str, tmp_path: Path) -> None:
    lab("create", "--name", "box", "busybox", "true")
    assert lab("export", "-o", str(tmp_path / "a.tar"), "box").code == 0
    with tarfile.open(tmp_path / "a.tar") as tar:
        assert "bin/busybox" in tar.getnames()


def test_import_does_not_fetch(lab: Lab, busybox: str) -> None:
    done = lab("import", "https://example.org/x.tar", "mine:1")
    assert "does not fetch" in done.error
    assert "curl" in done.hint


def test_import_takes_a_platform(lab: Lab, busybox: str) -> None:
    lab("import", "--platform", "linux/arm64", "-", "a:1", stdin=archive(regular("a")))
    assert lab("inspect", "-f", "{{.Os}}/{{.Architecture}}", "a:1").lines == [
        "linux/arm64"
    ]
