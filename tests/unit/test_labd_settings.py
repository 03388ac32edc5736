"""labd's settings: options and Docker's daemon.json, and that nothing is guessed."""

import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from engine.api.listening import listen
from engine.api.settings import DEFAULT_HOST, Settings, settings
from engine.errors import InvalidArgument
from engine.registry import settings as registries


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The configuration file of this machine, which is not there yet."""
    monkeypatch.setenv("LABSHELL_CONFIG", str(tmp_path / "daemon.json"))
    return tmp_path / "daemon.json"


def test_without_a_file_and_options_there_is_one_socket(file: Path) -> None:
    assert settings({}, None) == Settings(hosts=(DEFAULT_HOST,))


def test_a_file_that_is_named_must_be_there(file: Path) -> None:
    with pytest.raises(InvalidArgument, match="is not there"):
        settings({}, str(file))


def test_options_and_file_go_together(file: Path) -> None:
    file.write_text('{"data-root": "/srv/lab", "labels": ["room=12"]}')
    found = settings({"hosts": ["unix:///tmp/a.sock"], "labels": None}, None)
    assert found.hosts == ("unix:///tmp/a.sock",)
    assert found.root == Path("/srv/lab")
    assert found.labels == ("room=12",)


def test_a_key_that_is_not_known_is_refused_in_dockers_words(file: Path) -> None:
    file.write_text('{"tlsverfy": true}')
    with pytest.raises(InvalidArgument) as caught:
        settings({}, None)
    assert caught.value.message == (
        f"{file}: the following directives don't match any configuration option: "
        "tlsverfy"
    )


def test_what_is_said_twice_is_refused(file: Path) -> None:
    file.write_text('{"group": "wheel"}')
    with pytest.raises(InvalidArgument, match=r"both by an option and in .*: group"):
        settings({"group": "adm"}, None)


@pytest.mark.parametrize(
    "said",
    [
        {"hosts": "unix:///a"},
        {"hosts": [1]},
        {"tlsverify": 1},
        {"tlsverify": "yes"},
        {"max-concurrent-downloads": 0},
        {"max-concurrent-downloads": True},
        {"labels": ["nonsense"]},
        {"group": None},
        [],
        "x",
    ],
)
def test_a_value_of_the_wrong_kind_is_refused(file: Path, said: Any) -> None:
    file.write_text(json.dumps(said))
    with pytest.raises(InvalidArgument):
        settings({}, None)


@pytest.mark.parametrize("text", ["{", "nul", "[" * 100_000, "\udcff"])
def test_a_file_that_is_no_json_is_an_error_that_names_it(
    file: Path, text: str
) -> None:
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(InvalidArgument, match=str(file)):
        settings({}, None)


def test_the_engine_hears_how_many_layers_may_come_at_once(file: Path) -> None:
    file.write_text('{"max-concurrent-downloads": 1, "max-concurrent-uploads": 2}')
    settings({}, None)
    found = registries.read()
    assert (found.downloads, found.uploads) == (1, 2)


@pytest.mark.parametrize(
    "host", ["", "/run/a.sock", "unix://a.sock", "npipe://x", "http://a", "tcp://"]
)
def test_what_is_no_address_is_refused(host: str) -> None:
    with pytest.raises(InvalidArgument):
        listen(host, Settings(), ExitStack())


@pytest.mark.parametrize(
    "said",
    [
        Settings(),
        Settings(tlsverify=True),
        Settings(tlscacert="a", tlscert="b", tlskey="c"),
        Settings(tlsverify=True, tlscert="b", tlskey="c"),
    ],
)
def test_tcp_without_proof_of_both_sides_is_refused(said: Settings) -> None:
    with pytest.raises(InvalidArgument, match="would make everybody root"):
        listen("tcp://127.0.0.1:0", said, ExitStack())


def test_the_group_of_a_socket_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match="there is no group nosuch"):
        listen(f"unix://{tmp_path}/a.sock", Settings(group="nosuch"), ExitStack())
    assert not (tmp_path / "a.sock").exists()
