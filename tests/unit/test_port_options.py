"""What follows -p, and what it means; words for what means nothing."""

import pytest

from engine.errors import InvalidArgument
from engine.network import ports
from engine.runtime.sandbox import Published

MEANINGS = {
    "80": [("", 0, 0, 80, "tcp")],
    "80/udp": [("", 0, 0, 80, "udp")],
    "8080:80": [("", 8080, 8080, 80, "tcp")],
    "8080:80/TCP": [("", 8080, 8080, 80, "tcp")],
    "127.0.0.1:8080:80": [("127.0.0.1", 8080, 8080, 80, "tcp")],
    "127.0.0.1::80": [("127.0.0.1", 0, 0, 80, "tcp")],
    "[::1]:8080:53/udp": [("::1", 8080, 8080, 53, "udp")],
    "8000-8001:80-81": [("", 8000, 8000, 80, "tcp"), ("", 8001, 8001, 81, "tcp")],
    "8000-8010:80": [("", 8000, 8010, 80, "tcp")],
    "0:80": [("", 0, 0, 80, "tcp")],
    "80-81": [("", 0, 0, 80, "tcp"), ("", 0, 0, 81, "tcp")],
}
NONSENSE = {
    "": "No port specified: <empty>",
    "8080:": "No port specified: 8080:<empty>",
    "8080:x": "Invalid containerPort: x",
    "8080:0": "Invalid containerPort: 0",
    "8080:65536": "Invalid containerPort: 65536",
    "8080:80-79": "Invalid containerPort: 80-79",
    "x:80": "Invalid hostPort: x",
    "70000:80": "Invalid hostPort: 70000",
    "1.2.3:80:80": "Invalid ip address: 1.2.3",
    "localhost:80:80": "Invalid ip address: localhost",
    "80/http": "Invalid proto: http",
    "80/": "Invalid proto: ",
    "1000-1001:80-82": "Invalid ranges specified for container and host Ports: 80-82 "
    "and 1000-1001",
    "80/sctp": "80/sctp: SCTP ports are not passed on here",
}


@pytest.mark.parametrize("text", MEANINGS)
def test_a_published_port_means(text: str) -> None:
    assert ports.parse(text) == [Published(*fields) for fields in MEANINGS[text]]


@pytest.mark.parametrize("text", NONSENSE)
def test_nonsense_is_refused_in_dockers_words(text: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        ports.parse(text)
    assert refused.value.message == NONSENSE[text]
    assert refused.value.hint


def test_all_exposed_ports_are_published_but_those_that_are_already() -> None:
    found = ports.published(["8080:80"], ["80/tcp", "53/udp"], everything=True)
    assert [(one.first, one.inside, one.protocol) for one in found] == [
        (8080, 80, "tcp"),
        (0, 53, "udp"),
    ]


def test_what_is_published_is_exposed() -> None:
    asked = ports.published(["8080:80"])
    assert ports.exposed(["90-91"], ["22/tcp"], asked) == (
        "22/tcp",
        "90/tcp",
        "91/tcp",
        "80/tcp",
    )


def test_what_an_image_says_and_is_no_port_is_left_out() -> None:
    said = ["80", "x/tcp", "99999/tcp", "53/udp", "7/icmp", "-1/tcp", "9/sctp"]
    assert ports.exposed([], said) == ("80/tcp", "53/udp", "9/sctp")


def test_too_many_ports_are_refused_before_a_socket_is_made() -> None:
    with pytest.raises(InvalidArgument, match="too many published ports: 1001"):
        ports.published(["8000-9000:8000-9000"])
