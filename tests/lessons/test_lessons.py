"""Every lesson that ships proves itself, and is complete in every language."""

import pytest

from labshell.lessons import library
from labshell.lessons.checks import PASSED
from labshell.lessons.lint import lint
from labshell.lessons.proof import prove

LESSONS = list(library.names())


def test_there_are_lessons():
    assert "commit/init-layer" in LESSONS


@pytest.mark.parametrize("name", LESSONS)
def test_the_lesson_is_sound_and_complete(name):
    findings = list(lint(name))
    assert [f for f in findings if f.verdict != PASSED] == []
    assert [f.detail for f in findings if f.what == "translation: zh"] == ["complete"]


@pytest.mark.require("root", "overlay")
@pytest.mark.parametrize("name", LESSONS)
def test_the_lesson_proves_itself(name):
    assert [f for f in prove(name) if f.verdict != PASSED] == []
