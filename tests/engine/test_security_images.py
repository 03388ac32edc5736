"""What an image says of its containers may be anything."""

from typing import Any

from engine.engine import Engine
from tests.engine.boxes import Box


def image_that_says(engine: Engine, name: str, **defaults: Any) -> Box:
    """Containers of an image that is busybox, but for what it says of them."""
    base = engine.image("busybox")
    said = base.config.defaults._replace(**defaults)
    config = base.config._replace(defaults=said)
    with engine._house.images.writing():
        engine._house.images.add(config, base.manifest.layers, name, base.id)
    return Box(engine, name)


def test_what_is_no_variable_is_left_out(engine: Engine) -> None:
    box = image_that_says(engine, "odd", env=("NOTHING", "=x", "", "A=1", "B=2=3"))
    lines = box.run("env").lines
    assert "A=1" in lines
    assert "B=2=3" in lines
    assert not any(line.startswith(("NOTHING", "=")) for line in lines)


def test_a_container_of_such_an_image_can_be_committed(engine: Engine) -> None:
    box = image_that_says(engine, "odd", env=("NOTHING", "A=1"))
    image = engine.commit(box.create("true").id, "made")
    assert image.config.defaults.env == ("A=1",)


def test_a_message_of_a_commit_need_not_be_text(engine: Engine, box: Box) -> None:
    engine.commit(box.create("true").id, "made", message="a\udcffb")
    assert engine.history("made")[0].comment == "a\ufffdb"
