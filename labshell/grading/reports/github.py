"""github/s001.base64: what GitHub Classroom's reporter reads; and a workflow for it.

    base64 of {"version": 1, "status": "pass", "max_score": 10,
               "tests": [{"name": "clean", "status": "pass", "score": 7, …}]}

Classroom adds up the scores of `tests`, and shows them out of `max_score`: so there is
one test for each item, each after what lateness costs. The workflow is for a repository
that students can change: nothing hidden may be there, and no key. So it looks with the
visible checks of the kit alone (`--visible`), at the file mine.tar. The reporter prints
messages, and a line `::notice …` of a step is a command: so none is left in them.

Source: classroom-resources/autograding-grading-reporter, src/main.js and
src/notify-classroom.js
Try it: `lab grade --assignment layers-1 -o OUT --report github; base64 -d OUT/github/*`
"""

import base64
import json
from collections.abc import Iterator
from typing import Any

from labshell.grading.reports.marks import Marks
from labshell.grading.reports.wording import messages
from labshell.grading.rows import MISSING, ItemMark, Row
from labshell.lessons.outcomes import COULD_NOT_RUN, PASSED
from labshell.views.tables import printable

PASS, FAIL, ERROR = "pass", "fail", "error"
_WORKFLOW = """\
# Goes to .github/workflows/classroom.yml of the repository that students start from,
# beside the files of the kit. LABSHELL_REPOSITORY is a variable of your organisation:
# where labshell's source is, as in `somebody/labshell`.
name: labshell
on: [push, workflow_dispatch]
permissions: {checks: write, actions: read, contents: read}
jobs:
  grade:
    runs-on: ubuntu-latest
    timeout-minutes: 15
    steps:
      - uses: actions/checkout@v4
      - uses: actions/checkout@v4
        with:
          repository: ${{ vars.LABSHELL_REPOSITORY }}
          path: .labshell
      - name: Look at mine.tar with the visible checks
        id: labshell
        run: |
          sudo .labshell/lab grade mine.tar --assignment . --visible \\
              -o .marks --report github || true
          echo "result=$(sudo cat .marks/github/*.base64)" >> "$GITHUB_OUTPUT"
      - uses: classroom-resources/autograding-grading-reporter@v1
        env:
          LABSHELL_RESULTS: ${{ steps.labshell.outputs.result }}
        with:
          runners: labshell
"""


def files(marks: Marks) -> Iterator[tuple[str, str]]:
    """A file for each student who handed something in, and the workflow."""
    yield "github/classroom.yml", _WORKFLOW
    for row in marks.rows:
        if row.status != MISSING:
            data = json.dumps(result(row)).encode()
            name = f"github/{row.student}.base64"
            yield name, base64.b64encode(data).decode() + "\n"


def result(row: Row) -> dict[str, Any]:
    """What the reporter reads; its scores add up to what the row has earned."""
    hundredths = [round(item.earned * row.share * 100) for item in row.items]
    if hundredths:
        hundredths[-1] += round(row.earned * 100) - sum(hundredths)
    tests = [
        _test(item, score // 100 if score % 100 == 0 else score / 100)
        for item, score in zip(row.items, hundredths, strict=True)
    ]
    if not tests:
        tests = [_named("submission", ERROR, 0, row.note or row.status)]
    found = {test["status"] for test in tests}
    status = next((one for one in (ERROR, FAIL) if one in found), PASS)
    head = {"version": 1, "status": status, "max_score": row.maximum}
    return {**head, "tests": tests}


def _test(item: ItemMark, score: float) -> dict[str, Any]:
    verdicts = {check.verdict for check in item.checks}
    status = PASS if verdicts == {PASSED} else FAIL
    if COULD_NOT_RUN in verdicts:
        status = ERROR
    if item.override:
        status = PASS if item.earned == item.maximum else FAIL
    return _named(item.item, status, score, messages(item))


def _named(name: str, status: str, score: float, message: str) -> dict[str, Any]:
    return {
        "name": name,
        "status": status,
        "score": score,
        "message": _no_command(printable(message)),
        "test_code": "",
        "filename": "",
        "line_no": 0,
    }


def _no_command(text: str) -> str:
    """Text that is no command where a step prints it: `::notice …` would be points."""
    return text.replace("::", ": :").replace("##[", "## [")
