"""Sheets: the small tables that a teacher keeps beside an assignment.

    roster.csv  received.csv  overrides.csv  accommodations.csv

They are written by hand or by a spreadsheet, so mistakes are normal: each error names
the file and the line. A sheet is read to its end before anything of it counts, so one
bad line cannot leave half of it in force.

Source: RFC 4180
Try it: add a line to roster.csv that has three cells, then `lab assignment lint`
"""

import csv
import io
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from engine.errors import EngineError

_YEARS = 1970, 2999
_LARGEST = 16 << 20  # bytes


class SheetError(EngineError):
    """A table that a teacher keeps is not as it should be."""


class Line(NamedTuple):
    """One line: its cells by column, and how errors call its place."""

    where: str
    cells: dict[str, str]

    def problem(self, what: str, hint: str) -> SheetError:
        """An error that names the file and the line."""
        return SheetError(f"{self.where}: {what}", hint)


def read_sheet(
    path: Path, columns: Sequence[str], optional: Sequence[str] = ()
) -> list[Line]:
    """Every line below the headings; none if there is no such file.

    SheetError if the headings are others, a line has too many cells or too few, or it
    is no text.
    """
    wanted = f"`{','.join(columns)}`"
    how = f"The first line must be {wanted}, then one line for each."
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
        # A spreadsheet puts a byte order mark in front, and nobody sees it.
        text = data.decode("utf-8-sig")
        if len(data) > _LARGEST:
            raise SheetError(f"{path}: larger than {_LARGEST >> 20} MB", how)
        reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        headings = [name.strip() for name in reader.fieldnames or ()]
        extra = set(headings) - set(columns)
        if len(set(headings)) < len(headings) or set(columns) - set(headings):
            raise SheetError(f"{path}: line 1: {wanted} is needed", how)
        if extra - set(optional):
            raise SheetError(f"{path}: line 1: no column is called {min(extra)!r}", how)
        reader.fieldnames = headings
        return [_line(row, f"{path}: line {reader.line_num}", how) for row in reader]
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        why = getattr(error, "strerror", None) or error
        raise SheetError(f"{path}: it cannot be read: {why}", how) from error


def moment(text: str) -> datetime:
    """A time as in "2026-12-01T23:59+01:00". ValueError if it is none of this age.

    Days are added to it and zones are changed: neither may lead out of the calendar.
    """
    found = datetime.fromisoformat(text)
    if not _YEARS[0] <= found.year <= _YEARS[1]:
        raise ValueError(f"the year {found.year} is not meant")
    return found


def with_zone(moment: datetime) -> str:
    """A time that has no zone as it may be typed instead; of a day alone, its end."""
    if not (moment.hour or moment.minute):
        moment = moment.replace(hour=23, minute=59)
    return moment.replace(tzinfo=UTC).isoformat(timespec="minutes")


def _line(row: dict[str, str], where: str, how: str) -> Line:
    if None in row:
        raise SheetError(
            f"{where}: a cell for each column is needed, and there are more",
            'Put a text with a comma in it in quotes: "late, but ill".',
        )
    if None in row.values():
        raise SheetError(f"{where}: a cell for each column is needed", how)
    return Line(where, {name: cell.strip() for name, cell in row.items()})
