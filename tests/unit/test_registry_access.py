"""Who may use a registry: the file that `htpasswd -B` makes, headers of all kinds."""

import base64
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InvalidArgument
from engine.registry.server.access import Access
from engine.registry.server.problems import Problem

# What `htpasswd -nbB ada "love lace"` printed.
ADA = "ada:$2y$05$hZcjJdK/KXH8S6ypNZ7LUu/QpcOUt.sPQQnLRywyqwOF1Q3eJNVOa"


def basic(text: bytes) -> str:
    return "Basic " + base64.b64encode(text).decode()


@pytest.fixture(scope="module")
def access(tmp_path_factory: pytest.TempPathFactory) -> Access:
    path = tmp_path_factory.mktemp("users") / "users"
    path.write_text(f"# who may\n\n{ADA}\n")
    return Access(path)


def test_the_right_password_opens(access: Access) -> None:
    for _ in range(2):  # the second time it is known
        assert access.check(basic(b"ada:love lace")) == "ada"
    assert access.check("bAsIc  " + basic(b"ada:love lace")[6:]) == "ada"


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Basic",
        "Basic !!!",
        "Bearer " + basic(b"ada:love lace")[6:],
        basic(b"ada"),
        basic(b"ada:"),
        basic(b"ada:love lace "),
        basic(b"ada:love lace" + b"x" * 100),
        basic(b"ada:love lace\0x"),
        basic(b"eve:love lace"),
        basic(b":love lace"),
        basic(b"\xff\xfe:\xff"),
    ],
)
def test_anything_else_does_not(access: Access, header: str) -> None:
    with pytest.raises(Problem) as caught:
        access.check(header)
    assert caught.value.status == 401
    assert caught.value.headers["WWW-Authenticate"].startswith("Basic realm=")
    assert "love" not in str(caught.value)


@given(header=st.text(max_size=60))
def test_no_header_is_too_strange(access: Access, header: str) -> None:
    with pytest.raises(Problem):
        access.check(header)


@pytest.mark.parametrize(
    "line", ["ada", "ada:", "ada:plain", "ada:$apr1$x$y", "ada:{SHA}x", "ada:$2y$05$x"]
)
def test_a_password_that_is_not_hashed_with_bcrypt(tmp_path: Path, line: str) -> None:
    (tmp_path / "users").write_text(line)
    with pytest.raises(InvalidArgument, match="not hashed with bcrypt"):
        Access(tmp_path / "users")


def test_a_file_without_users_lets_nobody_in(tmp_path: Path) -> None:
    (tmp_path / "users").write_text("")
    with pytest.raises(Problem):
        Access(tmp_path / "users").check(basic(b":"))
