"""feedback/s001.html: what feedback.py says, as a page to read in a browser.

Source: page.py
Try it: `lab grade --assignment layers-1 -o OUT --report feedback`, and open one
"""

from collections.abc import Iterator

from labshell.grading.reports.escaping import markup
from labshell.grading.reports.marks import Marks
from labshell.grading.reports.page import page
from labshell.grading.reports.wording import by_hand, points, remarks, said, sign
from labshell.grading.rows import NOT_LOOKED_AT, CheckMark, Row
from labshell.lessons.outcomes import COULD_NOT_RUN, PASSED

_RULES = """
ul { list-style: none; margin: .5rem 0 .25rem; padding: 0; }
li { padding: .25rem 0 .25rem 1.75rem; text-indent: -1.75rem; }
.sign { display: inline-block; width: 1.75rem; text-indent: 0; font-weight: 700; }
.passed { color: var(--good); } .failed { color: var(--bad); }
.points { font-size: 1.25rem; }
pre { overflow-x: auto; white-space: pre-wrap; overflow-wrap: anywhere; }
"""
_CLASSES = {PASSED: "passed", COULD_NOT_RUN: "quiet", NOT_LOOKED_AT: "quiet"}


def files(marks: Marks) -> Iterator[tuple[str, str]]:
    """A file for each student, and its text."""
    for row in marks.rows:
        title = f"{marks.assignment.title}: {row.student}"
        body = "\n".join(_lines(marks, row, title))
        yield f"feedback/{row.student}.html", page(title, body, _RULES)


def _lines(marks: Marks, row: Row, title: str) -> Iterator[str]:
    yield f"<h1>{markup(title)}</h1>"
    yield f'<p class="points"><strong>{markup(points(row))}</strong></p>'
    yield from (f"<p>{markup(text)}</p>" for text in remarks(row))
    titles = {
        item.id: marks.title(item, row.student) for item in marks.assignment.items
    }
    for item in row.items:
        heading = f"{titles.get(item.item, item.item)} ({item.earned}/{item.maximum})"
        yield f"<section>\n<h2>{markup(heading)}</h2>\n<ul>"
        if given := by_hand(item):
            yield f"<li>{markup(given)}</li>"
        yield from map(_entry, item.checks)
        yield "</ul>"
        if item.log:
            lines = "\n".join(map(markup, item.log.split("\n")))
            yield f"<pre>{lines}</pre>"
        yield "</section>"


def _entry(check: CheckMark) -> str:
    kind = _CLASSES.get(check.verdict, "failed")
    shown = f'<span class="sign {kind}" aria-hidden="true">{sign(check)}</span>'
    return f"<li>{shown}{markup(said(check))}</li>"
