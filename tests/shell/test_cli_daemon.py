"""`lab daemon`: labd in the background, begun, looked at, ended."""

import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.errors import EngineError
from tests.api.serving import Client
from tests.faults.traces import running
from tests.shell.lines import Lab

if TYPE_CHECKING:
    from engine.engine import Engine

pytestmark = pytest.mark.require("root", "overlay")
CONNECT = """
import socket, sys
with socket.socket(socket.AF_UNIX) as one:
    one.connect(sys.argv[1])
    one.sendall(b"GET /_ping HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
    one.recv(1)
    print("connected", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def line(fresh_root: Path) -> Lab:
    """`lab` on a root of its own."""
    return Lab(fresh_root)


@pytest.fixture
def host(tmp_path: Path, line: Lab) -> Iterator[str]:
    """Where a labd may listen; it is ended after the test."""
    host = f"unix://{tmp_path}/labd.sock"
    yield host
    line("daemon", "stop", "-H", host)


def begin(line: Lab, host: str, *options: str) -> int:
    """Start labd; its process."""
    done = line("daemon", "start", "-H", host, *options)
    assert done.code == 0, done.err
    found = re.fullmatch(rf"labd \(process (\d+)\) listens at {host}", done.lines[0])
    assert found, done.out
    assert done.lines[-1] == f"export DOCKER_HOST={host}"
    return int(found[1])


def path(host: str) -> Path:
    return Path(host.removeprefix("unix://"))


def test_it_outlives_its_shell_and_ends_when_it_is_told(line: Lab, host: str) -> None:
    pid = begin(line, host)
    assert Client(path(host)).get("/_ping").body == b"OK"
    assert os.getsid(pid) == pid  # no terminal can end it
    assert Path(f"/proc/{pid}/cwd").readlink() == Path("/")
    assert Path(f"/proc/{pid}/comm").read_text() == "labd\n"
    groups = Path(f"/proc/{pid}/cgroup").read_text()
    assert "/shims" in groups  # the end of a login does not end it
    done = line("daemon", "stop", "-H", host)
    assert done.lines == [f"labd (process {pid}) has ended"]
    assert not running(pid)
    assert not path(host).exists()


def test_status_says_who_serves_what(line: Lab, host: str) -> None:
    done = line("daemon", "status", "-H", host)
    assert (done.code, done.error) == (3, f"no labd listens at {path(host)}")
    pid = begin(line, host)
    told = json.loads(line("daemon", "status", "-H", host, "--json").out)
    assert told == {
        "pid": pid,
        "address": host,
        "root": str(line.root),
        "version": "0.1.0",
        "clients": [],
    }


def test_one_that_listens_elsewhere_is_found_by_its_root(line: Lab, host: str) -> None:
    pid = begin(line, host)
    assert json.loads(line("daemon", "status", "--json").out)["address"] == host
    assert line("daemon", "stop").lines == [f"labd (process {pid}) has ended"]
    assert line("daemon", "status").code == 3  # also when only the note is left


def test_a_second_one_is_refused_in_the_foreground(line: Lab, host: str) -> None:
    pid = begin(line, host)
    done = line("daemon", "start", "-H", host)
    assert done.code == 1
    assert done.error == f"somebody listens at {path(host)} already"
    assert running(pid)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (["--bogus"], "unrecognized arguments: --bogus"),
        (["--label", "x"], "bad attribute format: x"),
        (["-H", "tcp://127.0.0.1:0"], "tcp://127.0.0.1:0 would make everybody root"),
        (["--config-file", "nosuch.json"], f"{Path.cwd()}/nosuch.json is not there"),
    ],
)
def test_what_keeps_it_from_starting_is_told(
    line: Lab, host: str, options: list[str], error: str
) -> None:
    done = line("daemon", "start", "-H", host, "--", *options)
    assert done.code == 1
    assert done.error.startswith(error)
    assert line("daemon", "status", "-H", host).code == 3


def test_a_killed_one_leaves_nothing_in_the_way(line: Lab, host: str) -> None:
    pid = begin(line, host)
    process = os.pidfd_open(pid)
    os.kill(pid, signal.SIGKILL)
    select.select([process], [], [])
    os.close(process)
    again = begin(line, host)
    assert again != pid
    assert Client(path(host)).get("/_ping").body == b"OK"


def test_a_client_that_hangs_up_at_once_ends_nothing(line: Lab, host: str) -> None:
    begin(line, host)
    client = Client(path(host))
    for _ in range(20):
        with client.connect() as connection:
            connection.sendall(b"GET /info HTTP/1.1\r\nHost: x\r\n\r\n")
    assert client.get("/_ping").body == b"OK"


def test_the_tree_shows_labd_and_its_clients_beside_the_shims(
    line: Lab, host: str
) -> None:
    pid = begin(line, host)
    assert line("run", "-d", "--name", "box", "busybox", "sleep", "60").code == 0
    client = subprocess.Popen(
        [sys.executable, "-c", CONNECT, path(host)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with client:
        assert client.stdout is not None
        client.stdout.readline()
        tree = json.loads(line("tree", "--json").out)
    found = {one["pid"]: one for one in tree}
    assert found[pid]["role"] == "labd"
    assert found[client.pid]["role"] == "client"
    shim = next(one for one in tree if one["role"] == "shim")
    assert shim["parent"] not in (pid, client.pid)
    assert line("rm", "-f", "box").code == 0


def test_the_log_has_requests_and_their_acts_and_no_secrets(
    line: Lab, host: str
) -> None:
    assert line("create", "--name", "box", "busybox", "sleep", "60").code == 0
    begin(line, host, "--trace")
    client = Client(path(host))
    assert client.post("/v1.41/containers/box/start").status == 204
    headers = {"X-Registry-Auth": "c2VjcmV0", "Content-Type": "application/json"}
    said = {"password": "s3cret", "username": "a d'a"}
    client.ask("POST", "/containers/nosuch/start?x=a+b", said, **headers)
    line("rm", "-f", "box")
    line("daemon", "stop", "-H", host)
    log = (line.root / "labd.log").read_text().splitlines()
    curl = f"curl --unix-socket {path(host)} -X POST"
    assert log[0] == f"[1] {curl} http://labd/v1.41/containers/box/start"
    first = [one for one in log if one.startswith("[1] ")]
    assert any(one.startswith("[1]   mount -t overlay ") for one in first)
    assert any(one.startswith("[1]   exec sleep 60") for one in first)
    assert re.fullmatch(r"\[1\] 204 No Content, \d+ ms", first[-1])
    assert log[-2].startswith(f"[2] {curl} -H 'content-type: application/json'")
    assert "x-registry-auth: …" in log[-2]
    assert '"password": "…"' in log[-2]
    assert not any(secret in "".join(log) for secret in ("c2VjcmV0", "s3cret"))
    assert re.fullmatch(r"\[2\] 404 Not Found, \d+ ms", log[-1])
    assert (line.root / "labd.log").stat().st_mode & 0o777 == 0o600


def test_what_a_container_does_at_its_end_is_told_once_to_who_stays(
    line: Lab, host: str
) -> None:
    assert line("create", "--name", "box", "-i", "busybox", "cat").code == 0
    begin(line, host, "--trace")
    client, waiting = Client(path(host)), "/containers/box/wait?condition=next-exit"
    with (
        client.open(waiting, "POST") as first,
        client.open(waiting, "POST") as second,
    ):
        assert client.post("/containers/box/start").status == 204
        assert line("kill", "box").code == 0
        assert second.read() == first.read()
    line("daemon", "stop", "-H", host)
    log = (line.root / "labd.log").read_text().splitlines()
    (end,) = [one for one in log if "umount" in one and "/rootfs" in one]
    assert end.startswith(("[1]   umount", "[2]   umount"))
    started = [one for one in log if "exec cat" in one]
    assert [one.startswith("[3]   exec cat") for one in started] == [True]


def test_what_is_no_labd_is_told_apart(engine: "Engine", tmp_path: Path) -> None:
    from engine.engine import Labd

    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(tmp_path / "other.sock"))
        other.listen()
        labd = Labd.at(f"unix://{tmp_path}/other.sock")
        assert labd.find() is None
        with pytest.raises(EngineError, match="already"):
            labd.begin(engine.root)


def test_each_root_has_a_socket_of_its_own(
    line: Lab, host: str, fresh_root: Path
) -> None:
    done = line("daemon", "start")
    assert done.code == 0, done.err
    address = done.lines[-1].removeprefix("export DOCKER_HOST=")
    assert path(address).parent.parent == Path("/run/labshell")
    assert path(address).parent != Path("/run/labshell")
    assert line("daemon", "status").lines[1] == f"listens at  {address}"
    tree = json.loads(line("tree", "--json").out)
    assert [one["role"] for one in tree if one["role"] == "labd"] == ["labd"]
    assert line("daemon", "stop").code == 0
    assert line("daemon", "status").code == 3


def test_an_engine_that_is_destroyed_takes_its_labd_along(fresh_root: Path) -> None:
    from engine.engine import Engine, Labd

    engine = Engine(fresh_root)
    pid = Labd.of(engine.root).begin(engine.root).running.pid
    engine.destroy()
    assert not running(pid)
