"""The gatekeeper: the end of the gate where somebody is asked before each act.

    keeper = Gatekeeper()
    the descriptor keeper.let_in() goes to whoever shall ask
    for question in keeper.questions():    a process stands still now
        question.go_on()                   or fail("ENOSPC"), or abort()

An unanswered question is no trap: whoever drops it has said "go on".

Mostly somebody decides for all of them: a function that is given each question, and
goes on by doing nothing. `keeper.serve(decide)` is for what other processes do, `with
asking(decide)` for what this one does.

man: unix(7) on SCM_RIGHTS and SCM_CREDENTIALS
Try it: `lab run --step busybox true`
"""

import array
import contextlib
import json
import os
import socket
import struct
from collections.abc import Callable, Iterator
from typing import Any

from engine import gate, wording
from engine.errors import Aborted
from engine.gate import ABORT

_LONGEST = 1 << 17  # bytes of a question
_SENDER = struct.Struct("3i")  # process, user, group: the kernel says it, not they


class Question:
    """One act that waits for an answer. Whoever drops it says: go on."""

    def __init__(self, act: dict[str, Any], reply: int, pid: int) -> None:
        """`act` is as wording.py says, with the result "?"; `pid` who stands still.

        Its own number for itself, in `act`, may be that of another pid namespace.
        """
        self.act = act
        self.pid = pid
        self.failure = ""  # the errno with which it was told to fail
        self.alarm = -1  # what can be read from when it is too late to answer, if known
        self._reply: socket.socket | None = socket.socket(fileno=reply)

    def go_on(self) -> None:
        """Let it be done."""
        self._answer(b"go")

    def fail(self, name: str) -> None:
        """Let it fail, without asking the kernel, as if with this errno ("ENOSPC")."""
        self.failure = name
        self._answer(name.encode())

    def abort(self) -> None:
        """Break off whatever it is a part of."""
        self._answer(ABORT)

    @contextlib.contextmanager
    def too_late(self) -> Iterator[int]:
        """A descriptor that poll(2) calls readable once nobody waits for the answer."""
        if self.alarm >= 0:
            yield self.alarm
            return
        try:
            process = os.pidfd_open(self.pid)
        except ProcessLookupError as error:
            raise Aborted from error
        try:
            yield process
        finally:
            os.close(process)

    def put_to(self, decide: "Decide") -> None:
        """Let `decide` answer it, or go on; if that fails, break it off."""
        try:
            decide(self)
        except BaseException:
            self.abort()
            raise
        self.go_on()

    def _answer(self, answer: bytes) -> None:
        if self._reply:
            with self._reply, contextlib.suppress(OSError):  # it was killed
                self._reply.send(answer)
            self._reply = None


Decide = Callable[[Question], None]


@contextlib.contextmanager
def asking(decide: Decide) -> Iterator[None]:
    """Meanwhile `decide` answers before each act of this thread itself."""

    def asked(text: str, reply: int) -> None:
        question = Question(wording.in_words(json.loads(text)), reply, os.getpid())
        try:
            question.put_to(decide)
        except KeyboardInterrupt:
            raise Aborted from None

    with gate.asking(asked):
        yield


class Gatekeeper:
    """The end of those who are asked."""

    def __init__(self) -> None:
        pair = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._ours, self._theirs = pair
        self._ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)

    def let_in(self) -> int:
        """A descriptor for those who shall ask; this process keeps no copy of it."""
        return self._theirs.detach()

    def fileno(self) -> int:
        """What select(2) waits at for the next question."""
        return self._ours.fileno()

    def questions(self) -> Iterator[Question]:
        """What is asked, one after the other, until nobody is left who could ask."""
        room = socket.CMSG_SPACE(array.array("i").itemsize)
        room += socket.CMSG_SPACE(_SENDER.size)
        while True:
            data, ancillary, _, _ = self._ours.recvmsg(
                _LONGEST, room, socket.MSG_CMSG_CLOEXEC
            )
            if not data:
                return
            came = {kind: content for _, kind, content in ancillary}
            if socket.SCM_RIGHTS in came:
                reply = array.array("i", came[socket.SCM_RIGHTS])[0]
                pid = _SENDER.unpack(came[socket.SCM_CREDENTIALS])[0]
                yield Question(wording.in_words(json.loads(data)), reply, pid)

    def serve(self, decide: Decide) -> None:
        """Let `decide` answer, until nobody is left who could ask.

        Once it raises Aborted, or Ctrl-C is pressed, every further act is refused; so
        it is after any other error, which is raised again.
        """
        try:
            for question in self.questions():
                question.put_to(decide)
        except (Aborted, KeyboardInterrupt):
            self._refuse_all()
        except BaseException:
            self._refuse_all()
            raise

    def _refuse_all(self) -> None:
        for question in self.questions():
            question.abort()

    def close(self) -> None:
        """Hold the gate open: who waits, and who comes later, goes on."""
        for end in (self._ours, self._theirs):
            if end.fileno() >= 0:
                end.close()
