"""Lines that bash would hand to `lab` as they stand: they are run without bash.

    lab run -d --name box busybox sleep 1000      plain
    lab exec box sh -c 'echo $HOME > /note'       plain: in '…' bash changes nothing
    lab rm -f $(lab ps -aq)                       from here on, bash

A script begins with such lines more often than not. One copy of the warm `lab` runs
them one after the other: no process for each that asks, and none that answers. Where a
line is not plain, bash may hold something that the next one needs (a variable, a
directory), so all that follows is bash's.

man: bash(1) on QUOTING
Try it: `:panic` in a lesson, and beside it `pgrep -af warm_client`
"""

import re
import shlex
from typing import NamedTuple

_WORD = r"""(?:[\w./:=,@%+-]|'[^'\n]*'|"[^"$`\\!\n]*")+"""
_LINE = rf"lab [a-z]+(?: +{_WORD})* *"  # no option of `lab` itself
_PLAIN = re.compile(
    rf"(?P<line>{_LINE})(?:\n|\Z)|"
    rf"\{{ (?P<may_fail>{_LINE})\n\}} \|\| true(?:\n|\Z)|"
    r" *(?:#.*)?\n",
    re.ASCII,
)


class Line(NamedTuple):
    """The words after `lab`, and whether the script goes on if they fail."""

    words: list[str]
    may_fail: bool


def split(script: str) -> tuple[list[Line], str]:
    """The plain lines that a script begins with, and the rest, which is for bash."""
    lines, position = [], 0
    while found := _PLAIN.match(script, position):
        position = found.end()
        may_fail = found["may_fail"] is not None
        if text := found["line"] or found["may_fail"]:
            words = shlex.split(text)[1:]
            lines.append(Line(words=words, may_fail=may_fail))
    return lines, script[position:]
