"""Every lesson that ships proves itself, and is complete in every language."""

import itertools
import os
import re
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from engine import files
from labshell.lessons import curriculum, library, prose
from labshell.lessons.lint import Finding, lint
from labshell.lessons.outcomes import PASSED
from labshell.lessons.proof import SEEDS, prove
from labshell.lessons.values import names_in
from tests import workshop
from tests.machine import need

LESSONS = list(library.names())
PATIENCE = 900  # seconds for one lesson, on a machine that has other things to do


def test_there_are_lessons():
    assert "commit/init-layer" in LESSONS


@pytest.mark.parametrize("name", LESSONS)
def test_the_lesson_is_sound_and_complete(name):
    findings = list(lint(name))
    assert [f for f in findings if f.verdict != PASSED] == []
    assert [f.detail for f in findings if f.what == "translation: zh"] == ["complete"]


def test_the_table_of_the_curriculum_is_up_to_date():
    made = (library.OURS / "README.md").read_text()
    assert made == curriculum.table(), "run `lab lesson table > lessons/README.md`"


# Where a line gives a name to a container, an image, a volume or a network.
NAMING = re.compile(
    r"(?:--name[ =]|-t |containers/create\?name=|(?:volume|network) create )\S+"
    r"|\b(?:commit|tag|import) [^;|&\n]+"
)


def names_it_may_give(name: str) -> set[str]:
    """Every value that the lesson may use as a name, or as its beginning."""
    lesson = library.find(name)
    lines = [lesson.setup, *(line for step in lesson.steps for line in step.solve)]
    lines += [line for _, line in prose.commands(lesson.sections, lesson.shown)]
    naming = " ".join(NAMING.findall("\n".join(lines)))
    used = set(names_in(naming))
    return {word for value in used for word in lesson.rules[value].pick}


def test_no_two_lessons_give_one_name():
    """A host name or a colour may be the same in many: it is in nobody's way."""
    given = {name: names_it_may_give(name) for name in LESSONS}
    assert all(given.values())
    for one, other in itertools.combinations(LESSONS, 2):
        assert given[one] & given[other] == set(), f"{one} and {other}"


def alone(name: str) -> AbstractContextManager[object]:
    """No other proof of the lesson goes on meanwhile.

    A port, or an ID of labshell-runc, is one on the whole machine.
    """
    shared = Path(os.environ[workshop.DIRECTORY])
    return files.locked(shared / f"proof-{name.replace('/', '-')}")


def unproved(name: str, walks: int = len(SEEDS)) -> list[Finding]:
    """What a proof of the lesson finds wrong."""
    with alone(name):
        return [found for found in prove(name, walks=walks) if found.verdict != PASSED]


@pytest.mark.require("root", "overlay")
@pytest.mark.patience(PATIENCE)
@pytest.mark.parametrize("name", LESSONS)
def test_the_lesson_proves_itself(name):
    need(*library.find(name).programs)
    assert unproved(name) == []


@pytest.mark.require("root", "overlay")
@pytest.mark.patience(PATIENCE)
@pytest.mark.parametrize("name", [x for x in LESSONS if library.find(x).docker])
def test_it_does_so_where_docker_is_not_installed(name, no_docker):
    need(*library.find(name).programs)
    assert unproved(name, walks=1) == []
