"""Source is shown by name, and only the engine's."""

import pytest

from labshell.lessons.fields import LessonError
from labshell.lessons.symbols import find


def test_a_function_is_found_with_its_decorator():
    text = find("engine.kernel.mounts:bind").text
    assert text.startswith("@act(")
    assert "def bind(" in text


def test_a_method_is_found_in_its_class():
    assert find("engine.acts:Recorder.flush").text.startswith("def flush(self)")


def test_a_table_is_found():
    assert find("engine.errors:HINTS").text.startswith("HINTS = {")


@pytest.mark.parametrize(
    "symbol",
    [
        "engine.files:nosuch",
        "engine.nosuch:x",
        "engine.files.deeper:x",
        "labshell.cli:main",
        "os:system",
        "../engine:x",
        "engine.acts:Recorder.nosuch",
        "",
    ],
)
def test_anything_else_is_one_clear_error(symbol):
    with pytest.raises(LessonError):
        find(symbol)
