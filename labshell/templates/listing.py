r"""Listings: one template for each of many rows, with a line of headings for a table.

    --format '{{.Names}}: {{.Status}}'         each row, filled in
    --format 'table {{.Names}}\t{{.Status}}'   columns, below their headings
    --format table                             the columns one sees without --format
    --format json                              an object a line

The headings come from the template, too: it is filled once with the heading of each
field in the place of its value.

Source: docker/cli, cli/command/formatter
Try it: `lab ps --format 'table {{.ID}}\t{{.Names}}'`
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from labshell.templates import render
from labshell.templates.functions import FUNCTIONS
from labshell.templates.printing import as_json
from labshell.views.tables import table

Row = Mapping[str, Any]  # a field's name -> a text, or a function of texts
_ESCAPES = ((r"\t", "\t"), (r"\n", "\n"))  # as they are typed between single quotes

# What shapes a value leaves a heading as it is.
_AS_HEADING = FUNCTIONS | {
    name: (lambda heading, *_: heading, FUNCTIONS[name][1])
    for name in ("json", "join", "split", "lower", "upper", "title", "truncate")
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A kind of row: the heading of each field, and the fields of its usual table."""

    headings: Mapping[str, str]
    columns: tuple[str, ...]

    def show(self, form: str | None, rows: Iterable[Row]) -> Iterator[str]:
        """What to print, line by line; None is the usual table."""
        if form == "json":
            return map(as_json, rows)
        if form is None or form.strip() == "table":
            return iter([self.usual(rows)])
        form = as_typed(form)
        if form.startswith("table "):
            return iter([self._table(form.removeprefix("table ").strip(), rows)])
        return (render(form, row) for row in rows)

    def usual(self, rows: Iterable[Row]) -> str:
        """The table with the usual columns."""
        headings = [self.headings[name] for name in self.columns]
        return table(headings, [[row[name] for name in self.columns] for row in rows])

    def _table(self, form: str, rows: Iterable[Row]) -> str:
        headings = render(form, {**self.headings, "Label": _words}, _AS_HEADING)
        lines = [headings, *(render(form, row) for row in rows)]
        cells = [line.split("\t") for line in lines]
        widest = max(map(len, cells))
        cells = [[*line, *[""] * (widest - len(line))] for line in cells]
        return table(cells[0], cells[1:])


def as_typed(form: str) -> str:
    r"""The form with `\t` and `\n` (as typed in a shell) made what they mean."""
    for typed, meant in _ESCAPES:
        form = form.replace(typed, meant)
    return form


def _words(label: str) -> str:
    """The heading for one label: `org.example.build-date` is "build date"."""
    return label.rpartition(".")[2].replace("-", " ").replace("_", " ")
