"""`lab update`, `stats` and `top` as somebody at a prompt meets them."""

import json
import signal

import pytest

from tests.engine.boxes import until
from tests.shell.lines import Lab


def test_what_was_changed_is_named_and_what_was_not_is_told(lab: Lab) -> None:
    lab("create", "--name", "box", "-m", "64m", "busybox", "true")
    done = lab("update", "--pids-limit", "7", "--cpus=0.5", "box", "nosuch")
    assert (done.code, done.out) == (1, "box\n")
    assert "No such container: nosuch" in done.err
    form = "{{.HostConfig.PidsLimit}} {{.HostConfig.NanoCpus}}"
    assert lab("inspect", "-f", form, "box").out == "7 500000000\n"


@pytest.mark.parametrize(
    ("line", "code", "message"),
    [
        ("update box", 1, "you must provide one or more flags"),
        ("update -m 200m box", 1, "update the memoryswap at the same time"),
        ("update -m 1m box", 1, "Minimum memory limit allowed is 6MB"),
        ("update --restart foo box", 1, "invalid restart policy 'foo'"),
        ("run --ulimit nofile busybox true", 125, "invalid ulimit argument: nofile"),
        ("run --sysctl kernel.msgmax busybox true", 125, "is not allowed"),
        ("run --shm-size -1 busybox true", 125, "invalid size: '-1'"),
        ("stats --no-stream nosuch", 1, "No such container: nosuch"),
        ("top box", 1, "is not running"),
    ],
)
def test_what_is_refused_says_why(lab: Lab, line: str, code: int, message: str) -> None:
    lab("create", "--name", "box", "-m", "64m", "busybox", "true")
    done = lab(*line.split())
    assert done.code == code
    assert message in done.err


def test_zero_asks_for_nothing_as_with_docker(lab: Lab) -> None:
    options = "--cpus 0 --cpu-shares 0 --memory-swap 0 -m 0 --memory-swappiness -1"
    assert lab("run", "--rm", *options.split(), "busybox", "echo", "hi").out == "hi\n"


def test_stats_prints_a_table_once(lab: Lab) -> None:
    lab("run", "-d", "--name", "box", "-m", "64m", "busybox", "sleep", "1000")
    lab("create", "--name", "idle", "busybox", "true")
    lines = lab("stats", "--no-stream").lines
    assert lines[0].split()[:4] == ["CONTAINER", "ID", "NAME", "CPU"]
    assert len(lines) == 2
    assert " / 64MiB " in lines[1]
    every = lab("stats", "-a", "--no-stream", "--format", "{{.Name}} {{.PIDs}}").lines
    assert sorted(every) == ["box 1", "idle 0"]


def test_stats_as_json_has_dockers_fields_or_the_whole_of_the_api(lab: Lab) -> None:
    lab("run", "-d", "--name", "box", "busybox", "sleep", "1000")
    line = lab("stats", "--no-stream", "--format", "{{json .}}", "box").out
    fields = json.loads(line)
    assert {"CPUPerc", "MemUsage", "NetIO", "BlockIO", "PIDs"} <= set(fields)
    (whole,) = json.loads(lab("stats", "--json", "box").out)
    assert whole["memory_stats"]["usage"] > 0
    assert whole["precpu_stats"]["system_cpu_usage"] > 0


def test_stats_goes_on_until_it_is_interrupted(lab: Lab) -> None:
    lab("run", "-d", "--name", "box", "busybox", "sleep", "1000")
    process = lab.begin("stats", "box")
    assert process.stdout
    seen = [process.stdout.readline() for _ in range(4)]
    assert seen[0] == seen[2]  # the headings, again and again
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=10)
    assert process.returncode == 0


def test_top_takes_the_options_of_ps(lab: Lab) -> None:
    lab("run", "-d", "--name", "box", "busybox", "sleep", "1000")
    assert lab("top", "box").lines[0].split()[0] == "UID"
    headings, row = lab("top", "box", "-o", "pid,comm").lines
    assert headings.split() == ["PID", "COMMAND"]
    assert row.split()[1] == "sleep"


@pytest.mark.require("cgroup1")
def test_what_hangs_for_want_of_memory_says_so(lab: Lab) -> None:
    limits = ["-m", "16m", "--memory-swap", "16m", "--oom-kill-disable"]
    script = "x=a; while :; do x=$x$x; done"
    lab("run", "-d", "--name", "box", *limits, "busybox", "sh", "-c", script)
    until(lambda: "(under OOM)" in lab("ps").out, "ps says so")
    stats = ("stats", "--no-stream")
    until(lambda: "under OOM" in lab(*stats).out, "stats says so")  # it comes and goes


@pytest.mark.require("cgroup1")
def test_a_warning_comes_before_the_program_runs(lab: Lab) -> None:
    lab("run", "-d", "--name", "box", "--oom-kill-disable", "busybox", "sleep", "1000")
    done = lab("run", "--rm", "--oom-kill-disable", "busybox", "sh", "-c", "echo x >&2")
    first, second = done.err.splitlines()
    assert "no memory limit is set" in first
    assert second == "x"
