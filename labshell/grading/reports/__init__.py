"""Reports: the marks of a class as a table to read, and as files for other programs.

Every report is made of the same `Marks`, so that no two can disagree:

    marks.py       what a report is made of: the assignment, its rows, who is who
    people.py      the roster's names, for gradebooks alone
    escaping.py    what students wrote is text, in CSV, XML, HTML and Markdown
    wording.py     what is said to students, in their language
    table.py       … on a terminal

    FORMAT         FILES below OUT               module, which names its source
    (always)       marks.json, marks.csv         marks_json.py, sheet.py
    junit          junit.xml                     junit.py
    gradescope     gradescope/s001.json          gradescope.py
    github         github/s001.base64 …          github.py
    canvas         canvas.csv                    canvas.py
    moodle         moodle.csv                    moodle.py
    nbgrader       nbgrader.csv                  nbgrader.py
    feedback       feedback/s001.md, .html       feedback.py, feedback_page.py: page.py
    class          class.html                    class_page.py: class_numbers.py, and
                                                 disclosure.py, what may be shown

A file is there whole, or as it was before.

Try it: `lab grade class/ --assignment layers-1 -o OUT --report junit --report canvas`
"""

from collections.abc import Collection
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from labshell.grading.kept import FILE
from labshell.grading.reports.marks import Marks
from labshell.lessons import saving

ALWAYS = ("marks_json", "sheet")


class Format(NamedTuple):
    """Where below OUT a report is, and the modules that write it."""

    place: str
    modules: tuple[str, ...]


FORMATS = {
    "junit": Format("junit.xml", ("junit",)),
    "gradescope": Format("gradescope", ("gradescope",)),
    "github": Format("github", ("github",)),
    "canvas": Format("canvas.csv", ("canvas",)),
    "moodle": Format("moodle.csv", ("moodle",)),
    "nbgrader": Format("nbgrader.csv", ("nbgrader",)),
    "feedback": Format("feedback", ("feedback", "feedback_page")),
    "class": Format("class.html", ("class_page",)),
}


def write(marks: Marks, out: Path, formats: Collection[str] = ()) -> list[str]:
    """Write marks.json, marks.csv and the reports that are asked for, into `out`.

    Which others are there that were made of other marks, and now disagree.
    """
    before = _bytes(out / FILE)
    modules = [*ALWAYS, *(one for name in formats for one in FORMATS[name].modules)]
    for module in dict.fromkeys(modules):
        for name, text in import_module(f"{__name__}.{module}").files(marks):
            path = out / name
            saving.make_directory(path.parent)
            with saving.whole(path, durable=module in ALWAYS) as file:
                # Half a surrogate has no UTF-8; `\ud800` is the same in JSON.
                file.write(text.encode(errors="backslashreplace"))
    if _bytes(out / FILE) == before:
        return []
    others = [name for name in FORMATS if name not in formats]
    return [name for name in others if (out / FORMATS[name].place).exists()]


def _bytes(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""
