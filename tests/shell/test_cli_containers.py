"""The verbs that list containers, look at them, and move them between states."""

import json
import re

import pytest

from tests.shell.lines import Lab


@pytest.fixture
def box(lab: Lab) -> str:
    """The ID of a container called box that runs until it is told to end."""
    script = "trap exit TERM; echo out; echo err >&2; while :; do sleep 0.1; done"
    line = ["run", "-d", "--name", "box", "busybox", "sh", "-c", script]
    return lab(*line).lines[0]


def test_ps_lists_what_runs_and_all_with_a(lab: Lab, box: str) -> None:
    lab("create", "--name", "other", "busybox", "true")
    header, row = lab("ps").lines
    words = "CONTAINER ID   IMAGE     COMMAND   CREATED   STATUS   PORTS   NAMES"
    assert header.split() == words.split()
    assert row.startswith(box[:12])
    assert re.search(r"busybox +\"sh -c 'trap exit TE…\"", row)
    assert re.search(r"(seconds?|a second) ago +Up .* +box$", row)
    assert [line.split()[-1] for line in lab("ps", "-a").lines[1:]] == ["other", "box"]
    assert lab("ps", "-l").lines[1].endswith("other")
    assert lab("ps", "-n", "1", "-q", "--no-trunc").lines[0] != box


def test_ps_prints_json_for_programs(lab: Lab, box: str) -> None:
    (found,) = json.loads(lab("ps", "--json").out)
    assert (found["id"], found["name"], found["status"]) == (box, "box", "running")
    assert found["command"][:2] == ["sh", "-c"]


def test_states_are_said_in_words(lab: Lab, box: str) -> None:
    assert lab("pause", "box").lines == ["box"]
    assert "(Paused)" in lab("ps").lines[1]
    assert "is already paused" in lab("pause", "box").error
    assert lab("unpause", "box").lines == ["box"]
    assert "is not paused" in lab("unpause", "box").error
    assert lab("stop", "box").lines == ["box"]
    assert re.search(r"Exited \(\d+\) .* ago", lab("ps", "-a").lines[1])


def test_stop_is_asked_twice_without_harm(lab: Lab, box: str) -> None:
    assert lab("stop", "-t", "5", "box").code == 0
    assert lab("stop", "box").lines == ["box"]


def test_start_and_restart_run_the_same_container_again(lab: Lab, box: str) -> None:
    first = lab("inspect", "-f", "{{.State.Pid}}", "box").out
    assert lab("restart", "-t", "0", "box").lines == ["box"]
    second = lab("inspect", "-f", "{{.State.Pid}}", "box").out
    assert first != second
    lab("kill", "box")
    lab("wait", "box")
    assert lab("start", "box").lines == ["box"]
    assert lab("inspect", "-f", "{{.State.Running}}", "box").out == "true\n"


def test_kill_takes_signals_by_name_or_number(lab: Lab, box: str) -> None:
    assert "Invalid signal: BOGUS" in lab("kill", "-s", "BOGUS", "box").error
    assert lab("kill", "-s", "SIGTERM", "box").code == 0
    assert lab("wait", "box").code == 0
    assert "is not running" in lab("kill", "box").error


def test_some_of_several_names_may_fail(lab: Lab, box: str) -> None:
    done = lab("stop", "-t", "0", "nosuch", "box")
    assert (done.code, done.lines) == (1, ["box"])
    assert done.error == "No such container: nosuch"


def test_wait_prints_exit_codes(lab: Lab) -> None:
    lab("run", "--name", "box", "busybox", "sh", "-c", "exit 5")
    done = lab("wait", "box", "nosuch")
    assert (done.code, done.lines) == (1, ["5"])


def test_a_running_container_is_removed_only_by_force(lab: Lab, box: str) -> None:
    done = lab("rm", "box")
    assert done.code == 1
    assert f"You cannot remove a running container {box}" in done.error
    assert lab("rm", "-f", "box").lines == ["box"]
    assert lab("ps", "-a").lines[1:] == []


def test_a_container_that_removes_itself_may_be_removed_by_force(lab: Lab) -> None:
    for _ in range(4):
        lab("run", "-d", "--rm", "--name", "box", "busybox", "sleep", "100")
        assert lab("rm", "-f", "box").lines == ["box"]
        assert lab("ps", "-aq").out == ""


def test_removing_by_force_what_is_not_there_is_told_and_no_failure(lab: Lab) -> None:
    done = lab("rm", "-f", "nosuch")
    assert (done.code, done.error) == (0, "No such container: nosuch")
    assert lab("rm", "nosuch").code == 1


def test_a_new_name_leads_to_the_same_container(lab: Lab, box: str) -> None:
    assert lab("rename", "box", "new").code == 0
    assert lab("inspect", "-f", "{{.Id}}", "new").lines == [box]
    lab("create", "--name", "box", "busybox")
    done = lab("rename", "new", "box")
    assert done.code == 1
    assert "already in use by container" in done.error


def test_logs_come_out_where_they_were_printed(lab: Lab) -> None:
    script = "echo one; echo two >&2; echo three; printf four"
    lab("run", "--name", "box", "busybox", "sh", "-c", script)
    done = lab("logs", "box")
    assert (done.out, done.err) == ("one\nthree\nfour", "two\n")


def test_logs_have_a_tail_and_times(lab: Lab) -> None:
    lab(
        "run",
        "--name",
        "box",
        "busybox",
        "sh",
        "-c",
        "for i in 1 2 3; do echo $i; done",
    )
    assert lab("logs", "--tail", "2", "box").lines == ["2", "3"]
    assert lab("logs", "-n", "0", "box").out == ""
    assert lab("logs", "--tail", "nonsense", "box").lines == ["1", "2", "3"]
    stamp = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z 1"
    assert re.fullmatch(stamp, lab("logs", "-t", "box").lines[0])
    assert lab("logs", "--since", "1h", "box").lines == ["1", "2", "3"]
    assert lab("logs", "--until", "1h", "box").out == ""
    assert lab("logs", "--since", "nonsense", "box").code == 1


def test_logs_are_followed_until_the_container_ends(lab: Lab) -> None:
    script = "echo first; sleep 1; echo last"
    lab("run", "-d", "--name", "box", "busybox", "sh", "-c", script)
    assert lab("logs", "-f", "box").lines == ["first", "last"]


def test_diff_lists_what_the_container_changed(lab: Lab) -> None:
    script = "touch /new /etc/x; rm /etc/group"
    lab("run", "--name", "box", "busybox", "sh", "-c", script)
    assert lab("diff", "box").lines == ["C /etc", "D /etc/group", "A /etc/x", "A /new"]
    assert {"kind": "A", "path": "/new"} in json.loads(lab("diff", "--json", "box").out)


def test_a_name_that_is_no_text_is_listed_all_the_same(lab: Lab) -> None:
    lab("run", "--name", "box", "busybox", "sh", "-c", r"touch $(printf '/\377\033x')")
    assert lab("diff", "box").lines == [r"A /\udcff\x1bx"]
    (found,) = json.loads(lab("diff", "--json", "box").out)
    assert found["path"] == "/\udcff\x1bx"


def test_inspect_of_nothing_is_an_empty_list_and_an_error(lab: Lab) -> None:
    done = lab("inspect", "nosuch")
    assert (done.code, done.out) == (1, "[]\n")
    assert done.error == "No such object: nosuch"


def test_inspect_prints_what_is_found_before_what_is_not(lab: Lab, box: str) -> None:
    done = lab("inspect", "nosuch", "box")
    assert done.code == 1
    assert json.loads(done.out)[0]["Id"] == box


def test_inspect_picks_out_values(lab: Lab, box: str) -> None:
    done = lab("inspect", "-f", "{{.Name}} {{.State.Running}} {{json .Id}}", "box")
    assert done.out == f'/box true "{box}"\n'
    assert "no entry for key" in lab("inspect", "-f", "{{.Nope}}", "box").error
    assert "unexpected EOF" in lab("inspect", "-f", "{{range .}}", "box").error


def test_the_long_names_are_the_same_verbs(lab: Lab, box: str) -> None:
    assert lab("container", "ls", "-q").lines == [box[:12]]
    assert lab("container", "inspect", "-f", "{{.Name}}", "box").out == "/box\n"
