"""A course for each test, see courses.py; and what it must not reach, canary.py."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.grading.canary import Canary
from tests.grading.courses import Course
from tests.shell.lines import Lab


@pytest.fixture
def course(tmp_path: Path) -> Course:
    """A course with one assignment and three students."""
    return Course(tmp_path / "course")


@pytest.fixture(scope="module")
def singing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Canary]:
    """The canary of this file."""
    with closing(Canary(tmp_path_factory.mktemp("canary"))) as canary:
        yield canary


@pytest.fixture
def canary(singing: Canary) -> Iterator[Canary]:
    """The same, unharmed after the test."""
    before = singing.state()
    yield singing
    assert singing.state() == before


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    """`lab` on a root that no line of these needs."""
    return Lab(tmp_path / "root")
