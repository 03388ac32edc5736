"""`lab registry`: a registry of one's own, from the command line."""

import hashlib
import json
import os
import re
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from tests.conformance import registries
from tests.conformance.registries import HASHED, Http
from tests.faults.traces import running
from tests.shell.lines import Lab


@pytest.fixture
def line(tmp_path: Path) -> Lab:
    """`lab` on a root that nobody has made: a registry needs no engine, and no root."""
    return Lab(tmp_path / "engine")


def test_the_files_of_a_registry_are_in_the_engine_s_root(line: Lab) -> None:
    words = line.command("registry", "serve", "--port", "0")
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        process.send_signal(signal.SIGTERM)
    assert re.fullmatch(
        rf"http://127\.0\.0\.1:\d+ serves {line.root}/registry\n", first
    )
    assert process.returncode == 0
    assert (line.root / "registry").stat().st_mode & 0o777 == 0o700


def test_each_request_is_printed_in_a_line(line: Lab, tmp_path: Path) -> None:
    root = tmp_path / "registry"
    words = line.command("registry", "serve", "--port", "0", "--root", str(root))
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline().split()[0].rpartition(":")[2])
        server = registries.Server(port=port, pid=process.pid, root=root)
        Http(server)("GET", "/v2/%1B[31mred/tags/list")
        second = process.stdout.readline()
        process.send_signal(signal.SIGINT)
    assert re.fullmatch(r"400 +[\d.]+ ms  GET    /v2/\\x1b\[31mred/tags/list\n", second)
    assert process.returncode == 0


def test_ls_lists_what_was_pushed(line: Lab, tmp_path: Path) -> None:
    root = ["--root", str(tmp_path / "registry")]
    with registries.ours(tmp_path / "registry") as server:
        digest = Http(server).push_image("team/shop", "1.0", b"x" * 1000, b"y")
        done = line("registry", "ls", *root)
    assert done.lines[0].split() == ["REPOSITORY", "TAG", "DIGEST", "LAYERS", "SIZE"]
    short = digest.partition(":")[2][:12]
    assert done.lines[1].split()[:4] == ["team/shop", "1.0", short, "2"]
    form = "{{.Repository}}:{{.Tag}}"
    assert line("registry", "ls", *root, "--format", form).out == "team/shop:1.0\n"
    (one,) = json.loads(line("registry", "ls", *root, "--json").out)
    assert one["digest"] == digest
    assert [layer["size"] for layer in one["layers"]] == [1000, 1]


def test_ls_of_nothing(line: Lab, tmp_path: Path) -> None:
    done = line("registry", "ls", "--root", str(tmp_path / "nosuch"))
    assert done.code == 1
    assert "there is no registry in" in done.error


def test_two_servers_do_not_share_a_directory(line: Lab, tmp_path: Path) -> None:
    root = tmp_path / "registry"
    with registries.ours(root):
        done = line("registry", "serve", "--port", "0", "--root", str(root))
    assert done.code == 1
    assert re.fullmatch(
        rf"process \d+ serves {os.path.realpath(root)} at http://127\.0\.0\.1:\d+",
        done.error,
    )
    assert "lab registry stop" in done.hint


def begin(line: Lab, *options: str) -> registries.Server:
    """Serve in the background; the server, for whoever stops it."""
    done = line("registry", "serve", "-d", "--port", "0", *options)
    assert done.code == 0, done.err
    found = re.fullmatch(
        r"https?://127\.0\.0\.1:(\d+) serves (.+) \(process (\d+)\)", done.lines[0]
    )
    assert found, done.out
    root, pid = Path(found[2]), int(found[3])
    assert done.lines[1].startswith("It ends with: lab registry stop")
    return registries.Server(port=int(found[1]), pid=pid, root=root)


def test_a_server_in_the_background_outlives_its_shell(line: Lab) -> None:
    server = begin(line)
    try:
        Http(server).push_image("shop", "1", b"layer")
        assert server.root == line.root / "registry"
        assert os.getsid(server.pid) == server.pid  # no terminal can end it
        assert Path(f"/proc/{server.pid}/cwd").readlink() == Path("/")
        standard = [Path(f"/proc/{server.pid}/fd/{n}").readlink() for n in range(3)]
        assert standard == [Path("/dev/null")] * 3
        assert line("registry", "ls", "--format", "{{.Tag}}").lines == ["1"]
    finally:
        done = line("registry", "stop")
    assert done.lines == [f"http://{server.address} is served no more"]
    assert not running(server.pid)
    done = line("registry", "stop")
    assert (done.code, done.error) == (1, f"nobody serves {server.root}")


def test_a_pull_that_is_cut_off_does_not_end_the_server(line: Lab) -> None:
    server = begin(line)
    try:
        layer = os.urandom(4 << 20)
        Http(server).push_image("shop", "1", layer)
        asked = f"/v2/shop/blobs/sha256:{hashlib.sha256(layer).hexdigest()}"
        request = f"GET {asked} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
        for _ in range(5):
            with socket.create_connection(("127.0.0.1", server.port)) as connection:
                connection.sendall(request)
                assert connection.recv(300).startswith(b"HTTP/1.1 200")
        assert Http(server)("GET", "/v2/").status == 200
    finally:
        assert line("registry", "stop").code == 0


def test_an_error_in_the_background_is_told_in_the_foreground(
    line: Lab, tmp_path: Path
) -> None:
    words = ["registry", "serve", "-d", "--port", "0", "--root", str(tmp_path / "r")]
    done = line(*words, "--htpasswd", "nosuch")
    assert done.code == 1
    assert done.error.startswith(f"cannot read the passwords in {Path.cwd()}/nosuch")
    assert line("registry", "stop", "--root", str(tmp_path / "r")).code == 1


def test_a_server_in_the_background_finds_the_files_that_were_named(
    line: Lab, tmp_path: Path
) -> None:
    users = tmp_path / "users"
    users.write_text(f"ada:{HASHED}\n")
    server = begin(line, "--htpasswd", os.path.relpath(users))
    try:
        assert Http(server)("GET", "/v2/").status == 401
    finally:
        assert line("registry", "stop").code == 0


@pytest.mark.parametrize("below", ["", "more"])
def test_a_registry_is_a_directory(line: Lab, tmp_path: Path, below: str) -> None:
    file = tmp_path / "file"
    file.touch()
    root = ["--root", str(file / below)]
    done = line("registry", "serve", "--port", "0", *root)
    assert done.error == f"{file / below} is not a directory"
    assert done.hint.startswith("--root names the directory")


def test_a_port_that_is_taken(line: Lab, tmp_path: Path) -> None:
    with registries.ours(tmp_path / "registry") as server:
        words = ["--port", str(server.port), "--root", str(tmp_path / "second")]
        done = line("registry", "serve", *words)
    assert done.code == 1
    assert done.error == (
        f"cannot listen at 127.0.0.1:{server.port}: Address already in use"
    )


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (["--htpasswd", "nosuch"], "cannot read the passwords in nosuch"),
        (["--tls-cert", "x.crt"], "TLS takes a certificate and its key"),
        (["--tls-cert", "x", "--tls-key", "y"], "cannot use x with y"),
    ],
)
def test_what_cannot_be_served(
    line: Lab, tmp_path: Path, options: list[str], error: str
) -> None:
    root = ["--root", str(tmp_path / "registry")]
    done = line("registry", "serve", "--port", "0", *root, *options)
    assert done.code == 1
    assert done.error.startswith(error)


def test_an_error_about_passwords_shows_none(line: Lab, tmp_path: Path) -> None:
    users = tmp_path / "users"
    users.write_text("ada:secret\n")
    root = ["--root", str(tmp_path / "registry")]
    done = line("registry", "serve", "--port", "0", *root, "--htpasswd", str(users))
    assert "the password of 'ada' is not hashed with bcrypt" in done.error
    assert "secret" not in done.out + done.err


def push_and_delete(http: Http) -> str:
    """Two images that share a layer, of which one goes; the layer of that one alone."""
    http.push_image("shop", "1", b"shared", b"of 1")
    http.push_image("shop", "2", b"shared", b"of 2")
    assert http("DELETE", "/v2/shop/manifests/1").status == 202
    return http.push_blob("shop", b"of 1")


def test_gc_frees_what_no_manifest_names(line: Lab, tmp_path: Path) -> None:
    root = tmp_path / "registry"
    words = ["registry", "gc", "--root", str(root)]
    with registries.ours(root) as server:
        http = Http(server)
        digest = push_and_delete(http)
        assert "blobs: 0, uploads: 0, freed: 0B" in line(*words).out
        now = [*words, "--older-than", "0s"]
        assert "manifests: 0, blobs: 0" in line(*now).out  # it has no tag, but a digest
        done = line(*now, "--untagged")
        assert "manifests: 1, blobs: 2, uploads: 0, freed:" in done.out
        assert http("HEAD", f"/v2/shop/blobs/{digest}").status == 404
        assert http("GET", "/v2/shop/manifests/2").status == 200
    shared = {path.name for path in (root / "blobs" / "sha256").iterdir()}
    assert len(shared) == 4  # the manifest, the configuration, two layers


def test_gc_leaves_a_running_push_alone(line: Lab, tmp_path: Path) -> None:
    root = tmp_path / "registry"
    words = ["registry", "gc", "--root", str(root), "--untagged"]
    with registries.ours(root) as server:
        http = Http(server)
        place = http.begin("shop")
        http("PATCH", place, b"half of ")
        digest = http.push_blob("shop", b"sent before its manifest")
        os.utime(root / "blobs" / "sha256" / digest.partition(":")[2], (0, 0))
        assert http("HEAD", f"/v2/shop/blobs/{digest}").status == 200  # "is it there?"
        assert "blobs: 0, uploads: 0" in line(*words).out
        assert http("GET", place).headers["range"] == "0-7"
        upload = root / "repositories" / "shop" / "uploads" / place.rpartition("/")[2]
        os.utime(upload, (0, 0))
        assert "uploads: 1, freed: 8B" in line(*words).out
        assert http("GET", place).code == "BLOB_UPLOAD_UNKNOWN"
