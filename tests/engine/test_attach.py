"""Attaching to what runs: who sees, who types, who leaves, who is refused."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

from engine import events
from engine.errors import EngineError, InvalidState
from tests.engine.boxes import Box, follow, until
from tests.engine.test_terminal import typed
from tests.shell.lines import Lab

ECHOES = ("sh", "-c", "while read line; do echo got $line; done; exit 6")
TALKS = "i=0; while :; do echo tick $i; i=$((i+1)); sleep 0.1; done"


@pytest.fixture
def lab(box: Box) -> Lab:
    return Lab(box.engine.root)


@pytest.fixture
def shell(box: Box) -> Iterator[str]:
    """A shell at a terminal, in the background."""
    box.begin("sh", name="box", interactive=True, tty=True, detached=True)
    yield "box"


def test_the_exit_code_is_the_containers(box: Box) -> None:
    box.begin(*ECHOES, name="box", interactive=True)
    done = follow(box.engine.attach("box", stdin=True), b"one\ntwo\n")
    assert (done.code, done.out) == (6, "got one\ngot two\n")


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ("created", "You cannot attach to a stopped container, start it first"),
        ("exited", "You cannot attach to a stopped container, start it first"),
        ("paused", "You cannot attach to a paused container, unpause it first"),
    ],
)
def test_only_to_what_runs(box: Box, condition: str, words: str) -> None:
    box.create("sleep", "1000", name="box")
    if condition != "created":
        box.engine.start("box")
    if condition == "exited":
        box.engine.kill("box")
    if condition == "paused":
        box.engine.pause("box")
    with pytest.raises(InvalidState) as refused:
        box.engine.attach("box")
    assert refused.value.message == words
    assert refused.value.hint


def test_the_end_of_our_input_does_not_end_what_runs_in_the_background(
    box: Box, lab: Lab
) -> None:
    lab("run", "-di", "--name", "box", "busybox", *ECHOES)
    line = lab.begin("attach", "box")
    assert line.stdin and line.stdout
    line.stdin.write(b"one\n")
    line.stdin.close()
    assert line.stdout.readline() == b"got one\n"
    assert box.engine.container("box").running
    line.send_signal(signal.SIGKILL)
    line.wait()
    line.stdout.close()
    second = follow_line(box, b"two\n")
    assert second == b"got two\n"


def follow_line(box: Box, line: bytes) -> bytes:
    """Type a line in one more session, and read one from it."""
    session = box.engine.attach("box", stdin=True)
    reading, writing = os.pipe()
    try:
        session.start()
        session._connection.socket.send(b"0" + line)
        while True:
            kind, payload = session._connection.receive()
            if kind == b"1":
                return payload
    finally:
        session.close()
        os.close(reading)
        os.close(writing)


def attached(box: Box) -> int:
    """How many sessions have been attached to the container `box`."""
    identity = box.engine.container("box").id
    text = events.path(box.engine.root).read_text()
    told = [json.loads(line) for line in text.splitlines()]
    acts = [e["Action"] for e in told if e["Actor"]["ID"] == identity]
    return acts.count("attach")


def test_several_see_the_same_and_type_into_the_same(
    box: Box, lab: Lab, shell: str
) -> None:
    with typed(lab, "attach", shell) as one, typed(lab, "attach", shell) as other:
        until(lambda: attached(box) == 2, "both of them")
        one.send("echo from-$((40+2))\r")
        one.expect("from-42")
        other.expect("from-42")
        other.send("exit 5\r")
        one.expect(pexpect.EOF)
        other.expect(pexpect.EOF)
        assert (one.wait(), other.wait()) == (5, 5)


def test_who_only_watches_types_nothing(box: Box, lab: Lab, shell: str) -> None:
    look = ("attach", "--no-stdin", shell)
    with typed(lab, *look) as watching, typed(lab, "attach", shell) as typing:
        until(lambda: attached(box) == 2, "both of them")
        watching.send("exit\r")
        typing.send("echo still-$((40+2))\r")
        watching.expect("still-42")
        typing.expect("still-42")
    assert box.engine.container(shell).running


@pytest.mark.parametrize(
    ("words", "keys"),
    [
        (("attach",), "\x10\x11"),
        (("attach", "--detach-keys", "ctrl-x,y"), "\x18y"),
        (("exec", "-it", "--detach-keys", "ctrl-]"), "\x1d"),
    ],
)
def test_the_detach_keys_leave_with_dockers_words_and_code(
    box: Box, lab: Lab, shell: str, words: tuple[str, ...], keys: str
) -> None:
    command = ["sh"] if words[0] == "exec" else []
    with typed(lab, *words, shell, *command) as it:
        it.expect("# ")
        it.send(keys)
        it.expect("read escape sequence")
        it.expect(pexpect.EOF)
        assert it.wait() == 1
    assert box.engine.container(shell).running


@pytest.mark.parametrize("words", [("run", "-it", "busybox"), ("start", "-ai", "box")])
def test_run_and_start_are_left_without_a_word(
    box: Box, lab: Lab, words: tuple[str, ...]
) -> None:
    box.create("sh", name="box", interactive=True, tty=True)
    with typed(lab, words[0], "--detach-keys", "ctrl-x", *words[1:]) as it:
        it.expect("# ")
        it.send("\x18")
        it.expect(pexpect.EOF)
        assert b"escape" not in it.before
        assert it.wait() == 0


def test_keys_that_are_none_are_refused_before_anything_runs(
    box: Box, lab: Lab, shell: str
) -> None:
    for line in (
        "attach --detach-keys bogus box",
        "start -a --detach-keys bogus box",
        "run --name new --detach-keys bogus busybox true",
    ):
        done = lab(*line.split())
        assert done.error == "Invalid detach keys (bogus) provided"
        assert done.code == 1
    assert box.engine.container("new").state.status == "created"
    for line in ("exec --detach-keys a, box true", "exec -d --detach-keys a, box true"):
        done = lab(*line.split())
        assert (done.error, done.code) == ("Invalid escape keys (a,) provided", 1)


def test_signals_go_to_process_1_unless_they_are_not_to(box: Box, lab: Lab) -> None:
    script = f"trap 'echo caught; exit 9' INT USR1; {TALKS}"
    box.begin("sh", "-c", script, name="box")
    alone = lab.begin("attach", "--sig-proxy=false", "box")
    assert alone.stdout and alone.stdout.readline()
    alone.send_signal(signal.SIGINT)
    alone.communicate()
    assert alone.returncode == 130
    assert box.engine.container("box").running
    passing = lab.begin("attach", "box")
    assert passing.stdout and passing.stdout.readline()
    passing.send_signal(signal.SIGUSR1)
    out, _ = passing.communicate()
    assert passing.returncode == 9
    assert b"caught" in out


def test_an_interrupted_exec_leaves_process_1_and_its_own_alone(
    box: Box, lab: Lab
) -> None:
    script = "trap 'exit 9' INT; while :; do sleep 0.05; done"
    box.begin("sh", "-c", script, name="box")
    line = lab.begin("exec", "box", "sh", "-c", "echo here; sleep 1000")
    assert line.stdout and line.stdout.readline() == b"here\n"
    line.send_signal(signal.SIGINT)
    line.communicate()
    assert line.returncode == 130
    assert "sleep 1000" in box.execute("box", "ps").out
    assert box.engine.container("box").running


@pytest.mark.parametrize(
    ("streams", "out", "err"),
    [
        (("stdout",), "out\n", ""),
        (("stderr",), "", "err\n"),
        (("stdout", "STDERR"), "out\n", "err\n"),
    ],
)
def test_run_shows_only_the_streams_that_are_asked_for(
    lab: Lab, streams: tuple[str, ...], out: str, err: str
) -> None:
    options = [word for stream in streams for word in ("-a", stream)]
    script = "echo out; echo err >&2; exit 3"
    done = lab("run", "--rm", *options, "busybox", "sh", "-c", script)
    assert (done.code, done.out, done.err) == (3, out, err)


def test_run_attached_to_input_alone_prints_the_id_and_leaves(
    box: Box, lab: Lab
) -> None:
    done = lab("run", "-i", "-a", "stdin", "busybox", "cat", stdin=b"typed")
    identity = done.lines[0]
    assert (done.code, len(identity)) == (0, 64)
    assert box.engine.wait(identity) == 0
    assert [e.data for e in box.engine.logs(identity)] == [b"typed"]


def test_streams_and_the_background_exclude_each_other(lab: Lab) -> None:
    done = lab("run", "-d", "-a", "stdout", "busybox", "true")
    assert (done.error, done.code) == ("Conflicting options: -a and -d", 1)
    assert lab("ps", "-aq").out == ""
    done = lab("run", "-a", "bogus", "busybox", "true")
    assert "valid streams are STDIN, STDOUT and STDERR" in done.error
    assert done.code == 125


def test_what_was_attached_is_in_inspect(lab: Lab) -> None:
    def seen(*words: str) -> list[bool]:
        identity = lab("create", *words, "busybox", "true").lines[0]
        config = json.loads(lab("inspect", identity).out)[0]["Config"]
        names = ("AttachStdin", "AttachStdout", "AttachStderr", "StdinOnce")
        return [config[name] for name in names]

    assert seen() == [False, True, True, False]
    assert seen("-i") == [True, True, True, True]
    assert seen("-a", "stderr") == [False, False, True, False]


def test_a_terminal_that_nobody_has_open_is_still_listened_to(box: Box) -> None:
    """The program has closed it; what it prints to it later is not lost."""
    script = "exec <&- >&- 2>&-; sleep 0.3; echo later > /dev/console; sleep 1000"
    box.begin("sh", "-c", script, name="box", tty=True)
    box.says("box", "later")


def test_a_shim_does_not_spin_over_a_terminal_that_nobody_has_open(box: Box) -> None:
    script = "exec <&- >&- 2>&-; sleep 1000"
    container = box.begin("sh", "-c", script, name="box", tty=True)

    def spent() -> float:
        stat = Path(f"/proc/{container.state.shim_pid}/stat").read_text()
        fields = stat.rpartition(")")[2].split()
        return sum(map(int, fields[11:13]))

    until(lambda: box.execute("box", "pidof", "sleep").code == 0, "the end of closing")
    before = spent()
    box.execute("box", "sleep", "0.5")
    assert spent() - before < 10  # hundredths of a second


def test_attaching_to_nothing_is_refused(box: Box) -> None:
    with pytest.raises(EngineError, match="No such container: nosuch"):
        box.engine.attach("nosuch")


def test_exec_has_a_terminal_of_the_size_of_the_window(lab: Lab, box: Box) -> None:
    box.begin(name="box")
    with typed(lab, "exec", "-it", "box", "stty", "size") as it:
        it.expect("30 100")


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        ("box nosuch", 126, 'exec: "nosuch": executable file not found in $PATH'),
        ("-d box nosuch", 1, 'exec: "nosuch": executable file not found in $PATH'),
        ("box /etc", 126, 'exec: "/etc": permission denied'),
        ("-w /nosuch box true", 126, 'chdir to cwd ("/nosuch")'),
        ("-w here box true", 126, "Cwd must be an absolute path"),
        ("-d -w here box true", 1, "Cwd must be an absolute path"),
        ("-u nosuch box true", 126, "unable to find user nosuch"),
        ("-d -u nosuch box true", 1, "unable to find user nosuch"),
        ("gone true", 1, "is not running"),
        ("held true", 1, "Container held is paused, unpause the container before exec"),
    ],
)
def test_an_exec_that_fails_has_dockers_code(
    lab: Lab, box: Box, options: str, code: int, words: str
) -> None:
    for name in ("box", "held"):
        box.begin(name=name)
    box.engine.pause("held")
    box.create("true", name="gone")
    done = lab("exec", *options.split())
    assert words in done.error
    assert done.code == code


def test_an_exec_ends_with_its_container(lab: Lab, box: Box) -> None:
    box.begin(name="box")
    line = lab.begin("exec", "box", "sh", "-c", "echo here; sleep 1000")
    assert line.stdout and line.stdout.readline() == b"here\n"
    box.engine.kill("box")
    line.communicate()
    assert line.returncode == 137
