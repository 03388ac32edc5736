"""HTTP as labd speaks it: versions, errors, and clients that break the rules."""

import socket

import pytest

from tests.api.serving import Client

pytestmark = pytest.mark.require("root", "overlay")


def test_every_answer_says_which_api_is_spoken(labd: Client) -> None:
    reply = labd.ask("HEAD", "/_ping")
    assert (reply.status, reply.body) == (200, b"")
    assert reply.headers["api-version"] == "1.41"
    assert reply.headers["ostype"] == "linux"


def test_a_path_may_begin_with_a_version(labd: Client) -> None:
    assert labd.get("/v1.24/_ping").body == labd.get("/_ping").body == b"OK"


def test_a_version_that_is_too_new_is_refused_in_dockers_words(labd: Client) -> None:
    reply = labd.get("/v1.99/info")
    assert reply.status == 400
    assert reply.message == (
        "client version 1.99 is too new. Maximum supported API version is 1.41"
    )


def test_what_is_nowhere_is_not_found(labd: Client) -> None:
    reply = labd.get("/v1.41/nowhere")
    assert (reply.status, reply.message) == (404, "page not found")


def test_an_error_of_the_engine_is_a_status_and_a_message(labd: Client) -> None:
    reply = labd.post("/containers/nosuch/start")
    assert (reply.status, reply.message) == (404, "No such container: nosuch")


def test_one_connection_serves_many_requests(labd: Client) -> None:
    with labd.connect() as connection:
        for _ in range(3):
            connection.sendall(b"GET /_ping HTTP/1.1\r\nHost: labd\r\n\r\n")
            answer = b""
            while not answer.endswith(b"\r\n\r\nOK"):
                answer += connection.recv(4096)


def test_what_is_no_http_is_refused_and_the_connection_ends(labd: Client) -> None:
    with labd.connect() as connection:
        connection.sendall(b"GET nonsense\r\n\r\n")
        answer = b""
        while data := connection.recv(4096):
            answer += data
    assert answer.startswith(b"HTTP/1.1 400 ")


def test_endless_headers_are_refused(labd: Client) -> None:
    with labd.connect() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n")
        answer = b""
        try:
            for _ in range(100):
                connection.sendall(b"X-Long: " + b"x" * 4000 + b"\r\n")
        except OSError:
            pass  # it has heard enough
        connection.shutdown(socket.SHUT_WR)
        while data := connection.recv(4096):
            answer += data
    assert answer.startswith(b"HTTP/1.1 431 ")


def test_json_has_to_be_called_json(labd: Client) -> None:
    reply = labd.ask("POST", "/containers/x/start", b"{}", Content_Type="text/plain")
    assert reply.status == 400
    assert reply.message == (
        "Content-Type specified (text/plain) must be 'application/json'"
    )


@pytest.mark.parametrize("body", [b"{", b"[]", b"[" * 100_000, b"\xff", b"nul"])
def test_what_is_no_json_is_refused(labd: Client, body: bytes) -> None:
    reply = labd.ask(
        "POST", "/containers/x/start", body, Content_Type="application/json"
    )
    assert reply.status == 400
    assert reply.message.startswith("invalid JSON")
