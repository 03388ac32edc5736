"""gradescope/s001.json: results.json as Gradescope's autograders write it.

    score        all points, after what lateness costs
    tests        one for each check: score, max_score, status, output, visibility
    visibility   a hidden check is shown "after_published", the others at once

Everything is "text", so that nothing which a student wrote is taken for HTML.

Source: https://gradescope-autograders.readthedocs.io/en/latest/specs/
Try it: `lab assignment gradescope layers-1 -o autograder.zip`
"""

import json
from collections.abc import Iterator
from typing import Any

from labshell.grading.reports.marks import Marks
from labshell.grading.reports.wording import by_hand, remarks
from labshell.grading.rows import MISSING, CheckMark, ItemMark, Row
from labshell.lessons.outcomes import PASSED
from labshell.messages import translate
from labshell.views.tables import printable


def files(marks: Marks) -> Iterator[tuple[str, str]]:
    """A file for each student who handed something in, and its text."""
    for row in marks.rows:
        if row.status != MISSING:
            text = json.dumps(results(row), indent=2, ensure_ascii=False)
            yield f"gradescope/{row.student}.json", f"{text}\n"


def results(row: Row) -> dict[str, Any]:
    """The results of one submission, as Gradescope reads them."""
    return {
        "score": row.earned,
        "output": printable(" ".join(remarks(row))),
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "extra_data": {"status": row.status, "share": row.share, "limit": row.limit},
        "tests": [test for item in row.items for test in _tests(item)],
    }


def _tests(item: ItemMark) -> Iterator[dict[str, Any]]:
    if not item.override:
        yield from (_test(item.item, check) for check in item.checks)
        return
    yield {
        "name": item.item,
        "score": item.earned,
        "max_score": item.maximum,
        "status": "passed" if item.earned == item.maximum else "failed",
        "output": printable(by_hand(item)),
        "visibility": "visible",
    }


def _test(item: str, check: CheckMark) -> dict[str, Any]:
    is_hidden = check.check.startswith("hidden:")
    return {
        "name": f"{item}: {check.check.partition(':')[2]}",
        "score": check.earned,
        "max_score": check.maximum,
        "status": "passed" if check.verdict == PASSED else "failed",
        "output": printable(translate(check.message)),
        "visibility": "after_published" if is_hidden else "visible",
    }
