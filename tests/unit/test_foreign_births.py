"""How labshell-runc hears of a process that was born: in whatever order it is told."""

import errno
import socket
from collections.abc import Iterator

import pytest

from engine.errors import EngineBroken
from engine.runtime import channel
from engine.runtime.command import birth

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    """Our end of a report, and that of who is born, who may close it."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        yield ours, theirs


@pytest.mark.parametrize("first", ["pid", "ready"])
def test_a_process_is_born_when_it_is_ready_and_its_number_is_known(
    pair: Pair, first: str
) -> None:
    told = {"pid": {"pid": 4711}, "ready": {"ready": True}}
    ours, theirs = pair
    channel.send(theirs, told.pop(first))
    channel.send(theirs, *told.values())
    assert birth._heard(ours, take=print, begin=None, waits=True) == 4711


def test_one_that_is_killed_before_it_reads_our_answer_was_born(pair: Pair) -> None:
    assert heard_of_one_that_is_killed(pair, waits=False) == 4711


def test_one_that_is_killed_before_it_is_ready_makes_no_container(pair: Pair) -> None:
    with pytest.raises(EngineBroken, match="was killed before it could start"):
        heard_of_one_that_is_killed(pair, waits=True)


def heard_of_one_that_is_killed(pair: Pair, *, waits: bool) -> int:
    """It ends with an answer that it has not read: the kernel says ECONNRESET."""
    ours, theirs = pair
    channel.send(theirs, {"begun": True})
    channel.send(theirs, {"pid": 4711})

    def begin(_: int) -> None:
        ours.send(b"!")
        theirs.close()

    return birth._heard(ours, take=print, begin=begin, waits=waits)


def test_a_terminal_for_which_there_is_no_descriptor_left_is_an_error(
    pair: Pair,
) -> None:
    ours, theirs = pair
    channel.send(theirs, {"terminal": True})
    with pytest.raises(OSError) as refused:
        birth._heard(ours, take=print, begin=None, waits=False)
    assert refused.value.errno == errno.EMFILE
