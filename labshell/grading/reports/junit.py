"""junit.xml: what test reporters of CI systems show.

    <testsuites name="layers-1">
      <testsuite name="s001">                       a student
        <testcase classname="clean" name="…"/>      a check
          <failure>  the work      <error>  the grader, or what cannot be read

Points are properties of the suite, because JUnit knows passed and failed only.

Source: https://github.com/testmoapp/junitxml
Try it: `lab grade --assignment layers-1 -o OUT --report junit; cat OUT/junit.xml`
"""

from collections.abc import Iterator
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from labshell.grading.reports.marks import Marks
from labshell.grading.reports.wording import by_hand
from labshell.grading.rows import (
    GRADED,
    LATE,
    MISSING,
    NOT_LOOKED_AT,
    CheckMark,
    Row,
)
from labshell.lessons.outcomes import COULD_NOT_RUN, PASSED
from labshell.views.tables import printable


def files(marks: Marks) -> Iterator[tuple[str, str]]:
    """The file and its text."""
    root = Element("testsuites", name=marks.assignment.name)
    for row in marks.rows:
        root.append(_suite(row))
    _count(root)
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode", xml_declaration=False)
    yield "junit.xml", f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _suite(row: Row) -> Element:
    suite = Element("testsuite", name=printable(row.student))
    properties = SubElement(suite, "properties")
    for name in ("status", "earned", "maximum", "share"):
        value = printable(str(getattr(row, name)))
        SubElement(properties, "property", name=name, value=value)
    for item in row.items:
        if item.override:
            case = SubElement(suite, "testcase", classname=item.item, name="by hand")
            if item.earned < item.maximum:
                points = f"{item.earned}/{item.maximum}"
                _because(case, "failure", "by hand", f"{points}: {by_hand(item)}")
            continue
        for check in item.checks:
            if check.verdict == NOT_LOOKED_AT:
                continue  # the row says why
            case = SubElement(suite, "testcase", classname=item.item, name=check.check)
            _tell(case, check)
    if not row.looked_at and row.status not in (GRADED, LATE):
        case = SubElement(suite, "testcase", classname="submission", name=row.status)
        kind = "failure" if row.status == MISSING else "error"
        _because(case, kind, row.status, row.note or row.status)
    _count(suite)
    return suite


def _tell(case: Element, check: CheckMark) -> None:
    if check.verdict == PASSED:
        return
    kind = "error" if check.verdict == COULD_NOT_RUN else "failure"
    points = f"{check.earned}/{check.maximum}"
    _because(case, kind, check.verdict, f"{points}: {check.message}")


def _because(case: Element, kind: str, type: str, message: str) -> None:
    text = printable(message)
    SubElement(case, kind, type=type, message=text).text = text


def _count(element: Element) -> None:
    for name, tag in (
        ("tests", "testcase"),
        ("failures", "failure"),
        ("errors", "error"),
    ):
        element.set(name, str(sum(1 for _ in element.iter(tag))))
