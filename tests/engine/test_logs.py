"""What a container has printed, kept on disk in Docker's format."""

import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from engine.engine import RestartPolicy
from engine.errors import InvalidArgument, InvalidState, NotFound
from engine.moments import seconds_since_epoch
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


def test_a_follower_stays_while_a_policy_runs_the_program_again(box: Box) -> None:
    policy = RestartPolicy(name="on-failure", maximum=2)
    container = box.begin("sh", "-c", "read x; echo hi; exit 1", restart=policy)
    entries = box.engine.logs(container.id, follow=True)
    assert [entry.data for entry in entries] == [b"hi\n"] * 3
    assert box.engine.container(container.id).state.restarts == 2


def test_a_follower_misses_nothing_while_files_are_put_aside(box: Box) -> None:
    container = box.begin(
        *("sh", "-c", "read x; seq 1 300"),
        interactive=True,
        log_options={"max-size": "4k", "max-file": "5"},
    )
    entries = box.engine.logs(container.id, follow=True)
    found: list[bytes] = []
    reader = threading.Thread(target=lambda: found.extend(e.data for e in entries))
    reader.start()
    session = box.engine.session(container.id, stdin=True)
    session._connection.tell("close-stdin")
    reader.join(20)
    session.close()
    assert found == [b"%d\n" % number for number in range(1, 301)]
    assert (container.directory / "log.jsonl.1").exists()


def test_tail_since_and_until_choose_lines(box: Box) -> None:
    name = ended(box, "echo one; sleep 0.05; echo two; sleep 0.05; echo three")

    def chosen(**wanted: Any) -> list[bytes]:
        return [entry.data for entry in box.engine.logs(name, **wanted)]

    assert chosen(tail=2) == [b"two\n", b"three\n"]
    assert chosen(tail=0) == []
    assert chosen(tail=99) == [b"one\n", b"two\n", b"three\n"]
    first, second, _ = (entry.time for entry in box.engine.logs(name))
    between = (seconds_since_epoch(first) + seconds_since_epoch(second)) / 2
    assert chosen(since=between) == [b"two\n", b"three\n"]
    assert chosen(until=between) == [b"one\n"]
    assert chosen(since=between, tail=1) == [b"three\n"]
    assert chosen(since=1e30) == chosen(until=-1e30) == []


def test_following_until_a_moment_ends_at_it(box: Box) -> None:
    container = box.begin("sh", "-c", "echo hi; sleep 1000")
    box.says(container.id, "hi")
    entries = box.engine.logs(container.id, follow=True, until=time.time() + 0.2)
    assert [entry.data for entry in entries] == [b"hi\n"]


def test_a_log_that_is_not_kept_cannot_be_read(box: Box) -> None:
    name = ended(box, "echo hi", log_driver="none")
    with pytest.raises(InvalidState, match="does not support reading"):
        printed(box, name)


def test_lines_are_marked_with_the_labels_and_variables_asked_for(box: Box) -> None:
    name = ended(
        box,
        "echo hi",
        labels={"a": "1", "b": "2"},
        environment=("A=7",),
        log_options={"labels": "a,nosuch", "env": "A"},
    )
    (entry,) = box.engine.logs(name)
    assert entry.attributes == {"a": "1", "A": "7"}


@pytest.mark.parametrize(
    ("driver", "options", "words"),
    [
        ("syslog", {}, "error looking up logging plugin syslog"),
        ("json-file", {"foo": "1"}, "unknown log opt 'foo' for json-file log driver"),
        ("none", {"max-size": "1k"}, "invalid logging opts for driver none"),
        (None, {"max-size": "much"}, "invalid size: 'much'"),
        (None, {"max-size": "-5"}, "invalid size: '-5'"),
        (None, {"max-size": "0"}, "invalid size: '0'"),
        (None, {"max-file": "0"}, "max-file cannot be less than 1"),
        (None, {"max-file": "9" * 99}, "max-file cannot be less than 1"),
    ],
)
def test_a_way_to_keep_logs_that_makes_no_sense_is_refused(
    box: Box, driver: str | None, options: dict[str, str], words: str
) -> None:
    with pytest.raises(InvalidArgument) as refusal:
        box.create("true", log_driver=driver, log_options=options)
    assert words in refusal.value.message
    assert refusal.value.hint
