"""A capstone: the job at the end of a track."""

import pytest

from labshell.lessons import library
from labshell.lessons.lint import Finding, lint
from labshell.lessons.outcomes import FAILED, PASSED
from labshell.lessons.skeleton import make

CAPSTONES = [name for name in library.names() if name.endswith("/capstone")]
JOB = """---
title: A job
concepts: []
minutes: 30
steps:
  - id: work
    kind: do
    points: 1
    check: checks:done
    hints: [Try.]
    solve: "true"
---

Somebody writes.

## work

Do it.
"""


def form(tmp_path, text: str) -> Finding:
    """What lint says of the form of a capstone with this lesson.md."""
    place = make("volumes/900.capstone", tmp_path)
    (place / "lesson.md").write_text(text)
    found = {finding.what: finding for finding in lint("volumes/capstone", tmp_path)}
    return found["form of a capstone"]


def test_a_capstone_is_work_alone(tmp_path):
    assert form(tmp_path, JOB).verdict == PASSED


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("steps:\n", "steps:\n  - {id: work2, kind: read}\n", "one to 3, all `do`"),
        ("concepts: []", "concepts: [21]", "a capstone teaches none"),
    ],
)
def test_what_belongs_into_a_lesson_is_refused(tmp_path, old, new, complaint):
    text = JOB.replace(old, new) + "\n## work2\n" * ("work2" in new)
    found = form(tmp_path, text)
    assert found.verdict == FAILED
    assert complaint in found.detail


@pytest.mark.parametrize("name", CAPSTONES)
def test_it_needs_its_whole_track_and_comes_last_of_it(name):
    track = [x for x in library.names() if x.startswith(name.partition("/")[0] + "/")]
    assert track[-1] == name
    assert set(library.find(name).needs) >= set(track[:-1])


@pytest.mark.parametrize("language", ["en", "zh"])
def test_that_is_so_in_every_language(language):
    assert "build/cache" in library.find("build/capstone", language).needs
