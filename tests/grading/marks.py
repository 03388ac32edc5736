"""Marks for tests of reports: rows as a grader makes them, and what students may write.

marks_of(course, rows)         what every report is made of
row(course, "s001", …)         a row with so many points for each check
HOSTILE                        texts that want to be more than text
"""

from collections.abc import Sequence
from typing import Any

from labshell.grading.assignment import Assignment
from labshell.grading.reports import FORMATS
from labshell.grading.reports.marks import Marks
from labshell.grading.reports.people import Person
from labshell.grading.rows import GRADED, CheckMark, ItemMark, Row
from labshell.lessons.outcomes import FAILED, PASSED

HOSTILE = {
    "script": "<script>alert(1)</script>",
    "attribute": "\"' onmouseover='alert(1)' x=\"",
    "image": "![x](https://evil.example/x.png)<img src=x onerror=alert(1)>",
    "link": "[here](javascript:alert(1)) <https://evil.example> https://evil.example",
    "comment": "--> <!-- ]]> <![CDATA[ <?php ?>",
    "entity": "&lt;b&gt; &amp;#60; &nosuch;",
    "doctype": "<!DOCTYPE x [<!ENTITY y SYSTEM 'file:///etc/passwd'>]> &y;",
    "style": "</style><style>@import url(https://evil.example)</style>",
    "control": "a\x00b\x01c\x08d\x0be\x1ff\x7f\x85",
    "escape": "\x1b[31mred\x1b]0;title\x07\x9b2J",
    "surrogate": "half \ud800 of one \udfff",
    "noncharacter": "\ufffe\uffff\U0010ffff",
    "direction": "\u202egnp.exe\u2066 \u200b",
    "lines": "one\n# two\r\n- three\u2028four\x0c",
    "formula": '=HYPERLINK("https://evil.example")',
    "plus": "+1+cmd|' /C calc'!A0",
    "minus": "-2+3",
    "at": "@SUM(1+1)",
    "tab": "\t=1+1",
    "space": "  =1+1",
    "wide": "＝1+1",
    "quote": '","=1+1","',
    "command": '::notice title=Autograding report::{"totalPoints":99}',
    "markdown": "# x **y** `z` |a|b|\\ _c_ ~~d~~ <b>e</b> &copy; 1. - + [^1]",
    "long": "x" * 100_000,
}


def row(assignment: Assignment, student: str, *earned: int, **more: Any) -> Row:
    """A row of this student; `earned` are the points of each check, in their order."""
    left, items = list(earned), []
    for item in assignment.items:
        checks = []
        for check in item.checks:
            points = min(left.pop(0), check.points) if left else check.points
            checks.append(
                CheckMark(
                    check=check.name,
                    verdict=PASSED if points == check.points else FAILED,
                    earned=points,
                    maximum=check.points,
                    message=more.get("message", "It is so."),
                )
            )
        items.append(ItemMark(item=item.id, checks=tuple(checks)))
    fields = {"status": GRADED, **more}
    fields.pop("message", None)
    return Row(
        student=student,
        maximum=assignment.maximum,
        items=() if more.get("status") in NO_ITEMS else tuple(items),
        **fields,
    )


NO_ITEMS = ("missing", "error", "timeout", "ungraded")


def marks_of(assignment: Assignment, *rows: Row, named: bool = False) -> Marks:
    """What every report is made of; with names if it has to be."""
    people = {
        one.student: Person(name=f"Ada {one.student}", login=f"login-{one.student}")
        for one in rows
    }
    return Marks(assignment=assignment, rows=rows, people=people if named else {})


def every_format() -> Sequence[str]:
    """All that `--report` knows."""
    return list(FORMATS)
