"""Former marks: what an OUT holds already when a whole class is graded into it.

    lab grade a/ …       rows of who is in a/
    lab grade b/ …       refused: of b/ alone, everybody in a/ would be missing
    lab grade a/ b/ …    both

A folder shows who has handed in nothing, and so it makes them missing; but only a
folder in which their file would be. Whose file lay in one that is not graded now has
lost nothing, and keeps the row until somebody says what is meant. A file that is gone
from the folder itself was taken away by its owner: that is told.

Try it: `lab grade a/ --assignment layers-1 -o OUT`, and the same with b/
"""

import contextlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from engine.errors import InvalidArgument
from labshell.grading import kept
from labshell.grading.keeping import FILE, read_grading, read_looks
from labshell.grading.kept import MarksError, read_kept
from labshell.grading.part import named
from labshell.grading.rows import MISSING, Row


class Former:
    """The rows that an OUT holds, and the files that they are of."""

    def __init__(self, out: Path) -> None:
        """What is damaged there is no obstacle: to grade anew is what mends it."""
        self._out, self._assignment = out, ""
        self._rows: dict[str, Row] = {}
        self._files: list[Path] = []
        with contextlib.suppress(MarksError):
            if (out / kept.FILE).exists():
                marks = read_kept(out)
                self._assignment, self._rows = marks.assignment, marks.rows
            if (out / FILE).exists():
                self._files = list(read_grading(out).files)

    def refuse_loss(
        self, assignment: str, files: Iterable[Path], folders: Sequence[Path]
    ) -> None:
        """InvalidArgument if a grading of these would take a row away unasked."""
        if self._assignment not in ("", assignment):
            raise InvalidArgument(
                f"-o {self._out}: marks of {self._assignment[:60]!r} are there, "
                f"not of {assignment}",
                "Marks of each assignment need a folder of their own.",
            )
        here, names = [f.resolve() for f in folders], {file.name for file in files}
        lost = {
            path.name: path.parent
            for path in self._files
            if path.name not in names
            and not any(path.resolve().is_relative_to(folder) for folder in here)
        }
        looks = [look for look in read_looks(self._out) if look.file in lost]
        if whose := sorted({one.student for one in looks if one.student}):
            raise InvalidArgument(
                f"-o {self._out}: marks of {named(whose)} are there, by files of "
                f"{lost[looks[0].file]}, which is not graded now",
                "Name both folders, and all is graded; or give another -o OUT.",
            )

    def told(self, rows: Iterable[Row]) -> list[str]:
        """What is to be said of who had a file before, and is missing now."""
        gone = [
            row.student
            for row in rows
            if row.status == MISSING
            and row.student in self._rows
            and self._rows[row.student].file
        ]
        says = "had marks before; the file is not there any more"
        return [f"{named(gone)}: {says}"] if gone else []
