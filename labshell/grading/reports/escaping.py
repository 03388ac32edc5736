"""What students wrote, as text that stays text, wherever a report is read.

    terminal, all    what is not printable is shown as what it is: `\\x1b`
    CSV              a cell that a spreadsheet would take for a formula gets a `'`
    XML, HTML        <, >, & and quotes as entities; XML 1.0 has no control characters
                     at all, so none is left before
    Markdown         each punctuation mark with a backslash: no link, image or HTML

Not printable are also marks that turn the direction of writing, and half a surrogate.

Sources: OWASP, "CSV Injection"; https://www.w3.org/TR/xml/#charsets;
https://spec.commonmark.org/0.31.2/#backslash-escapes
Try it: `lab grade --assignment layers-1 -o OUT --report feedback`
"""

import csv
import html
import io
import re
from collections.abc import Iterable

from labshell.views.tables import printable

_LONGEST = 2000  # characters of a cell; spreadsheets take 32,767
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")


def cell(value: object) -> str:
    """A cell that is text to every spreadsheet; numbers stay what they are."""
    text = printable(str(value))[:_LONGEST]
    is_number = isinstance(value, int | float)
    begins = text.lstrip().startswith(_FORMULA)
    return f"'{text}" if begins and not is_number else text


def sheet(rows: Iterable[Iterable[object]]) -> str:
    """Rows of cells as CSV (RFC 4180)."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([cell(value) for value in row] for row in rows)
    return text.getvalue()


def markup(text: str) -> str:
    """Text for HTML, between tags or as an attribute's value."""
    return html.escape(printable(text))


def markdown(text: str) -> str:
    """Text for Markdown, in a paragraph or a list."""
    return _PUNCTUATION.sub(r"\\\1", printable(text))
