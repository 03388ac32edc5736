"""marks.json: all that is known of a class, for programs.

Source: its schema is in labshell/grading/rows.py
Try it: `python3 -m json.tool OUT/marks.json`
"""

import json
from collections.abc import Iterator

from labshell.grading.kept import FILE
from labshell.grading.reports.marks import Marks


def files(marks: Marks) -> Iterator[tuple[str, str]]:
    """The file and its text."""
    yield FILE, json.dumps(marks.to_json(), indent=2, ensure_ascii=False) + "\n"
