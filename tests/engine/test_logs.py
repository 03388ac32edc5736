"""What a container has printed, kept on disk in Docker's format."""

import json
import threading
from pathlib import Path

import pytest

from engine.errors import NotFound
from tests.engine.boxes import Box


def printed(box: Box, name: str) -> list[tuple[str, str]]:
    """Stream and text of each entry."""
    return [(e.stream, e.data.decode()) for e in box.engine.logs(name)]


def ended(box: Box, script: str, **options: object) -> str:
    container = box.create("sh", "-c", script, **options)
    box.foreground(container.id)
    return container.id


def test_each_line_is_kept_with_its_stream(box: Box) -> None:
    name = ended(box, "echo one; sleep 0.05; echo two >&2; sleep 0.05; echo three")
    assert printed(box, name) == [
        ("stdout", "one\n"),
        ("stderr", "two\n"),
        ("stdout", "three\n"),
    ]


def test_a_line_that_is_not_ended_has_no_newline(box: Box) -> None:
    assert printed(box, ended(box, "printf 'a\\nb'")) == [
        ("stdout", "a\n"),
        ("stdout", "b"),
    ]


def test_a_line_written_in_pieces_is_one_entry(box: Box) -> None:
    name = ended(box, "printf a; sleep 0.05; printf b; sleep 0.05; echo c")
    assert printed(box, name) == [("stdout", "abc\n")]


def test_a_long_line_is_cut_into_pieces_of_16_kilobytes(box: Box) -> None:
    name = ended(box, "head -c 40000 /dev/zero | tr '\\0' x; echo")
    lengths = [len(text) for _, text in printed(box, name)]
    assert sum(lengths) == 40001
    assert max(lengths) <= 16384 + 1


def test_the_file_is_dockers_json_lines(box: Box) -> None:
    container = box.create("echo", "hi")
    box.foreground(container.id)
    path = Path(box.engine.inspect(container.id)["LogPath"])
    (line,) = path.read_text().splitlines()
    entry = json.loads(line)
    assert entry.keys() == {"log", "stream", "time"}
    assert (entry["log"], entry["stream"]) == ("hi\n", "stdout")
    assert container.created < entry["time"]
    assert entry["time"].endswith("Z")


def test_bytes_that_are_no_text_do_not_break_the_log(box: Box) -> None:
    entries = printed(box, ended(box, "printf '\\377\\000\\n'; echo after"))
    assert entries[-1] == ("stdout", "after\n")
    assert len(entries) == 2


def test_a_terminals_output_is_kept_too(box: Box) -> None:
    assert printed(box, ended(box, "echo hi", tty=True)) == [("stdout", "hi\r\n")]


def test_logs_are_kept_over_restarts(box: Box) -> None:
    container = box.create("echo", "hi")
    for _ in range(2):
        box.foreground(container.id)
    assert printed(box, container.id) == [("stdout", "hi\n")] * 2


def test_nothing_printed_is_nothing(box: Box) -> None:
    container = box.create("true")
    assert printed(box, container.id) == []
    assert list(box.engine.logs(container.id, follow=True)) == []


def test_a_follower_gets_each_line_as_it_comes_and_ends_with_the_container(
    box: Box,
) -> None:
    script = "echo first; read x; echo second; read x"
    container = box.begin("sh", "-c", script, interactive=True)
    entries = box.engine.logs(container.id, follow=True)
    assert next(entries).data == b"first\n"
    session = box.engine.session(container.id, stdin=True)
    session._connection.socket.sendall(b"0go\n")
    assert next(entries).data == b"second\n"
    session._connection.tell("close-stdin")
    assert list(entries) == []
    session.close()
    assert box.engine.container(container.id).state.status == "exited"


def test_following_an_ended_container_ends(box: Box) -> None:
    name = ended(box, "echo hi")
    assert [e.data for e in box.engine.logs(name, follow=True)] == [b"hi\n"]


def test_several_followers_all_get_everything(box: Box) -> None:
    container = box.begin(
        "sh", "-c", "for i in 1 2 3 4 5; do echo $i; sleep 0.02; done"
    )
    found: list[list[bytes]] = [[] for _ in range(3)]

    def follow(number: int) -> None:
        entries = box.engine.logs(container.id, follow=True)
        found[number] += [e.data for e in entries]

    threads = [threading.Thread(target=follow, args=(n,)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert found == [[b"1\n", b"2\n", b"3\n", b"4\n", b"5\n"]] * 3


def test_a_follower_sees_what_comes_after_a_pause(box: Box) -> None:
    script = "i=0; while :; do echo $i; i=$((i+1)); sleep 0.02; done"
    container = box.begin("sh", "-c", script)
    entries = box.engine.logs(container.id, follow=True)
    next(entries)
    box.engine.pause(container.id)
    box.engine.unpause(container.id)
    assert next(entries).data
    entries.close()


def test_a_line_cut_short_by_a_crash_is_skipped(box: Box) -> None:
    container = box.create("echo", "hi")
    box.foreground(container.id)
    with open(container.directory / "log.jsonl", "a") as log:
        log.write('{"log": "half\n{"log": "an')
    assert printed(box, container.id) == [("stdout", "hi\n")]


def test_logs_of_nothing_are_refused(box: Box) -> None:
    with pytest.raises(NotFound, match="No such container: nosuch"):
        list(box.engine.logs("nosuch"))


def test_output_is_in_the_log_when_the_end_is_known(box: Box) -> None:
    container = box.begin("seq", "1", "5000")
    box.engine.wait(container.id)
    assert len(list(box.engine.logs(container.id))) == 5000
