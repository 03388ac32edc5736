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
from typing import Any, NamedTuple

from labshell.templates import render
from labshell.templates.functions import FUNCTIONS
from labshell.templates.printing import as_json
from labshell.views.tables import fitted, table

Row = Mapping[str, Any]  # a field's name -> a text, or a function of texts
_ESCAPES = ((r"\t", "\t"), (r"\n", "\n"))  # as they are typed between single quotes

# What shapes a value leaves a heading as it is.
_AS_HEADING = FUNCTIONS | {
    name: (lambda heading, *_: heading, FUNCTIONS[name][1])
    for name in ("json", "join", "split", "lower", "upper", "title", "truncate")
}


class Listing(NamedTuple):
    """A kind of row: the heading of each field, and the fields of its usual table.

    On a terminal too narrow for that table the field that `gives_way` is cut short.
    """

    headings: Mapping[str, str]
    columns: tuple[str, ...]
    gives_way: str

    def with_columns(self, *names: str) -> "Listing":
        """The same with more columns in its usual table, on the right."""
        return self._replace(columns=(*self.columns, *names))

    def show(
        self, form: str | None, rows: Iterable[Row], narrow: int | None = None
    ) -> Iterator[str]:
        """What to print, line by line; without a form it is the usual table.

        `narrow` is how many columns the terminal has, if it is one.
        """
        if form == "json":
            return (as_json(dict(sorted(row.items()))) for row in rows)
        if form is None or form.strip() == "table":
            return iter([self._usual(rows, narrow)])
        form = as_typed(form)
        if form.startswith("table "):
            return iter([self._table(form.removeprefix("table ").strip(), rows)])
        return (render(form, row) for row in rows)

    def _usual(self, rows: Iterable[Row], narrow: int | None) -> str:
        headings = [self.headings[name] for name in self.columns]
        cells = [[row[name] for name in self.columns] for row in rows]
        if narrow is None:
            return table(headings, cells)
        return fitted(headings, cells, narrow, self.columns.index(self.gives_way))

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
