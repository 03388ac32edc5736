"""A student is told where they left off."""

from pathlib import Path

import pytest

from labshell.lessons import library
from labshell.lessons.progress import Progress
from labshell.lessons.record import DONE
from labshell.lessons.where import to_go_on_with, where

LESSON = "commit/init-layer"


@pytest.fixture
def progress(tmp_path: Path) -> Progress:
    return Progress(tmp_path / "progress.json")


def test_somebody_new_is_told_how_to_begin(progress: Progress) -> None:
    title = library.find(next(iter(library.names()))).title
    said = where(progress, "en")
    assert said.startswith("`lab learn` begins with")
    assert title in said


def test_the_step_and_the_points_are_told(progress: Progress) -> None:
    record = progress.of(LESSON)
    progress.current, record.step = LESSON, "find-hosts"
    record.of("recall").status, record.of("recall").earned = DONE, 1
    said = where(progress, "en")
    assert f"step 4 of {len(library.find(LESSON).steps)} of {LESSON}" in said
    assert "with 1 of 18 points" in said


def test_it_is_told_in_the_students_language(progress: Progress) -> None:
    assert "开始" in where(progress, "zh")


def test_a_lesson_that_is_no_longer_here_is_not_gone_on_with(
    progress: Progress,
) -> None:
    progress.current = "gone/lesson"
    assert to_go_on_with(progress) == next(iter(library.names()))


def test_who_has_finished_all_is_told_so(progress: Progress) -> None:
    for name in library.names():
        progress.of(name).finished = True
    assert where(progress, "en") == "All lessons are finished."
