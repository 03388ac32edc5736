"""What goes into a program, and what comes out of it."""

import hashlib
import os
import threading
from pathlib import Path

from engine.engine import ExecOptions
from tests.engine.boxes import Box, content, follow, in_memory, until

MEGABYTE = 1 << 20


def test_output_and_errors_come_apart(box: Box) -> None:
    done = box.run("sh", "-c", "echo out; echo err >&2")
    assert (done.out, done.err) == ("out\n", "err\n")


def test_output_comes_as_bytes_whatever_they_are(box: Box) -> None:
    script = "printf '\\000\\377\\200\\r\\n\\033[31m'"
    assert box.run("sh", "-c", script).raw == b"\x00\xff\x80\r\n\x1b[31m"


def test_input_reaches_the_program_and_its_end_does_too(box: Box) -> None:
    data = os.urandom(300_000)
    assert box.run("cat", stdin=data).raw == data


def test_without_being_asked_for_input_is_at_its_end(box: Box) -> None:
    assert box.run("cat").code == 0
    assert box.run("readlink", "/proc/self/fd/0").out == "/dev/null\n"


def test_a_program_that_does_not_read_its_input_ends_as_well(box: Box) -> None:
    assert box.run("true", stdin=b"x" * (4 * MEGABYTE)).code == 0


def test_a_program_whose_reader_has_gone_gets_sigpipe(box: Box) -> None:
    done = box.run("sh", "-c", "(while :; do echo y; done; echo $? >&2) | head -n 1")
    assert (done.out, done.err) == ("y\n", "")


def test_all_output_is_there_when_the_end_is_told(box: Box) -> None:
    done = box.run("sh", "-c", "seq 1 20000; echo end >&2")
    assert done.lines == [str(number) for number in range(1, 20001)]
    assert done.err == "end\n"


def test_what_a_left_over_child_prints_does_not_hold_up_the_end(box: Box) -> None:
    done = box.run("sh", "-c", "sleep 1000 & echo started")
    assert (done.code, done.out) == (0, "started\n")


def test_a_slow_reader_makes_the_program_wait_and_not_the_shim_grow(box: Box) -> None:
    container = box.create("dd", "if=/dev/zero", "bs=64k", "count=800")
    session = box.engine.session(container.id)
    reading, writing = os.pipe()
    copier = threading.Thread(target=session.interact, args=(None, writing))
    session.start()
    copier.start()
    try:
        shim = box.engine.container(container.id).state.shim_pid
        digest, total, largest = hashlib.sha256(), 0, 0
        while total < 800 * 65536:
            data = os.read(reading, 65536)
            digest.update(data)
            total += len(data)
            largest = max(largest, private_memory(shim))
        copier.join(20)
    finally:
        session.close()
        os.close(reading)
        os.close(writing)
    assert digest.digest() == hashlib.sha256(bytes(800 * 65536)).digest()
    assert largest < 16 * MEGABYTE


def private_memory(pid: int) -> int:
    """The bytes of memory that belong to a process alone; 0 if it has ended."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    fields = (line.split() for line in text.splitlines() if line.startswith("Private"))
    return sum(int(field[1]) for field in fields) * 1024


def test_a_client_that_reads_nothing_stops_the_program_until_it_hangs_up(
    box: Box,
) -> None:
    container = box.create("sh", "-c", "seq 1 1000000; echo done >&2")
    lazy = box.engine.session(container.id)
    lazy.start()
    shim = box.engine.container(container.id).state.shim_pid
    log = container.directory / "log.jsonl"
    sizes = [-1]
    until(lambda: stands_still(log, sizes), "the program waits for its reader")
    assert private_memory(shim) < 16 * MEGABYTE
    lazy.close()
    assert box.engine.wait(container.id) == 0


def stands_still(path: Path, sizes: list[int]) -> bool:
    """Whether a file has had the same size the last 20 times that somebody asked."""
    sizes.append(path.stat().st_size if path.exists() else -1)
    return sizes[-1] > 0 and len(sizes) > 20 and len(set(sizes[-20:])) == 1


def test_two_who_are_attached_both_get_the_output(box: Box) -> None:
    container = box.create("sh", "-c", "read go; echo hello", interactive=True)
    first = box.engine.session(container.id, stdin=True)
    second = box.engine.session(container.id)
    first.start()
    with in_memory() as mine, in_memory() as yours, in_memory(b"go\n") as source:
        other = threading.Thread(target=second.interact, args=(None, yours))
        other.start()
        assert first.interact(source, mine) == 0
        other.join(10)
        assert content(mine) == content(yours) == b"hello\n"
    first.close()
    second.close()


def test_one_can_be_attached_to_what_already_runs(box: Box) -> None:
    container = box.begin("sh", "-c", "read line; echo got $line", interactive=True)
    done = follow(box.engine.session(container.id, stdin=True), b"it\n")
    assert (done.code, done.out) == (0, "got it\n")


def test_hanging_up_leaves_the_program_running(box: Box) -> None:
    container = box.create("sleep", "1000")
    session = box.engine.session(container.id)
    session.start()
    session.close()
    assert box.execute(container.id, "echo", "alive").out == "alive\n"
    assert box.engine.container(container.id).running


def test_a_detached_exec_prints_to_nobody_and_runs(box: Box) -> None:
    container = box.begin()
    options = ExecOptions(
        command=("sh", "-c", "echo lost; seq 1 100000; echo kept > /kept"), detach=True
    )
    session = box.engine.execute(container.id, options)
    session.start()
    session.close()
    until(lambda: "kept" in box.execute(container.id, "ls", "/").out, "the file")
    assert list(box.engine.logs(container.id)) == []


def test_what_is_printed_between_attach_and_start_is_not_lost(box: Box) -> None:
    container = box.begin("sleep", "1")
    session = box.engine.session(container.id)
    box.execute(container.id, "sh", "-c", "echo early > /proc/1/fd/1")
    assert follow(session).out == "early\n"
