"""A course for each test: see courses.py."""

from pathlib import Path

import pytest

from tests.grading.courses import Course


@pytest.fixture
def course(tmp_path: Path) -> Course:
    """A course with one assignment and three students."""
    return Course(tmp_path / "course")
