"""~/.docker/config.json is read and written as Docker does it, helpers included."""

import base64
import json
import os
from pathlib import Path
from typing import Any

import pytest

from engine.errors import EngineBroken, EngineError
from engine.registry import logins
from engine.registry.logins import Login

HUB = "https://index.docker.io/v1/"


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Docker's configuration of somebody who has none yet."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    return tmp_path / "docker" / "config.json"


def write(config: Path, data: Any) -> None:
    config.parent.mkdir(exist_ok=True)
    config.write_text(data if isinstance(data, str) else json.dumps(data))


def auth(name: str, password: str) -> dict[str, str]:
    return {"auth": base64.b64encode(f"{name}:{password}".encode()).decode()}


def test_what_is_kept_is_found_and_readable_by_nobody_else(config: Path) -> None:
    assert logins.find("localhost:5000") is None
    assert logins.keep("localhost:5000", Login("me", "pass:word")) == config
    assert logins.find("localhost:5000") == Login("me", "pass:word")
    assert config.stat().st_mode & 0o777 == 0o600
    assert config.parent.stat().st_mode & 0o777 == 0o700
    assert json.loads(config.read_text()) == {
        "auths": {"localhost:5000": auth("me", "pass:word")}
    }


def test_what_others_have_written_stays(config: Path) -> None:
    write(config, {"auths": {"a.b": auth("x", "y")}, "HttpHeaders": {"X": "1"}})
    logins.keep("docker.io", Login("me", "p"))
    data = json.loads(config.read_text())
    assert data["HttpHeaders"] == {"X": "1"}
    assert set(data["auths"]) == {"a.b", HUB}
    assert logins.forget("docker.io")
    assert not logins.forget("docker.io")
    assert set(json.loads(config.read_text())["auths"]) == {"a.b"}


@pytest.mark.parametrize(
    ("key", "registry"),
    [
        (HUB, "docker.io"),
        ("registry.lan:5000", "registry.lan:5000"),
        ("https://registry.lan:5000", "registry.lan:5000"),
        ("https://registry.lan:5000/v1/", "registry.lan:5000"),
        ("registry.lan/v2/", "registry.lan"),
    ],
)
def test_all_ways_in_which_docker_has_named_a_registry_are_known(
    config: Path, key: str, registry: str
) -> None:
    write(config, {"auths": {key: auth("me", "p")}})
    assert logins.find(registry) == Login("me", "p")
    assert logins.find("other.lan") is None


def test_an_identity_token_stands_for_the_password(config: Path) -> None:
    logins.keep("r.lan", Login("me", "secret", "token"))
    assert "secret" not in str(json.loads(config.read_text()))
    assert logins.find("r.lan") == Login("me", "", "token")


@pytest.mark.parametrize(
    "text",
    [
        "[",
        "[]",
        '{"auths": 5}',
        '{"auths": {"r.lan": {"auth": "%"}}}',
        "\0",
        "{" * 9999,
    ],
)
def test_a_damaged_file_is_an_error_that_names_it(config: Path, text: str) -> None:
    write(config, text)
    with pytest.raises(EngineError) as caught:
        logins.find("r.lan")
    assert str(config) in caught.value.message + caught.value.hint


def test_an_empty_entry_is_nobody(config: Path) -> None:
    write(config, {"auths": {"r.lan": {}}})
    assert logins.find("r.lan") is None


def test_a_link_stays_a_link(config: Path, tmp_path: Path) -> None:
    config.parent.mkdir()
    config.symlink_to(tmp_path / "elsewhere.json")
    logins.keep("r.lan", Login("me", "p"))
    assert config.is_symlink()
    assert logins.find("r.lan") == Login("me", "p")


def test_secrets_are_not_shown_by_accident() -> None:
    assert "secret" not in f"{Login('me', 'secret', 'secret')!r}"


HELPER = """\
#!/bin/sh
# Keeps one login in a file; notes how it was called.
cd "$(dirname "$0")" && echo "$*" >>called || exit 1
case $1 in
store) cat >kept ;;
get) cat >asked
     [ -e kept ] || { echo "credentials not found in the keychain"; exit 1; }
     cat kept ;;
erase) rm -f kept ;;
esac
"""


@pytest.fixture
def helper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A credential helper called "test" on PATH; the directory that it works in."""
    place = tmp_path / "bin"
    place.mkdir()
    (place / "docker-credential-test").write_text(HELPER)
    (place / "docker-credential-test").chmod(0o755)
    monkeypatch.setenv("PATH", f"{place}:{os.environ['PATH']}")
    return place


@pytest.mark.parametrize(
    "which", [{"credsStore": "test"}, {"credHelpers": {"r.lan": "test"}}]
)
def test_a_helper_keeps_the_password_and_hears_it_by_a_pipe(
    config: Path, helper: Path, which: dict[str, Any]
) -> None:
    write(config, which)
    assert logins.find("r.lan") is None
    assert logins.keep("r.lan", Login("me", "secret")) is None
    assert json.loads((helper / "kept").read_text())["ServerURL"] == "r.lan"
    assert logins.find("r.lan") == Login("me", "secret")
    assert "secret" not in config.read_text()
    assert (helper / "called").read_text().split() == ["get", "store", "get"]
    assert logins.forget("r.lan")
    assert logins.find("r.lan") is None


def test_a_helper_may_keep_an_identity_token(config: Path, helper: Path) -> None:
    write(config, {"credsStore": "test"})
    logins.keep("r.lan", Login("me", "", "token"))
    assert logins.find("r.lan") == Login(identity_token="token")


def test_a_helper_that_is_not_there_is_an_error(config: Path) -> None:
    write(config, {"credsStore": "nosuch"})
    with pytest.raises(EngineError, match="docker-credential-nosuch: No such file"):
        logins.find("r.lan")


@pytest.mark.parametrize("name", ["../x", "a b", "/bin/sh", "-x"])
def test_a_helper_is_a_name_and_no_path(config: Path, name: str) -> None:
    write(config, {"credsStore": name})
    with pytest.raises(EngineBroken, match="is not the name of a program"):
        logins.find("r.lan")
