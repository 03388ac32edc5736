"""An item whose machine lacks what it needs is not graded, and costs nothing."""

import os

import pytest

from labshell.grading.assignment import AssignmentError
from labshell.grading.kit import lint
from labshell.grading.needs import Machine, this_machine
from labshell.grading.reports.table import as_table
from labshell.grading.rows import GRADED, PARTIAL, UNGRADED
from tests.grading.courses import Course


def needing(course: Course, needs: str, items: str = "clean recipe word") -> Course:
    """The course, with needs of these items."""
    for item in items.split():
        course.replace(f"id: {item}\n", f"id: {item}\n    needs: {needs}\n")
    return course


def test_what_this_machine_lacks_is_told_and_no_zero(course: Course) -> None:
    needing(course, "{arch: vax}", "clean")
    row = course.grade(course.hand_in("s001", course.solved("s001")))["s001"]
    assert (row.status, row.earned) == (PARTIAL, 3)
    assert {check.verdict for check in row.items[0].checks} == {"could not run"}
    said = row.items[0].checks[0].message
    assert said.endswith(f"this machine is {os.uname().machine}, and vax is needed.")


def test_where_nothing_can_be_graded_the_row_is_ungraded(course: Course) -> None:
    other = 3 - this_machine().cgroup
    needing(course, f"{{cgroup: {other}}}")
    row = course.grade(course.hand_in("s001", course.solved("s001")))["s001"]
    assert row.status == UNGRADED
    assert "The check could not run" in as_table([row])
    assert f"and {other} is needed" in row.items[1].checks[0].message


def test_what_is_here_is_graded(course: Course) -> None:
    here = this_machine()
    needing(course, f"{{cgroup: {here.cgroup}, arch: {here.arch}}}")
    row = course.grade(course.hand_in("s001", course.solved("s001")))["s001"]
    assert (row.status, row.earned) == (GRADED, 10)


def test_a_script_is_not_run_where_its_item_cannot_be_graded(course: Course) -> None:
    course.replace("values:", "bases: [busybox]\nvalues:")
    course.replace("kind: file", "kind: run")
    course.replace("file: Dockerfile", "run: solve.sh")
    assert [script.name for script in course.assignment.scripts] == ["solve.sh"]
    needing(course, "{arch: vax}", "recipe")
    assert course.assignment.scripts == ()


def test_what_is_not_needed_does_not_matter() -> None:
    assert Machine(cgroup=1, arch="aarch64").lacks(Machine()) == ""


@pytest.mark.parametrize(
    ("needs", "says"),
    [
        ("{cgroup: 3}", "items.word.needs.cgroup: 1 or 2"),
        ("{cgroup: two}", "items.word.needs.cgroup: a whole number"),
        ("{arch: ../x}", "items.word.needs.arch: as `uname -m`"),
        ("{kernal: 6}", "items.word.needs.kernal: there is no such field"),
    ],
)
def test_needs_that_are_none_are_named(course: Course, needs: str, says: str) -> None:
    with pytest.raises(AssignmentError) as caught:
        lint(needing(course, needs, "word").folder)
    assert says in caught.value.message
