"""Where labd listens, for whom, and what happens to a socket that is left behind."""

import grp
import os
import signal
import socket
import ssl
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.api import certificates
from tests.api.certificates import Proof
from tests.api.serving import COMMAND, HOME, Client, serving

pytestmark = pytest.mark.require("root", "overlay")


def refused(*options: str) -> str:
    """What a labd says that does not start."""
    done = subprocess.run(
        [*COMMAND, *options], cwd=HOME, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout) == (1, "")
    return done.stderr


def test_a_socket_is_for_root_and_the_group(fresh_root: Path, tmp_path: Path) -> None:
    path = tmp_path / "labd.sock"
    with serving(path, fresh_root, "--group", "daemon"):
        found = path.stat()
    assert stat.S_IMODE(found.st_mode) == 0o660
    assert (found.st_uid, found.st_gid) == (0, grp.getgrnam("daemon").gr_gid)
    assert not path.exists()  # and it takes its name away


def test_a_socket_of_no_group_is_for_root_only(
    fresh_root: Path, tmp_path: Path
) -> None:
    path = tmp_path / "labd.sock"
    with serving(path, fresh_root, "--group", ""):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_second_one_at_the_same_socket_is_refused(
    fresh_root: Path, tmp_path: Path
) -> None:
    path = tmp_path / "labd.sock"
    with serving(path, fresh_root):
        said = refused("-H", f"unix://{path}", "--root", str(fresh_root))
        assert said.startswith("labd: somebody listens at ")
        assert said.count("\n") == 2
        assert Client(path).get("/_ping").body == b"OK"


def test_what_is_no_socket_is_not_removed(fresh_root: Path, tmp_path: Path) -> None:
    path = tmp_path / "precious"
    path.write_text("words")
    refused("-H", f"unix://{path}", "--root", str(fresh_root))
    assert path.read_text() == "words"


def test_the_socket_of_a_killed_one_is_replaced(
    fresh_root: Path, tmp_path: Path
) -> None:
    path = tmp_path / "labd.sock"
    killed = subprocess.Popen(
        [*COMMAND, "-H", f"unix://{path}", "--root", str(fresh_root)],
        cwd=HOME,
        stdout=subprocess.PIPE,
    )
    assert killed.stdout is not None
    with killed.stdout as out:
        assert b"ready" in out.readline()
        killed.send_signal(signal.SIGKILL)
        killed.wait()
    assert path.is_socket()
    with serving(path, fresh_root):
        assert Client(path).get("/_ping").body == b"OK"


def test_several_hosts_are_served_at_once(fresh_root: Path, tmp_path: Path) -> None:
    other = tmp_path / "b.sock"
    with serving(tmp_path / "a.sock", fresh_root, "-H", f"unix://{other}") as path:
        for one in (path, other):
            assert Client(one).get("/_ping").body == b"OK"


def test_systemd_may_listen_for_it(fresh_root: Path, tmp_path: Path) -> None:
    path = tmp_path / "handed.sock"
    hand_over = (
        "import os, sys; os.dup2(int(sys.argv[1]), 3); "
        "os.environ.update(LISTEN_FDS='1', LISTEN_PID=str(os.getpid())); "
        "os.execv(sys.argv[2], sys.argv[2:])"
    )
    command = [*COMMAND, "-H", "fd://", "--root", str(fresh_root)]
    with socket.socket(socket.AF_UNIX) as systemds:
        systemds.bind(str(path))
        systemds.listen()
        number = str(systemds.fileno())
        server = subprocess.Popen(
            [sys.executable, "-c", hand_over, number, *command],
            cwd=HOME,
            pass_fds=[systemds.fileno()],
        )
        assert Client(path).get("/_ping").body == b"OK"
        server.terminate()
        assert server.wait(60) == 0
        assert path.exists()  # its name is systemd's


def test_without_systemd_nothing_is_handed_over(fresh_root: Path) -> None:
    assert "systemd hands over" in refused("-H", "fd://", "--root", str(fresh_root))


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> Proof:
    """An authority, in a directory for all that it signs."""
    return certificates.authority(tmp_path_factory.mktemp("tls"))


@pytest.mark.require("openssl")
def test_by_tcp_only_who_has_a_certificate_is_served(
    fresh_root: Path, tmp_path: Path, ca: Proof
) -> None:
    place = Path(ca.key).parent
    own, theirs, other = (
        certificates.signed(place, "labd", ca),
        certificates.signed(place, "ada", ca),
        certificates.authority(place, "other"),
    )
    stranger = certificates.signed(place, "eve", other)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    options = [
        *["-H", f"tcp://127.0.0.1:{port}", "--tlsverify"],
        *["--tlscacert", ca.certificate],
        *["--tlscert", own.certificate, "--tlskey", own.key],
    ]
    with serving(tmp_path / "labd.sock", fresh_root, *options):
        assert said_over_tls(port, ca, theirs).endswith(b"OK")
        for proof in (None, stranger):
            assert said_over_tls(port, ca, proof) == b""
        with socket.create_connection(("127.0.0.1", port)) as plain:
            plain.sendall(b"GET /_ping HTTP/1.1\r\nHost: x\r\n\r\n")
            assert b"200" not in plain.recv(100)


def said_over_tls(port: int, ca: Proof, proof: Proof | None) -> bytes:
    """What a client with this proof is answered; b"" if it is not let in."""
    context = ssl.create_default_context(cafile=ca.certificate)
    if proof:
        context.load_cert_chain(*proof)
    said = b""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as plain:
        try:
            with context.wrap_socket(plain, server_hostname="127.0.0.1") as secured:
                secured.sendall(
                    b"GET /_ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
                )
                while data := secured.recv(4096):
                    said += data
        except (ssl.SSLError, ConnectionError):
            return b""
    return said


def test_a_wrong_file_of_settings_keeps_it_from_starting(
    fresh_root: Path, tmp_path: Path
) -> None:
    file = tmp_path / "daemon.json"
    file.write_text('{"colour": "red"}')
    said = refused("--config-file", str(file), "--root", str(fresh_root))
    assert "don't match any configuration option: colour" in said


def test_its_hosts_may_come_from_the_file(fresh_root: Path, tmp_path: Path) -> None:
    file, other = tmp_path / "daemon.json", tmp_path / "b.sock"
    file.write_text(f'{{"hosts": ["unix://{other}"], "data-root": "{fresh_root}"}}')
    server = subprocess.Popen(
        [*COMMAND, "--config-file", str(file)], cwd=HOME, stdout=subprocess.PIPE
    )
    assert server.stdout is not None
    with server.stdout as out:
        assert b"ready" in out.readline()
        assert Client(other).get("/_ping").body == b"OK"
        os.kill(server.pid, signal.SIGTERM)
        assert server.wait(60) == 0
