"""Records that are not as the engine wrote them: one clear error each."""

import json
from pathlib import Path

import pytest

from engine.engine import Container
from engine.errors import EngineError
from tests.engine.boxes import Box

BROKEN = ["", "{", "\0\0\0", "[]", "null", '"text"', "7", "{}"]


def is_clear(caught: pytest.ExceptionInfo[EngineError], *names: str) -> None:
    assert caught.value.hint
    assert caught.value.exit_code == 125
    assert all(name in caught.value.message for name in names), caught.value.message


@pytest.mark.parametrize("text", BROKEN)
@pytest.mark.parametrize("name", ["config.json", "state.json"])
def test_a_damaged_record_is_named(own: Box, name: str, text: str) -> None:
    container = own.create("true", name="mine")
    path = container.directory / name
    whole = path.read_text()
    path.write_text(text)
    try:
        if (name, text) == ("state.json", "{}"):
            return  # every field has a default
        for act in (own.engine.container, own.engine.start, own.engine.inspect):
            with pytest.raises(EngineError) as caught:
                act("mine")
            is_clear(caught, container.id, name)
        other = own.create("true", name="whole")
        assert [c.id for c in own.engine.containers(all=True)] == [other.id]
        (notice,) = own.engine.notices
        assert name in notice
        assert f"lab rm -f {container.short_id}" in notice
    finally:
        path.write_text(whole)


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        ("config.json", "id", 7),
        ("config.json", "command", "true"),
        ("config.json", "command", 7),
        ("config.json", "bound", {"a": 1}),
        ("config.json", "bound", [{"source": 7}]),
        ("config.json", "options", None),
        ("config.json", "options", []),
        ("config.json", "labels", 7),
        ("state.json", "status", "flying"),
        ("state.json", "status", 7),
        ("state.json", "pid", "1"),
        ("state.json", "pid", None),
        ("state.json", "exit_code", "x"),
    ],
)
def test_a_field_of_the_wrong_type_is_named(
    own: Box, name: str, field: str, value: object
) -> None:
    container = own.create("true", name="mine")
    path = container.directory / name
    whole = path.read_text()
    path.write_text(json.dumps({**json.loads(whole), field: value}))
    try:
        with pytest.raises(EngineError) as caught:
            own.engine.container(container.id)
        is_clear(caught, name)
        assert own.engine.containers(all=True) == []
        assert name in own.engine.notices[0]
    finally:
        path.write_text(whole)


@pytest.mark.parametrize("text", BROKEN)
@pytest.mark.parametrize("name", ["config.json", "shim.json", "layers.json"])
def test_a_damaged_bundle_is_named(own: Box, name: str, text: str) -> None:
    container = own.create("true", name="mine")
    path = container.directory / "bundle" / name
    whole = path.read_text()
    path.write_text(text)
    try:
        with pytest.raises(EngineError) as caught:
            own.engine.start("mine")
        is_clear(caught, container.id, name)
        assert [c.name for c in own.engine.containers(all=True)] == ["mine"]
    finally:
        path.write_text(whole)
    assert own.foreground("mine").code == 0


@pytest.mark.parametrize("text", BROKEN)
def test_a_damaged_volume_is_named(own: Box, text: str) -> None:
    own.engine.create_volume("data")
    path = own.engine.root / "volumes" / "data" / "volume.json"
    whole = path.read_text()
    path.write_text(text)
    try:
        with pytest.raises(EngineError) as caught:
            own.engine.volume("data")
        is_clear(caught, "data")
        with pytest.raises(EngineError):
            own.create("true", volumes=("data:/d",))
        assert own.engine.containers(all=True) == []
    finally:
        path.write_text(whole)


@pytest.mark.parametrize("text", [*BROKEN, '{"version": 2, "whiteouts": "overlay"}'])
def test_a_root_of_another_format_is_refused_and_not_touched(
    fresh_root: Path, text: str
) -> None:
    from engine.engine import Engine

    fresh_root.mkdir()
    (fresh_root / "format.json").write_text(text)
    with pytest.raises(EngineError) as caught:
        Engine(fresh_root).image("busybox")
    assert caught.value.hint
    assert str(fresh_root) in caught.value.message
    with pytest.raises(EngineError):
        Box(Engine(fresh_root)).create("true")
    assert (fresh_root / "format.json").read_text() == text
    (fresh_root / "format.json").unlink()


def test_a_record_without_its_state_is_named(own: Box) -> None:
    container: Container = own.create("true", name="mine")
    path = container.directory / "state.json"
    whole = path.read_text()
    path.unlink()
    try:
        with pytest.raises(EngineError) as caught:
            own.engine.start("mine")
        assert caught.value.hint
    finally:
        path.write_text(whole)


def test_a_link_in_place_of_a_record_is_not_followed_out(
    own: Box, tmp_path: Path
) -> None:
    """A name is a link; one that leads elsewhere finds nothing there."""
    (tmp_path / "config.json").write_text("{}")
    own.create("true", name="mine")
    (own.engine.root / "names" / "evil").symlink_to(tmp_path)
    with pytest.raises(EngineError, match="No such container"):
        own.engine.container("evil")
    (own.engine.root / "names" / "evil").unlink()
