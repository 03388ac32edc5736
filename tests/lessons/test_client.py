"""Docker's client in a lesson: the real one, or a stand-in that asks the same."""

import dataclasses
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.engine import Engine, Labd
from labshell.lessons import client, library, scene
from labshell.lessons.fields import LessonError
from labshell.lessons.lesson import Lesson
from labshell.lessons.lines import OwnBash, run_hidden

NAME = "daemon/who-starts-whom"


@pytest.fixture
def lesson() -> Lesson:
    return library.find(NAME)


@pytest.fixture
def server(engine: Engine, busybox: str) -> Iterator[str]:
    """A labd for the engine; its address."""
    labd = Labd.of(engine.root)
    labd.begin(engine.root, ("--trace",))
    yield f"unix://{labd.path}"
    if labd.find() is not None:
        labd.stop()


def test_only_a_lesson_that_says_so_has_a_client(lesson: Lesson) -> None:
    engine = Engine(Path("/nowhere/of/mine"))
    assert "DOCKER_HOST=unix:///run/labshell/" in client.prelude(engine, lesson)
    without = dataclasses.replace(lesson, docker=False)
    assert client.prelude(engine, without) == ""


def test_our_own_link_is_no_client(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "lab").write_text("#!/bin/sh\n")
    (tmp_path / "lab").chmod(0o755)
    (tmp_path / "docker").symlink_to("lab")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not client.is_installed()
    (tmp_path / "docker").unlink()
    (tmp_path / "docker").write_text("#!/bin/sh\n")
    (tmp_path / "docker").chmod(0o755)
    assert client.is_installed()


def test_all_of_it_is_taken_back(lesson: Lesson, no_docker: None) -> None:
    engine = Engine(Path("/nowhere/of/mine"))
    script = f"""
        DOCKER_HOST=before
        {client.prelude(engine, lesson)}
        test "$(type -t docker)" = function; test $DOCKER_HOST != before
        {client.FAREWELL}
        ! type -t docker; test $DOCKER_HOST = before
    """
    done = subprocess.run(["bash", "-e", "-c", script], env=os.environ.copy())
    assert done.returncode == 0


@pytest.mark.require("root", "overlay")
class TestTheStandIn:
    @pytest.fixture
    def asks(self, engine: Engine, lesson: Lesson, no_docker: None):
        def ask(line: str) -> tuple[int, str]:
            done = run_hidden(engine, line, client.prelude(engine, lesson))
            return done.code, done.output

        return ask

    def test_it_asks_labd(self, asks, engine: Engine, server: str) -> None:
        code, said = asks("docker run -d --name web busybox sleep 600")
        assert (code, said.strip()) == (0, engine.container("web").id)
        log = (engine.root / "labd.log").read_text()
        assert f"/containers/{said.strip()}/start" in log
        assert "web" in asks("docker ps")[1]
        assert "Server: labshell" in asks("docker version")[1]
        assert asks("docker stop web") == (0, "web\n")
        assert "web" not in asks("docker ps")[1]
        assert asks("docker run --name one busybox echo hello") == (0, "hello\n")
        line = "docker run --rm -v /:/x:ro busybox ls -d /x/proc"
        assert asks(line) == (0, "/x/proc\n")
        assert asks("docker rm -f web one") == (0, "web\none\n")
        assert engine.containers(all=True) == []

    def test_an_error_is_told_in_the_servers_words(self, asks, server: str) -> None:
        code, said = asks("docker stop nosuch")
        assert (code, "No such container: nosuch" in said) == (1, True)
        assert said.startswith("Error response from daemon: ")
        assert "Traceback" not in said

    def test_without_a_server_it_can_do_nothing(self, asks) -> None:
        code, said = asks("docker ps")
        assert code == 1
        assert said.startswith("Cannot connect to the Docker daemon at unix:///run/")

    @pytest.fixture
    def running(
        self, engine: Engine, lesson: Lesson, no_docker: None, server: str
    ) -> Iterator[subprocess.Popen[str]]:
        """A `docker run` that is being waited for; its container has said "up"."""
        line = "exec 2>&1; docker run --name web busybox sh -c 'echo up; sleep 600'"
        environment = {**os.environ, "LABSHELL_ROOT": str(engine.root)}
        with subprocess.Popen(
            ["bash", "-c", client.prelude(engine, lesson) + line],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == "up\n"
            yield child

    def test_a_server_that_is_killed_meanwhile_is_told_of(
        self, running: subprocess.Popen[str], engine: Engine
    ) -> None:
        labd = Labd.of(engine.root).find()
        assert labd is not None
        os.kill(labd.pid, signal.SIGKILL)
        said, _ = running.communicate(timeout=60)
        assert said.startswith("Cannot connect to the Docker daemon at unix:///run/")
        assert (len(said.splitlines()), running.returncode) == (1, 1)
        assert engine.container("web").running

    def test_an_interrupt_ends_it_without_a_word(
        self, running: subprocess.Popen[str], engine: Engine
    ) -> None:
        os.killpg(running.pid, signal.SIGINT)
        said, _ = running.communicate(timeout=60)
        assert said == ""
        assert engine.container("web").running

    def test_it_ends_as_the_container_does(self, asks, server: str) -> None:
        assert asks("docker run --rm busybox sh -c 'exit 3'") == (3, "")

    def test_without_its_library_it_says_what_to_install(
        self, engine: Engine, lesson: Lesson, no_docker: None, tmp_path: Path
    ) -> None:
        (tmp_path / "docker.py").write_text("raise ImportError")
        lines = client.prelude(engine, lesson)
        lines = lines.replace("PYTHONPATH=", f"PYTHONPATH={tmp_path}:")
        done = run_hidden(engine, "docker ps", lines)
        assert (done.code, "apt-get install" in done.output) == (1, True)
        assert "Traceback" not in done.output


@pytest.mark.require("root", "overlay")
def test_a_shell_that_was_prepared_stays_so(engine: Engine, lesson: Lesson) -> None:
    bash = OwnBash(engine)
    bash.prepare(client.prelude(engine, lesson))
    assert bash.expand("$DOCKER_HOST") == f"unix://{Labd.of(engine.root).path}"
    bash.prepare(client.FAREWELL)
    assert bash.expand("$DOCKER_HOST") == os.environ.get("DOCKER_HOST", "")


@pytest.mark.require("root", "overlay")
def test_only_a_server_that_came_with_the_lesson_goes_with_it(
    engine: Engine, server: str
) -> None:
    labd = Labd.of(engine.root)
    now = scene.inventory(engine)
    assert now.servers == [server]
    before = scene.inventory(engine)
    scene.clear(engine, scene.news(before, now), before)
    assert labd.find() is not None
    before.servers.clear()
    assert "labd" in scene.clear(engine, scene.news(before, now), before)
    assert labd.find() is None


def test_a_program_that_is_not_installed_is_named(lesson: Lesson) -> None:
    scene.ensure_programs(dataclasses.replace(lesson, programs=("sh",)))
    wanting = dataclasses.replace(lesson, programs=("sh", "no-such-program"))
    with pytest.raises(LessonError, match="needs no-such-program") as caught:
        scene.ensure_programs(wanting)
    assert "apt-get install no-such-program" in caught.value.hint
