"""The keys that leave a container running."""

import pytest

from engine.containers.sessions.detaching import DETACH_KEYS, KeyWatch, read_keys
from engine.errors import EngineError


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        (None, b"\x10\x11"),
        ("", b"\x10\x11"),
        ("a", b"a"),
        ("ctrl-x,ctrl-y", b"\x18\x19"),
        ("ctrl-@,ctrl-[,ctrl-],ctrl-^,ctrl-_,ctrl-\\", b"\x00\x1b\x1d\x1e\x1f\x1c"),
        ("DEL,x", b"\x7fx"),
    ],
)
def test_keys_are_written_as_for_docker(text: str | None, keys: bytes) -> None:
    assert read_keys(text) == keys


@pytest.mark.parametrize("text", ["bogus", "ctrl-1", "ctrl-", "ctrl-A", "a,", "ä"])
def test_what_is_no_key_is_refused_in_dockers_words(text: str) -> None:
    with pytest.raises(EngineError) as refused:
        read_keys(text)
    assert refused.value.message == f"Invalid detach keys ({text}) provided"
    assert refused.value.exit_code == 1
    with pytest.raises(EngineError, match="Invalid escape keys"):
        read_keys(text, called="escape")


@pytest.mark.parametrize(
    ("pieces", "passed", "found"),
    [
        ([b"hello"], b"hello", False),
        ([b"hi\x10\x11"], b"hi", True),
        ([b"hi\x10", b"\x11"], b"hi", True),
        ([b"\x10", b"x"], b"\x10x", False),
        ([b"\x10", b"\x10", b"\x11"], b"\x10", True),
        ([b"\x10\x10", b"x"], b"\x10\x10x", False),
        ([b"\x11\x10"], b"\x11", False),
    ],
)
def test_keys_that_turn_out_not_to_be_the_sequence_are_passed_on(
    pieces: list[bytes], passed: bytes, found: bool
) -> None:
    watch = KeyWatch(DETACH_KEYS)
    assert b"".join(map(watch.pass_on, pieces)) == passed
    assert watch.found is found


def test_without_keys_everything_is_passed_on() -> None:
    watch = KeyWatch(b"")
    assert watch.pass_on(b"\x10\x11") == b"\x10\x11"
    assert not watch.found
