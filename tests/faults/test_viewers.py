"""Those who look at a container's files may go at any moment: its shim stays."""

import contextlib

import pytest

from engine.gatekeeper import Gatekeeper
from engine.runtime import client
from tests.engine.boxes import Box
from tests.faults.traces import place_of

pytestmark = pytest.mark.require("root", "overlay")


def test_a_shim_that_cannot_kill_whom_it_has_sent_lives_on(box: Box) -> None:
    container = box.begin()
    with contextlib.closing(Gatekeeper()) as keeper:
        connection = client.connect(place_of(box), container.directory)
        connection.tell("gate", (keeper.let_in(),))
        connection.tell("files")
        questions = keeper.questions()
        next(questions).go_on()  # fork(2): somebody is sent
        sent = next(questions)  # and stands still, with something to do
        connection.close()
        killing = next(questions)
        assert killing.act["call"] == "pidfd_send_signal(2)"
        killing.fail("EPERM")
        sent.go_on()
    assert box.execute(container.id, "echo", "on").out == "on\n"
    assert box.engine.container(container.id).running
    assert box.engine.notices == []
