"""Tables of plain text: a line of headings, columns three spaces apart.

What is shown comes from outside: a label, an image's history, a program's name may
hold escape sequences that would repaint the terminal, or a line break that fakes a
row. So everything that is not printable is shown as what it is: `\\x1b`.

Wide characters (CJK) take two columns of a terminal; see `width`.

Try it: `lab run --label $'a=\\e[31mred' --name box busybox true; lab inspect box`
"""

from collections.abc import Sequence

_NARROWEST = 8  # columns, to which a column that gives way may be cut


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The rows below their headings, each column as wide as its widest cell."""
    lines = [list(headings), *([printable(cell) for cell in row] for row in rows)]
    widths = [max(7, *map(width, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "   ".join(
            padded(cell, wide) for cell, wide in zip(line, widths, strict=True)
        ).rstrip()
        for line in lines
    )


def fitted(
    headings: Sequence[str], rows: Sequence[Sequence[str]], most: int, gives_way: int
) -> str:
    """The table in `most` columns of a terminal, if it can be done.

    First columns that hold nothing are left out, then column `gives_way` is cut short.
    """
    whole = table(headings, rows)
    if _widest(whole) <= most or not rows:
        return whole
    full = [
        n for n in range(len(headings)) if n == gives_way or any(r[n] for r in rows)
    ]
    headings = [headings[n] for n in full]
    rows = [[row[n] for n in full] for row in rows]
    place = full.index(gives_way)
    excess = _widest(table(headings, rows)) - most
    longest = max(width(row[place]) for row in rows)
    room = longest if excess <= 0 else max(_NARROWEST, longest - excess)
    return table(
        headings,
        [
            [shorten(c, room) if n == place else c for n, c in enumerate(row)]
            for row in rows
        ],
    )


def _widest(text: str) -> int:
    return max(map(width, text.splitlines()))


def printable(text: str) -> str:
    """The text with everything that could act on a terminal made visible."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def width(text: str) -> int:
    """How many columns of a terminal the text takes."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(
        0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text
    )


def padded(text: str, wide: int) -> str:
    """The text, with spaces behind it up to so many columns of a terminal."""
    return text + " " * (wide - width(text))


def shorten(text: str, most: int) -> str:
    """The text, cut to `most` columns of a terminal with an ellipsis at the end."""
    if width(text) <= most:
        return text
    kept = text[: most - 1]
    while width(kept) >= most:
        kept = kept[:-1]
    return kept + "…"
