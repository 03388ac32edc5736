"""A registry and those who mean it no good, or lose their connection.

Whatever is half, wrong, endless or slow: the answer says what it was, the store holds
nothing of it, and the next client is served as before.
"""

import contextlib
import os
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.engine import Registry
from engine.http.server import MOST_CONNECTIONS
from engine.oci import digest as digests
from tests.benchmarks import rivals
from tests.conformance import registries
from tests.conformance.registries import Http, Server, files_of, image

BLOB = os.urandom(3 << 20)
DIGEST = digests.sha256(BLOB)


@pytest.fixture(scope="module")
def server(run_directory: Path) -> Iterator[Server]:
    """A registry with one image in it, for all tests of this file."""
    with registries.ours(run_directory / "hostile") as server:
        Http(server).push_image("shop", "1", b"layer")
        yield server


@pytest.fixture
def http(server: Server) -> Iterator[Http]:
    """That registry; afterwards it still does its work, and has no blob that is new."""
    before = blobs_of(server.root)
    http = Http(server)
    yield http
    assert http("GET", "/v2/shop/manifests/1").status == 200
    assert blobs_of(server.root) == before


def blobs_of(root: Path) -> set[str]:
    return {path for path in files_of(root) if "blobs/" in path}


def talk(server: Server, said: bytes, *, end: bool = True) -> bytes:
    """Say something, and hear what comes until the server hangs up."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as line:
        with contextlib.suppress(ConnectionError):
            line.sendall(said)
            if end:
                line.shutdown(socket.SHUT_WR)
        heard = b""
        with contextlib.suppress(ConnectionError):
            while piece := line.recv(1 << 16):
                heard += piece
        return heard


def test_an_upload_that_is_cut_off_can_be_gone_on_with(http: Http) -> None:
    place = http.begin("cut")
    head = f"PATCH {place} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(BLOB)}\r\n\r\n"
    assert talk(http.server, head.encode() + BLOB[: 2 << 20]) == b""
    there = http("GET", place).headers["range"]
    assert there == f"0-{(2 << 20) - 1}"
    rest = f"{2 << 20}-{len(BLOB) - 1}"
    whole = f"{place}?digest={DIGEST}"
    assert http("PUT", whole, BLOB[2 << 20 :], content_range=rest).status == 201
    assert http("GET", f"/v2/cut/blobs/{DIGEST}").body == BLOB
    assert http("DELETE", f"/v2/cut/blobs/{DIGEST}").status == 202
    (http.server.root / "blobs" / "sha256" / digests.hex_of(DIGEST)).unlink()


def test_a_whole_blob_that_is_cut_off_is_not_there(http: Http) -> None:
    path = f"/v2/cut/blobs/uploads/?digest={DIGEST}"
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(BLOB)}\r\n\r\n"
    assert talk(http.server, head.encode() + BLOB[:-1]) == b""
    assert http("HEAD", f"/v2/cut/blobs/{DIGEST}").status == 404
    assert not list((http.server.root / "repositories" / "cut" / "uploads").iterdir())


def test_a_server_that_is_killed_in_an_upload_goes_on_with_it(tmp_path: Path) -> None:
    root = tmp_path / "registry"
    with registries.ours(root) as server:
        place = Http(server).begin("killed")
        with socket.create_connection(("127.0.0.1", server.port)) as line:
            head = f"PATCH {place} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked"
            line.sendall(f"{head}\r\n\r\n{len(BLOB):x}\r\n".encode() + BLOB[: 1 << 20])
            upload = root / "repositories" / "killed" / "uploads"
            wait_until_it_has(upload / place.rpartition("/")[2], 1 << 20)
            # `ours` ends the server with SIGKILL, which nobody can prepare for.
    assert not list((root / "blobs" / "sha256").iterdir())
    with registries.ours(root) as server:
        http = Http(server)
        assert http("HEAD", f"/v2/killed/blobs/{DIGEST}").status == 404
        assert http("GET", place).headers["range"] == f"0-{(1 << 20) - 1}"
        whole = f"{place}?digest={DIGEST}"
        assert http("PUT", whole, BLOB[1 << 20 :]).status == 201
        assert http("GET", f"/v2/killed/blobs/{DIGEST}").body == BLOB


def wait_until_it_has(file: Path, size: int) -> None:
    end = time.monotonic() + 20
    while file.stat().st_size < size:
        assert time.monotonic() < end, "the bytes did not arrive"
        time.sleep(0.01)


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Http]:
    """A registry on a disk of 8 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    rivals.run("mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(disk))
    try:
        with registries.ours(disk / "registry") as server:
            yield Http(server)
    finally:
        rivals.run("umount", str(disk))


@pytest.mark.require("root")
def test_an_endless_body_ends_at_the_end_of_the_disk(small: Http) -> None:
    place = small.begin("endless")
    piece = b"x" * (1 << 16)
    head = f"PATCH {place} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    with socket.create_connection(("127.0.0.1", small.server.port)) as line:
        line.sendall(head.encode())
        sent = 0
        with contextlib.suppress(ConnectionError):
            while sent < 64 << 20:
                line.sendall(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
                sent += len(piece)
        assert line.recv(100).startswith(b"HTTP/1.1 507 Insufficient Storage")
    assert small("GET", place).code == "BLOB_UPLOAD_UNKNOWN"
    small.push_image("shop", "1", b"x" * (5 << 20))  # there is room again


@pytest.mark.parametrize(
    "said",
    [
        b"GET / HT",
        b"GET /v2/ HTTP/1.1\r\nHost: x\r\nX: ",
        b"PUT /v2/shop/manifests/2 HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n"
        b"Content-Type: application/vnd.oci.image.manifest.v1+json\r\n\r\n{",
    ],
)
def test_who_says_half_and_hangs_up_is_let_go(http: Http, said: bytes) -> None:
    assert talk(http.server, said) == b""


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\n\r\n", b"400"),  # without a Host
        (b"GET / HTTP/9.9\r\nHost: x\r\n\r\n", b"505"),
        (b"GET /\0 HTTP/1.1\r\nHost: x\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 100_000, b"431"),
        (b"GET /" + b"y" * 100_000, b"431"),
        (b"GET /?" + b"a&" * 100 + b" HTTP/1.1\r\nHost: x\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1, 2\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: br\r\n\r\n", b"501"),
    ],
)
def test_what_is_not_http_is_answered_and_cut_off(
    http: Http, said: bytes, status: bytes
) -> None:
    assert talk(http.server, said, end=False).split()[1] == status


def test_a_piece_with_a_wrong_length_is_refused(http: Http) -> None:
    place = http.begin("chunks")
    head = f"PATCH {place} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    heard = talk(http.server, head.encode() + b"zz\r\nhello\r\n", end=False)
    assert heard.startswith(b"HTTP/1.1 400 ")


def test_an_answer_comes_before_a_body_that_nobody_wants(http: Http) -> None:
    """The client is still sending when it is refused, and yet hears why."""
    answer = http("PUT", "/v2/UPPER/manifests/1", b"x" * (8 << 20))
    assert answer.code == "NAME_INVALID"


def test_who_asks_before_sending_need_not_send(http: Http) -> None:
    said = b"PUT /v2/UPPER/manifests/1 HTTP/1.1\r\nHost: x\r\nContent-Length: 99999\r\n"
    heard = talk(http.server, said + b"Expect: 100-continue\r\n\r\n", end=False)
    assert heard.startswith(b"HTTP/1.1 400 ")


def test_many_requests_on_one_connection(http: Http) -> None:
    line = HTTPConnection("127.0.0.1", http.server.port, timeout=30)
    with contextlib.closing(line):
        for _ in range(3):
            for path, status in ("/v2/", 200), ("/v2/UPPER/tags/list", 400):
                line.request("GET", path)
                answer = line.getresponse()
                assert (answer.status, bool(answer.read())) == (status, True)


def test_a_manifest_that_was_taken_is_whole_whoever_collects(tmp_path: Path) -> None:
    """The collector gives nobody time, so a push may fail, but never half of it."""
    root = tmp_path / "registry"
    with registries.ours(root) as server, ThreadPoolExecutor() as pool:
        http, over = Http(server), threading.Event()
        http.push_image("shop", "0", b"layer")
        collecting = pool.submit(collect_until, root, over)
        try:
            pushing = [pool.submit(push_many, http, f"shop{n % 2}") for n in range(4)]
            taken = [each for one in pushing for each in one.result()]
        finally:
            over.set()
        assert collecting.result() > 0
        assert taken
        for repository, digest in taken:
            assert http("GET", f"/v2/{repository}/manifests/{digest}").status == 200
            for layer in (CONFIG, *LAYERS):
                path = f"/v2/{repository}/blobs/{digests.sha256(layer)}"
                assert http("GET", path).body == layer


def test_a_server_killed_while_it_made_a_repository_does_not_mind(http: Http) -> None:
    for half in ("uploads", "blobs/sha256"):
        (http.server.root / "repositories" / "half" / half).mkdir(parents=True)
        assert "half" not in http("GET", "/v2/_catalog").json["repositories"]
        assert http("GET", "/").status == 200
        assert http("GET", "/v2/half/tags/list").code == "NAME_UNKNOWN"
        Registry(http.server.root).collect()
    shutil.rmtree(http.server.root / "repositories" / "half")


CONFIG, LAYERS = b"{}", [b"one" * 1000, b"two" * 1000]


def collect_until(root: Path, over: threading.Event) -> int:
    registry, rounds = Registry(root), 0
    while not over.wait(0.05):
        registry.collect(age=0, untagged=True)
        rounds += 1
    return rounds


def push_many(http: Http, repository: str) -> list[tuple[str, str]]:
    """Push, whatever is collected meanwhile; the manifests that were taken."""
    taken = []
    for number in range(20):
        for blob in (CONFIG, *LAYERS):
            path = f"/v2/{repository}/blobs/uploads/?digest={digests.sha256(blob)}"
            assert http("POST", path, blob).status in (201, 404)
        whole = image(CONFIG, *LAYERS, number=number)
        answer = http.put_manifest(repository, f"t{number}", whole)
        assert answer.status in (201, 404)
        if answer.status == 201:
            taken.append((repository, digests.sha256(whole)))
    return taken


def test_when_all_places_are_taken_others_are_told(tmp_path: Path) -> None:
    with (
        registries.ours(tmp_path / "registry") as server,
        contextlib.ExitStack() as all,
    ):
        for _ in range(MOST_CONNECTIONS):
            line = socket.create_connection(("127.0.0.1", server.port), timeout=30)
            all.enter_context(line)
        heard = talk(server, b"")
        assert heard.startswith(b"HTTP/1.1 503 ")
        all.close()
        end = time.monotonic() + 20
        while not is_served(server):
            assert time.monotonic() < end, "nobody is served any more"


def is_served(server: Server) -> bool:
    try:
        return Http(server)("GET", "/v2/").status == 200
    except ConnectionError:  # turned away, before what it asked was read
        return False


NAMES = st.text(st.sampled_from("aZ09._-/%2e+:@\\ \tü\0"), max_size=40)
ENDS = st.sampled_from(["tags/list", "manifests/..", "blobs/../x", "blobs/uploads/.."])


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=NAMES, end=ENDS)
def test_no_name_leads_anywhere(http: Http, name: str, end: str) -> None:
    path = f"/v2/{name}/{end}".encode("latin-1")
    heard = talk(http.server, b"DELETE " + path + b" HTTP/1.1\r\nHost: x\r\n\r\n")
    assert heard.startswith(b"HTTP/1.1 4")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(said=st.binary(max_size=300))
def test_garbage_is_answered_or_let_go(http: Http, said: bytes) -> None:
    heard = talk(http.server, said)
    assert heard == b"" or heard.startswith(b"HTTP/1.1 4")
