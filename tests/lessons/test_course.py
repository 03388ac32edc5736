"""The course kit speaks of lessons and mutants that there are."""

import re

from labshell.lessons import library, mutants

TEXT = (library.OURS / "COURSE.md").read_text()
PLANNED = re.compile(r"`([a-z]+/[a-z0-9-]+)`")


def test_every_lesson_has_its_week():
    assert set(PLANNED.findall(TEXT)) == set(library.names())


def test_every_mutant_has_its_week():
    planned = "\n".join(line for line in TEXT.splitlines() if "Mutant" in line)
    assert set(re.findall(r"`([a-z]+)`", planned)) == set(mutants.names())


def test_a_lesson_comes_after_those_that_it_needs():
    order = PLANNED.findall(TEXT)
    for name in order:
        for needed in library.find(name).needs:
            assert order.index(needed) < order.index(name), f"{name} needs {needed}"


def test_there_are_twelve_weeks():
    assert re.findall(r"^### (\d+) ·", TEXT, re.M) == [str(n) for n in range(1, 13)]
