"""Colours of the shell's own short lines: a sign or two, and none where none belong.

NO_COLOR (https://no-color.org), TERM=dumb and an output that is no terminal all mean
plain text. Longer pictures are drawn with rich, which knows the same rules; importing
it costs 50 ms, too much for a line like `- process 4711 sleep`.

Try it: `export NO_COLOR=1` in the shell.
"""

import os
import sys

_CODES = {"green": "32", "red": "31", "yellow": "33", "cyan": "36", "dim": "2"}


def in_colour() -> bool:
    """May what we print have colours?"""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM", "dumb") == "dumb"
    return sys.stdout.isatty() and not plain


def painted(text: str, colour: str) -> str:
    """`text` in a colour, where colours are wanted."""
    return f"\x1b[{_CODES[colour]}m{text}\x1b[0m" if in_colour() else text
