"""A terminal inside the container, and the student's own outside."""

import contextlib
import os
import signal
import threading
from collections.abc import Iterator

import pexpect
import pytest

from engine.engine import ExecOptions
from engine.errors import EngineError
from engine.kernel import terminal
from tests.engine.boxes import Box
from tests.shell.lines import Lab

QUIT = b"\x10\x11"


class Screen:
    """A terminal of the test's own, with a session on the other side of it."""

    def __init__(self, box: Box, *command: str, **options: object) -> None:
        self.engine = box.engine
        self.container = box.create(*command, tty=True, interactive=True, **options)
        self.session = box.engine.session(self.container.id, stdin=True)
        self.keyboard, self.plugged = os.openpty()
        terminal.set_size(self.keyboard, 33, 111)
        self.seen = b""
        self.status: int | None = None
        self.thread = threading.Thread(target=self._copy)

    def _copy(self) -> None:
        self.status = self.session.interact(self.plugged, self.plugged, self.plugged)

    def __enter__(self) -> "Screen":
        self.session.start()
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.thread.is_alive():
            with contextlib.suppress(EngineError):  # it ends by itself
                self.engine.kill(self.container.id)
        self.thread.join(10)
        self.session.close()
        os.close(self.keyboard)
        os.close(self.plugged)

    def type(self, keys: bytes) -> None:
        """Type something."""
        os.write(self.keyboard, keys)

    def shows(self, text: bytes) -> None:
        """Wait until the screen has shown this since it was asked last."""
        while text not in self.seen:
            self.seen += os.read(self.keyboard, 4096)
        self.seen = self.seen.partition(text)[2]

    def end(self) -> int | None:
        """Wait for the end of the session."""
        self.thread.join(20)
        return self.status


def test_the_program_has_a_terminal_that_is_a_file_in_the_container(box: Box) -> None:
    with Screen(box, "sh", "-c", "tty; ls /dev/pts; echo >/dev/console end") as screen:
        screen.shows(b"/dev/pts/0\r\n0     ptmx\r\nend\r\n")
        assert screen.end() == 0


def test_the_terminal_controls_the_session(box: Box) -> None:
    with Screen(box, "sh", "-c", "echo heard >/dev/tty; ps -o pid,tty,comm") as screen:
        screen.shows(b"heard\r\n")
        screen.shows(b"136,0")
        assert screen.end() == 0


def test_the_terminal_has_the_size_of_the_window(box: Box) -> None:
    with Screen(box, "sh", "-c", "read go; stty size") as screen:
        screen.type(b"go\r")
        screen.shows(b"33 111\r\n")


def test_the_terminal_has_that_size_from_the_first_moment(lab: Lab) -> None:
    for _ in range(5):
        with typed(lab, "run", "--rm", "-it", "busybox", "stty", "size") as it:
            it.expect("30 100")


def test_a_change_of_the_window_reaches_the_program(box: Box) -> None:
    script = "trap 'stty size' WINCH; echo ready; while :; do sleep 0.05; done"
    with Screen(box, "sh", "-c", script) as screen:
        screen.shows(b"ready")
        screen.session._connection.tell("resize", rows=50, columns=200)
        screen.shows(b"50 200\r\n")


def test_ctrl_c_is_a_byte_that_the_inner_terminal_turns_into_a_signal(
    box: Box,
) -> None:
    script = "trap 'echo caught; exit 9' INT; echo ready; while :; do sleep 0.05; done"
    with Screen(box, "sh", "-c", script) as screen:
        screen.shows(b"ready")
        screen.type(b"\x03")
        screen.shows(b"caught")
        assert screen.end() == 9


def test_the_outer_terminal_echoes_nothing_and_the_inner_one_does(box: Box) -> None:
    with Screen(box, "sh", "-c", "stty -echo; echo ready; read x; echo $x") as screen:
        screen.shows(b"ready\r\n")
        screen.type(b"secret\r")
        screen.shows(b"secret")  # once: what echo prints
        assert screen.end() == 0
        assert b"secret" not in screen.seen


def test_the_outer_terminal_is_as_before_afterwards(box: Box) -> None:
    import termios

    screen = Screen(box, "sh", "-c", "read x")
    before = termios.tcgetattr(screen.plugged)
    with screen:
        screen.type(b"\r")
        screen.end()
        assert termios.tcgetattr(screen.plugged) == before


def test_the_detach_keys_leave_the_program_running(box: Box) -> None:
    with Screen(box, "sh", "-c", "echo ready; read x; exit 4") as screen:
        screen.shows(b"ready")
        screen.type(QUIT[:1])
        screen.type(QUIT[1:])
        assert screen.end() == 0
    assert box.engine.container(screen.container.id).running


def test_the_first_detach_key_alone_still_reaches_the_program(box: Box) -> None:
    with Screen(
        box, "sh", "-c", "stty raw -echo; echo ready; dd bs=1 count=2 |od -tx1"
    ) as screen:
        screen.shows(b"ready")
        screen.type(b"\x10")
        screen.type(b"a")
        screen.shows(b"10 61")


def test_errors_come_through_the_terminal_too(box: Box) -> None:
    with Screen(box, "sh", "-c", "echo wrong >&2") as screen:
        screen.shows(b"wrong\r\n")


def test_a_terminal_of_a_plain_user_is_his(box: Box) -> None:
    with Screen(box, "sh", "-c", "stat -c %u:%g $(tty)", user="33") as screen:
        screen.shows(b"33:5\r\n")


def test_without_asking_there_is_no_terminal(box: Box) -> None:
    assert box.run("tty").out == "not a tty\n"
    assert box.run("sh", "-c", ": </dev/tty").code != 0


def test_exec_with_a_terminal_gets_one_of_its_own(box: Box) -> None:
    with Screen(box, "sh", "-c", "echo ready; read x") as screen:
        screen.shows(b"ready")
        options = ExecOptions(command=("tty",), tty=True, interactive=True)
        session = box.engine.execute(screen.container.id, options)
        with contextlib.closing(session):
            reading, writing = os.pipe()
            session.start()
            assert session.interact(None, writing, writing) == 0
            assert os.read(reading, 100) == b"/dev/pts/1\r\n"
            os.close(reading)
            os.close(writing)
        screen.type(b"\r")
        assert screen.end() == 0


@pytest.fixture
def lab(box: Box) -> Lab:
    return Lab(box.engine.root)


@contextlib.contextmanager
def typed(lab: Lab, *words: str) -> Iterator[pexpect.spawn]:
    """A line of `lab` in a terminal of 30 rows and 100 columns."""
    command = lab.command(*words)
    child = pexpect.spawn(command[0], command[1:], timeout=20, dimensions=(30, 100))
    try:
        yield child
    finally:
        child.close(force=True)


def test_a_real_window_that_is_resized_tells_the_program(lab: Lab) -> None:
    script = "trap 'stty size' WINCH; stty size; while :; do sleep 0.05; done"
    with typed(lab, "run", "-it", "--name", "box", "busybox", "sh", "-c", script) as it:
        it.expect("30 100")
        it.setwinsize(44, 155)
        it.expect("44 155")
        it.sendcontrol("p")
        it.sendcontrol("q")
        it.expect(pexpect.EOF)
    assert "box" in lab("ps").out


def test_closing_the_window_does_not_end_the_container(lab: Lab, box: Box) -> None:
    script = "echo ready; sleep 1000"
    with typed(lab, "run", "-it", "--name", "box", "busybox", "sh", "-c", script) as it:
        it.expect("ready")
        it.kill(signal.SIGKILL)
        it.wait()
    assert box.engine.container("box").running
