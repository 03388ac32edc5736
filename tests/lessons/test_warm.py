"""A warm `lab` is the same to a script as one that is started for each line."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.engine import Engine
from labshell.lessons import lines
from labshell.lessons.lines import environment, run_hidden
from labshell.lessons.progress import Progress
from labshell.lessons.warm import Warm
from tests.engine.boxes import until


@pytest.fixture
def warm() -> Iterator[Warm]:
    made = Warm()
    yield made
    made.close()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = Engine(tmp_path / "root")
    yield made
    made.destroy()


@pytest.fixture(params=["warm", "cold"])
def said(request, engine, warm):
    """What a script prints, with a line for its exit code if that is not 0."""
    server = warm if request.param == "warm" else None

    def run(script: str) -> str:
        done = run_hidden(engine, script, warm=server)
        return done.output + (f"{done.code}\n" if done.code else "")

    return run


def server_of(warm: Warm) -> int:
    """The process of a warm `lab`, which is started now."""
    warm.variables(environment(Engine()))
    assert warm.pid is not None
    return warm.pid


def test_what_it_prints_goes_where_the_line_says(said, tmp_path):
    script = f"cd {tmp_path}; lab --version > here; wc -l < here; lab ps -q | wc -c"
    assert said(script) == "1\n0\n"


def test_it_ends_as_the_line_does(said):
    assert said("lab rm nowhere").endswith("\n1\n")
    assert "unknown option" in said("lab run --bogus || echo $?")
    assert "125\n" in said("lab run --bogus || echo $?")


def test_it_reads_what_it_is_given(said):
    nothing_yet = said("echo hunter2 | lab login -u me --password-stdin :1 || echo $?")
    assert "1\n" in nothing_yet
    assert "terminal" not in nothing_yet


def test_it_sees_the_variables_and_the_directory_of_the_line(said, tmp_path):
    progress = Progress(tmp_path / "mine")
    progress.save("commit/init-layer")
    said(f"cd {tmp_path}; LABSHELL_PROGRESS=$PWD/mine lab lesson export copy")
    assert json.loads((tmp_path / "copy").read_text())["seed"] == progress.seed


def test_words_are_not_changed(said):
    assert "No such container: two  words*" in said("lab rm 'two  words*'")


def test_several_lines_run_at_once(said):
    script = "for n in 1 2 3 4; do lab ps -q & done; wait; lab ps -q | lab ps -q | cat"
    assert said(script) == ""


def test_a_script_ends_with_the_line_that_fails(said):
    assert said("lab rm nowhere\nlab volume create never\n").endswith("\n1\n")
    assert said("lab volume ls -q") == ""


def test_a_line_that_may_fail_does_not_end_it(said):
    done = said("{ lab rm nowhere\n} || true\nlab volume create after\n")
    assert done.endswith("\nafter\n")


def test_what_follows_plain_lines_is_for_bash(said, tmp_path):
    plain = "lab volume create harbour\nlab volume ls -q\n"
    assert said(f"{plain}cd {tmp_path}; pwd") == f"harbour\nharbour\n{tmp_path}\n"


def test_a_line_that_is_killed_says_so(warm, engine):
    kill = f"until pkill -KILL -P {server_of(warm)}; do sleep 0.05; done"
    script = f"lab events & {kill}; wait $! || echo $?"
    done = run_hidden(engine, script, warm=warm)
    assert done.output == f"{128 + signal.SIGKILL}\n"


def test_a_line_that_takes_too_long_does_not_run_on(warm, engine, monkeypatch):
    monkeypatch.setattr(lines, "SECONDS", 0.2)
    done = run_hidden(engine, "lab events", warm=warm)
    assert done.last_words == "it took longer than 0.2 s"
    children = Path(f"/proc/{warm.pid}/task/{warm.pid}/children")
    until(lambda: not children.read_text().split(), "the line to end")


def test_without_its_server_a_line_runs_all_the_same(warm, engine):
    os.kill(server_of(warm), signal.SIGKILL)
    assert run_hidden(engine, "lab ps -q", warm=warm).code == 0


def test_the_server_ends_when_it_is_closed_and_leaves_nothing(warm):
    process = Path(f"/proc/{server_of(warm)}")
    place = Path(warm.variables({})["LAB_WARM"]).parent
    assert process.exists()
    assert place.exists()
    warm.close()
    assert not process.exists()
    assert not place.exists()


def test_the_server_ends_with_whoever_started_it(tmp_path):
    beginner = os.fork()
    if beginner == 0:
        warm = Warm()
        (tmp_path / "pid").write_text(str(server_of(warm)))
        os._exit(0)
    os.waitpid(beginner, 0)
    process = Path(f"/proc/{(tmp_path / 'pid').read_text()}")
    until(lambda: not process.exists(), "the server to end")
