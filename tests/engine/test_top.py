"""Top: the processes of a container, as ps(1) of the machine lists them."""

import subprocess

import pytest

from engine.errors import InvalidArgument, InvalidState
from tests.engine.boxes import Box, until

FULL = ("UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD")


def test_the_columns_are_those_of_ps_ef(box: Box) -> None:
    container = box.begin("sleep", "1000")
    found = box.engine.top(container.id)
    assert found.titles == FULL
    (row,) = found.rows
    assert row[:2] == ("root", str(container.state.pid))
    assert row[2] == str(container.state.shim_pid)
    assert row[5:] == ("?", "00:00:00", "sleep 1000")


def test_every_process_of_the_group_is_there(box: Box) -> None:
    container = box.begin("sh", "-c", "sleep 998 & exec sleep 999")
    names = {"sleep 998", "sleep 999"}
    until(
        lambda: {row[-1] for row in box.engine.top(container.id).rows} == names,
        "both processes",
    )


@pytest.mark.require("ps")
def test_the_values_are_those_of_ps(box: Box) -> None:
    container = box.begin("sleep", "1000", tty=True, user="33")
    asleep = [(str(container.state.pid), "S")]
    states = ["-o", "pid", "-o", "s"]
    until(lambda: [*box.engine.top(container.id, states).rows] == asleep, "it sleeps")
    columns = "pid,ppid,pgid,sid,ruser,uid,gid,comm,args,stat,s,vsz,rss,time,ni,pri"
    command = ["ps", "-ww", "-p", str(container.state.pid), "-o", columns]
    headings, theirs = subprocess.check_output(command, text=True).splitlines()
    ours = box.engine.top(container.id, ["-o", columns])
    assert list(ours.titles) == headings.split()
    assert " ".join(ours.rows[0]).split() == theirs.split()


def test_columns_can_be_chosen_and_named(box: Box) -> None:
    container = box.begin("sleep", "1000")
    found = box.engine.top(container.id, ["-eo", "pid,comm=WHAT"])
    assert found.titles == ("PID", "WHAT")
    assert found.rows == ((str(container.state.pid), "sleep"),)
    assert box.engine.top(container.id, ["-o", "pid", "-o", "comm"]).rows == found.rows


def test_aux_is_known(box: Box) -> None:
    found = box.engine.top(box.begin("sleep", "1000").id, ["aux"])
    assert found.titles[:4] == ("USER", "PID", "%CPU", "%MEM")
    assert found.titles[-1] == "COMMAND"
    assert found.rows[0][-1] == "sleep 1000"


def test_a_paused_container_can_be_looked_at(box: Box) -> None:
    container = box.begin("sleep", "1000")
    box.engine.pause(container.id)
    assert len(box.engine.top(container.id).rows) == 1


def test_a_name_with_parentheses_and_spaces_is_read_whole(box: Box) -> None:
    name = "a) S 1 (b"
    image = box.image("odd", {f"bin/{name}": "#!/bin/sh\necho up; read x\n"})
    container = box.begin(f"/bin/{name}", image=image, tty=True, interactive=True)
    box.says(container.id, "up")
    columns = ["-o", "pid,ppid,comm"]
    shim = str(container.state.shim_pid)
    assert box.engine.top(container.id, columns).rows == (
        (str(container.state.pid), shim, name),
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["-o", "comm"], "Couldn't find PID field in ps output"),
        (["-o", "nosuch"], 'unknown user-defined format specifier "nosuch"'),
        (["-o"], "-o needs columns"),
        (["-l"], "unknown options: -l"),
        (["--forest", "-ef"], "unknown options: --forest -ef"),
        (["aux", "-o", "pid"], "unknown options"),
    ],
)
def test_what_ps_would_do_and_we_do_not_is_refused(
    box: Box, options: list[str], message: str
) -> None:
    container = box.begin("sleep", "1000")
    with pytest.raises(InvalidArgument, match=message) as caught:
        box.engine.top(container.id, options)
    assert caught.value.hint


def test_one_that_does_not_run_has_no_processes(box: Box) -> None:
    with pytest.raises(InvalidState, match="is not running"):
        box.engine.top(box.create("true").id)
