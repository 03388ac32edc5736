"""Build: a step that fails, or never ends, and what it leaves."""

import contextlib
import os
import signal
import threading
import time

import pytest

from engine.engine import BuildOptions, ContainerOptions
from engine.errors import BuildFailed, EngineError, NotFound
from tests.engine.boxes import until
from tests.engine.builds import Builds, Heard

FAILS = "FROM busybox\nRUN touch /went-well\nRUN echo hi > /scene; exit 42\n"
ENDLESS = "FROM busybox\nRUN echo > /begun; sleep 1000\n"


def failure(builds: Builds, text: str, **options: object) -> BuildFailed:
    with pytest.raises(BuildFailed) as caught:
        builds.of(text, **options)
    return caught.value


def test_a_run_that_fails_gives_its_code_and_leaves_its_container(
    builds: Builds,
) -> None:
    error = failure(builds, FAILS)
    assert error.message == (
        "The command '/bin/sh -c echo hi > /scene; exit 42' returned a non-zero "
        "code: 42"
    )
    assert error.exit_code == 42
    assert "3 | RUN echo hi" in error.excerpt
    scene = builds.engine.scene()
    assert scene.name == error.scene
    assert [change.path for change in builds.engine.changes(scene.id)] == ["/scene"]
    assert len(builds.engine.containers(all=True)) == 1


def test_the_image_before_the_failure_stays_and_the_scene_can_be_run(
    builds: Builds,
) -> None:
    failure(builds, FAILS)
    scene = builds.engine.scene()
    image = builds.engine.commit(scene.id)
    assert {"went-well", "scene"} <= builds.tree(image).keys()


def test_with_force_rm_no_container_is_left(builds: Builds) -> None:
    failed = failure(builds, FAILS, force_remove=True)
    assert "lab scene" not in failed.hint
    assert not builds.engine.containers(all=True)
    with pytest.raises(NotFound):
        builds.engine.scene()


def test_a_step_that_takes_too_long_is_ended_and_nothing_of_it_is_committed(
    builds: Builds,
) -> None:
    began = time.monotonic()
    error = failure(builds, ENDLESS, step_timeout=1.5)
    assert time.monotonic() - began < 30
    assert "took longer than 1.5 seconds" in error.message
    assert error.exit_code == 1
    scene = builds.engine.scene()
    assert not scene.running
    assert [change.path for change in builds.engine.changes(scene.id)] == ["/begun"]
    made = [i for i in builds.engine.images(all=True) if i.parent]
    assert not made


def test_the_whole_build_has_a_limit_too(builds: Builds) -> None:
    assert "the build took" in failure(builds, ENDLESS, timeout=1.0).message


def test_the_limit_ends_a_copy_of_what_is_enormous(builds: Builds) -> None:
    text = "FROM busybox\nCOPY big /\n"
    os.truncate(builds.context(text, {"big": ""}) / "big", 1 << 40)
    error = failure(builds, text, timeout=0.5)
    assert error.message == "COPY failed: the build took longer than 0.5 seconds"
    assert "2 | COPY big /" in error.excerpt


def test_the_limit_ends_the_wait_for_a_context_that_does_not_come(
    builds: Builds,
) -> None:
    reading, writing = os.pipe()
    with open(reading, "rb", 0) as stream, open(writing, "wb", 0) as late:
        late.write(b"FROM busybox")
        with pytest.raises(BuildFailed, match=r"longer than 0\.2 seconds"):
            builds.engine.build(stream, BuildOptions(timeout=0.2), Heard())


def test_ctrl_c_ends_the_container_and_keeps_the_scene(builds: Builds) -> None:
    threading.Timer(1.5, os.kill, [os.getpid(), signal.SIGINT]).start()
    error = failure(builds, ENDLESS)
    assert error.exit_code == 130
    assert not builds.engine.scene().running


def test_while_a_step_lasts_others_may_remove_images(builds: Builds) -> None:
    other = builds.of("FROM busybox\nENV X=1", tags=("other",))
    error: list[EngineError] = []

    def build() -> None:
        place = str(builds.context("FROM busybox\nENV Y=2\nRUN sleep 987 || true"))
        try:
            builds.engine.build(place, BuildOptions(tags=("slow",)), Heard())
        except EngineError as failed:
            error.append(failed)

    thread = threading.Thread(target=build)
    thread.start()
    try:
        until(lambda: _has(builds, "ENV Y=2"), "the step before", seconds=20)
        builds.engine.remove_image(other.image.id, force=True)
        assert thread.is_alive()
    finally:
        _end(builds, "sleep 987")
        thread.join()
    assert not error
    assert builds.engine.image("slow")


def _end(builds: Builds, command: str) -> None:
    """Kill a program of a step, once it is there."""
    found: list[int] = []

    def is_there() -> bool:
        found[:] = [p.pid for p in builds.engine.processes() if p.command == command]
        return bool(found)

    until(is_there, command, seconds=20)
    os.kill(found[0], signal.SIGKILL)


def _has(builds: Builds, said: str) -> bool:
    images = builds.engine.images(all=True)
    return any(said in i.config.history[-1].created_by for i in images)


def test_prune_takes_away_what_failed_builds_left(builds: Builds) -> None:
    failure(builds, FAILS)
    builds.engine.prune_containers()
    builds.engine.prune_images()
    assert not builds.engine.containers(all=True)
    assert [i.references for i in builds.engine.images(all=True)] == [
        ("busybox:latest",)
    ]


def test_a_build_that_is_killed_leaves_no_image(builds: Builds) -> None:
    with contextlib.suppress(KeyboardInterrupt):

        class Dies(Heard):
            def begins(self, number: int, total: int, text: str) -> None:
                if number == 3:
                    raise KeyboardInterrupt

        place = str(builds.context("FROM busybox\nENV A=1\nENV B=2"))
        builds.engine.build(place, BuildOptions(tags=("mine",)), Dies())
    with pytest.raises(NotFound):
        builds.engine.image("mine")
    assert builds.engine.create(ContainerOptions(image="busybox"))
