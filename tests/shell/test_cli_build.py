"""`lab build` and `lab scene`: what is printed, and the exit codes."""

import io
import re
import signal
import subprocess
import tarfile
import time
from pathlib import Path

import pytest

from engine.engine import Engine
from tests.shell.lines import Lab

PLAIN = b'FROM busybox\nRUN echo hi > /x\nCMD ["cat", "/x"]\n'


@pytest.fixture
def context(tmp_path: Path, busybox: str) -> Path:
    """A directory with a Dockerfile and a file."""
    place = tmp_path / "context"
    place.mkdir()
    (place / "Dockerfile").write_bytes(b"FROM busybox\nCOPY f /f\nRUN cat /f\n")
    (place / "f").write_text("of the context\n")
    return place


def test_a_build_prints_dockers_lines_and_a_table(lab: Lab, context: Path) -> None:
    done = lab("build", "-t", "mine", str(context))
    assert done.code == 0, done.err
    assert done.lines[0] == "Step 1/3 : FROM busybox"
    assert "of the context" in done.lines
    assert any(line.startswith(" ---> Running in ") for line in done.lines)
    assert done.lines[-2].startswith("Successfully built ")
    assert done.lines[-1] == "Successfully tagged mine:latest"
    assert done.err.splitlines()[0].split() == [
        *("STEP", "INSTRUCTION", "CACHE", "SECONDS", "SIZE"),
    ]
    again = lab("build", "--explain", str(context))
    assert again.out.count(" ---> Using cache") == 2
    assert "cached: the same step on the same image" in again.out


def test_quiet_prints_the_id_only_and_iidfile_has_it(
    lab: Lab, engine: Engine, context: Path, tmp_path: Path
) -> None:
    file = tmp_path / "id"
    done = lab("build", "-q", "--iidfile", str(file), str(context))
    assert done.out.strip() == file.read_text() == engine.images()[0].id
    assert done.err == ""


def test_a_dockerfile_or_a_tar_comes_from_a_pipe(
    lab: Lab, busybox: str, context: Path
) -> None:
    assert lab("build", "-q", "-t", "one", "-", stdin=PLAIN).code == 0
    assert lab("run", "--rm", "one").out == "hi\n"
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        tar.add(context, ".")
    assert "of the context" in lab("build", "-", stdin=archive.getvalue()).out
    done = lab("build", "-f", "-", str(context), stdin=b"FROM scratch\nCOPY f /g\n")
    assert done.code == 0, done.err


def test_a_failed_run_gives_its_code_and_a_shell_in_the_scene(
    lab: Lab, engine: Engine, busybox: str
) -> None:
    text = b"FROM busybox\nENV WHO=me\nRUN echo left > /here; exit 42\n"
    done = lab("build", "-", stdin=text)
    assert done.code == 42
    assert done.error == (
        "The command '/bin/sh -c echo left > /here; exit 42' returned a non-zero "
        "code: 42"
    )
    assert "3 | RUN echo left" in done.err
    assert "lab scene" in done.hint
    images = len(engine.images(all=True))
    shell = lab("scene", stdin=b"cat /here; echo $WHO; exit 3\n")
    assert (shell.out, shell.code) == ("left\nme\n", 3)
    assert len(engine.images(all=True)) == images
    assert len(engine.containers(all=True)) == 1
    assert lab("system", "prune", "-f").code == 0
    assert lab("scene").error == "no failed step of a build has left a container"


def test_a_build_that_is_interrupted_ends_its_container(
    lab: Lab, engine: Engine, busybox: str
) -> None:
    for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 130)):
        line = lab.begin("build", "-")
        assert line.stdin is not None
        line.stdin.write(b"FROM busybox\nRUN sleep 1000\n")
        line.stdin.close()
        line.stdin = None
        until = time.monotonic() + 30
        while not engine.containers() and time.monotonic() < until:
            time.sleep(0.02)
        line.send_signal(number)
        _, err = line.communicate(timeout=30)
        assert line.returncode == code
        assert b"was stopped: interrupted" in err
        assert not engine.containers()


def test_explain_shows_the_six_parts_of_a_run_and_what_is_done_in_each(
    lab: Lab, busybox: str
) -> None:
    text = b"FROM busybox\nRUN echo hi > /x\nRUN exit 3\n"
    done = lab("build", "--explain=mounts,layers", "-", stdin=text)
    assert done.code == 3
    parts = re.findall(r"^━━ (\d \w+): ", done.err, re.MULTILINE)
    first = ["1 container", "2 command", "3 changes", "4 wait", "5 status"]
    assert parts == [*first, "6 commit", *first]
    command, commit = done.err.split("━━ 2 command")[1].split("━━ 6 commit")
    assert "mount -t overlay" in command.partition("━━ 3 changes")[0]
    assert "umount -l $ROOTFS" in done.err  # the shim's: at its leisure
    assert "/upper . > blob" in commit.partition("━━")[0]
    assert "━━ 5 status: 3: the build has failed" in done.err
    assert "not cached: nothing of this kind" in done.out
    assert "hostname" not in done.err


def test_a_report_is_a_page_that_loads_nothing(
    lab: Lab, context: Path, tmp_path: Path
) -> None:
    page = tmp_path / "build.html"
    assert lab("build", "--report", str(page), str(context)).code == 0
    text = page.read_text()
    assert "COPY f /f" in text
    assert not {"src=", "<script", "http"} & {*text.replace(">", " ").split()}
    (again, second) = (tmp_path / "again.html", lab("build", str(context)))
    assert re.search(r"2/3 +COPY f /f +cached +\d\.\d\d +15B", second.err)
    assert lab("build", "--report", str(again), str(context)).code == 0
    layer = re.compile(r'<div class="layer".*?</div>', re.DOTALL)
    assert layer.findall(again.read_text()) == layer.findall(text) != []


def test_a_report_of_a_build_that_failed_shows_the_step(
    lab: Lab, busybox: str, tmp_path: Path
) -> None:
    page = tmp_path / "build.html"
    text = b"FROM busybox\nRUN echo hi > /x\nRUN exit 7\n"
    assert lab("build", "--force-rm", "--report", str(page), "-", stdin=text).code == 7
    written = page.read_text()
    assert "<h1>The build failed</h1>" in written
    assert re.search('<tr class="failed"><td>3/3</td>.*non-zero code: 7', written)
    assert written.count('<div class="layer"') == 1


def test_where_nothing_can_be_written_is_said_before_the_first_step(
    lab: Lab, tmp_path: Path
) -> None:
    for option in ("--report", "--iidfile"):
        for place in (tmp_path / "no" / "x", tmp_path):
            done = lab("build", option, str(place), "-", stdin=PLAIN)
            assert (done.code, done.out) == (125, "")
            assert f"invalid value for {option}: " in done.error


def test_rich_is_a_line_a_step_with_what_run_prints_and_the_result(
    lab: Lab, context: Path
) -> None:
    done = lab("build", "--progress", "rich", "-t", "mine", str(context))
    assert (done.code, done.out) == (0, "")
    steps = [line.split()[:3] for line in done.err.splitlines() if line[1:2] == "+"]
    assert steps == [["+", f"{number}/3", name] for number, name in (
        (1, "FROM"), (2, "COPY"), (3, "RUN"),
    )]  # fmt: skip
    assert "      of the context" in done.err.splitlines()
    assert "Successfully built " in done.err


WRONG = {
    b"RUNN x\n": (1, "Dockerfile:1: unknown instruction: RUNN"),
    b"\x00\xff\x7fELF": (1, "not a text"),
    b"FROM busybox AS a\nCOPY --from=nosuch /x /\n": (1, "No such image: nosuch"),
    b"FROM nosuch\n": (1, "No such image: nosuch:latest"),
    b"FROM scratch\n": (1, "No image was generated. Is your Dockerfile empty?"),
    b"FROM busybox\nCOPY f /\n": (1, "file not found in build context"),
    b"FROM scratch\nRUN x\n": (1, "there is nothing to run"),
    b"FROM --platform=linux/s390x busybox\n": (1, "this machine is linux/"),
}


@pytest.mark.parametrize("text", WRONG)
def test_what_is_wrong_with_a_dockerfile_is_said_and_nothing_is_left(
    lab: Lab, engine: Engine, busybox: str, text: bytes
) -> None:
    done = lab("build", "-", stdin=text)
    code, words = WRONG[text]
    assert done.code == code
    assert words in done.error
    assert "Traceback" not in done.err
    assert not engine.containers(all=True)


def test_what_is_wrong_with_the_line_is_said(
    lab: Lab, context: Path, tmp_path: Path
) -> None:
    assert "not found" in lab("build", str(tmp_path / "nosuch")).error
    assert "must be a directory" in lab("build", str(context / "f")).error
    assert "no such file" in lab("build", "-f", "nosuch", str(context)).error
    assert "not a regular file" in lab("build", "-f", "/dev/null", str(context)).error
    assert "can't use stdin for both" in lab("build", "-f", "-", "-").error
    assert (
        "failed to reach build target x"
        in lab("build", "--target", "x", str(context)).error
    )
    (context / "Dockerfile").write_text("FROM busybox\n")  # nothing is run
    for option in (
        *("-t UPPER", "--timeout soon", "--ulimit x", "--add-host bad"),
        *("--build-arg =x", "--security-opt x", "--cap-add x"),
    ):
        done = lab("build", *option.split(), str(context))
        assert (done.code, done.out, "Error: " in done.err) == (125, "", True), option
    for epoch in ("soon", "-1", "1e9", "9" * 12, "9" * 5000, "\uff11"):
        done = lab("build", str(context), env={"SOURCE_DATE_EPOCH": epoch})
        assert (done.code, "SOURCE_DATE_EPOCH is no number" in done.error) == (
            125,
            True,
        )
    (context / "Dockerfile").write_text("")
    assert "cannot be empty" in lab("build", str(context)).error


def test_a_dockerfile_without_a_context_is_told_so(lab: Lab, busybox: str) -> None:
    done = lab("build", "-", stdin=b"FROM busybox\nCOPY f /\n")
    assert "There is no context" in done.hint and "lab build -f - ." in done.hint


def test_a_run_that_cannot_start_leaves_no_container(
    lab: Lab, engine: Engine, busybox: str
) -> None:
    done = lab("build", "-", stdin=b'FROM busybox\nRUN ["/nosuch"]\n')
    assert "no such file or directory" in done.error
    assert not engine.containers(all=True)


def test_a_dockerfile_that_never_comes_is_not_waited_for(
    lab: Lab, tmp_path: Path
) -> None:
    command = lab.command("build", "--timeout", "1s", "-f", "-", str(tmp_path))
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as waiting:
        assert waiting.stderr
        assert "the build took longer than 1 second\n" in waiting.stderr.read()


def test_the_help_of_a_build_is_wrapped_once(lab: Lab) -> None:
    assert not re.search(
        r"\S {4,}\S",
        lab("build", "--help").out.split("--explain [")[1].split("--help")[0],
    )
