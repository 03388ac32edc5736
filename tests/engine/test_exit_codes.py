"""How a container ends, as a number."""

import os
import signal

import pytest

from engine.errors import EngineError, NotExecutable, ProgramNotFound
from tests.engine.boxes import OBEYS, Box


@pytest.mark.parametrize("code", [0, 1, 7, 125, 255])
def test_the_exit_status_is_the_programs_own(box: Box, code: int) -> None:
    assert box.run("sh", "-c", f"exit {code}").code == code


def test_a_program_ended_by_a_signal_from_outside_has_128_and_its_number(
    box: Box,
) -> None:
    container = box.begin()
    os.kill(container.state.pid, signal.SIGKILL)
    assert box.engine.wait(container.id) == 128 + signal.SIGKILL


def test_a_program_that_is_killed_has_137(box: Box) -> None:
    container = box.begin()
    box.engine.kill(container.id)
    assert box.engine.wait(container.id) == 137


def test_a_child_that_a_signal_ends_has_128_and_its_number_too(box: Box) -> None:
    assert box.run("sh", "-c", "sh -c 'kill -TERM $$'; exit $?").code == 143


def test_an_exec_ended_by_a_signal_has_143(box: Box) -> None:
    container = box.begin()
    assert box.execute(container.id, "sh", "-c", "kill -TERM $$").code == 143


def test_process_1_does_not_get_a_signal_that_it_does_not_handle(box: Box) -> None:
    done = box.run("sh", "-c", "kill -TERM $$; kill -KILL $$; echo alive")
    assert (done.code, done.out) == (0, "alive\n")


def test_a_handled_signal_ends_a_program_as_it_likes(box: Box) -> None:
    container = box.begin(*OBEYS)
    box.says(container.id, "ready")
    box.engine.stop(container.id)
    assert box.engine.wait(container.id) == 3


def test_a_program_that_is_not_there_is_127_and_the_container_stays_created(
    box: Box,
) -> None:
    container = box.create("nosuch")
    with pytest.raises(ProgramNotFound) as caught:
        box.engine.start(container.id)
    assert caught.value.exit_code == 127
    assert caught.value.message == 'exec: "nosuch": executable file not found in $PATH'
    assert caught.value.hint
    after = box.engine.container(container.id).state
    assert (after.status, after.exit_code, after.pid) == ("created", 127, 0)


@pytest.mark.parametrize(
    ("program", "why"),
    [
        ("/nosuch", "no such file or directory"),
        ("./nosuch", "no such file or directory"),
        ("/bin/nosuch/x", "no such file or directory"),
    ],
)
def test_a_path_that_is_not_there_is_127(box: Box, program: str, why: str) -> None:
    with pytest.raises(ProgramNotFound, match=why) as caught:
        box.run(program)
    assert caught.value.exit_code == 127


@pytest.mark.parametrize("program", ["/etc", "/etc/passwd", "/"])
def test_what_cannot_be_run_is_126(box: Box, program: str) -> None:
    with pytest.raises(NotExecutable, match="permission denied") as caught:
        box.run(program)
    assert caught.value.exit_code == 126
    assert caught.value.hint


def test_a_file_that_is_no_program_is_126(box: Box) -> None:
    image = box.image("mine", {"bin/noise": "this is no program\n"})
    with pytest.raises(NotExecutable, match=r"(?i)exec format error") as caught:
        box.run("noise", image=image)
    assert caught.value.exit_code == 126


def test_a_script_whose_interpreter_is_missing_is_127(box: Box) -> None:
    image = box.image("mine", {"bin/script": "#!/bin/nosuch\n"})
    with pytest.raises(ProgramNotFound, match="no such file") as caught:
        box.run("script", image=image)
    assert "interpreter" in caught.value.hint


def test_a_program_that_its_user_may_not_run_is_126(box: Box) -> None:
    def fill(upper):
        (upper / "bin").mkdir()
        (upper / "bin" / "mine").write_text("#!/bin/sh\n")
        (upper / "bin" / "mine").chmod(0o700)

    image = box.image_with("mine", fill)
    with pytest.raises(NotExecutable):
        box.run("mine", image=image, user="1000")
    assert box.run("mine", image=image).code == 0


def test_a_program_after_one_that_cannot_be_run_is_still_found(box: Box) -> None:
    image = box.image("mine", {"first/tool/x": "", "second/tool": "#!/bin/sh\nexit 5"})
    path = "PATH=/first:/second:/bin"
    assert box.run("tool", image=image, environment=(path,)).code == 5


def test_arguments_too_long_for_the_kernel_are_one_clear_error(box: Box) -> None:
    with pytest.raises(EngineError) as caught:
        box.run("echo", "x" * (1 << 18))
    assert "too long" in (caught.value.message + caught.value.hint).lower()


def test_a_container_that_could_not_start_can_be_started_again_later(box: Box) -> None:
    container = box.create("/run-me")
    with pytest.raises(ProgramNotFound):
        box.engine.start(container.id)
    program = container.directory / "upper" / "run-me"
    program.write_text("#!/bin/sh\nexit 4\n")
    program.chmod(0o755)
    box.engine.start(container.id)
    assert box.engine.wait(container.id) == 4
