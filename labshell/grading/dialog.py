"""A dialog: somebody types into a script, on a terminal, as with `docker exec -it`.

    items:
      - id: greeter
        kind: run
        title: A program that asks for a name, and greets
        run: solve.sh
        dialog:
          - {see: "name?", type: "{{word}}"}
          - {see: "Hello, {{word}}!", seconds: 5}
        check: checks:greets

    for each line: wait until the terminal shows its text ─▶ type, and Enter
    after the last one: wait until the script ends

A text that does not come in its time (10 seconds, unless it says otherwise) ends the
dialog: the terminal is hung up. A check is told how many were seen, work.ran.seen, and
all that was shown, work.ran.output. The texts are looked for as they are: no pattern
can be made to take long by what a student prints. What is typed is shown too, as on
any terminal; so look for what only an answer can hold.

man: pty(7), termios(3) on ECHO
Try it: an item with a `dialog`, and `lab assignment try`
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from labshell.lessons.fields import Fields
from labshell.lessons.values import fill

_MOST_LINES, _LONGEST = 50, 500
_USUAL = 10  # seconds for a text to come


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A text to wait for, so many seconds, and what is typed then (None: nothing)."""

    see: str
    answer: str | None = None
    seconds: int = _USUAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Talked:
    """What came of it. `limit`: why it was stopped; `seen`: texts that were shown."""

    exit_status: int | None = None
    output: bytes
    limit: str = ""
    seen: int = 0


def filled(lines: Sequence[Line], values: Mapping[str, str]) -> tuple[Line, ...]:
    """The dialog with one student."""
    return tuple(
        replace(
            line,
            see=fill(line.see, values),
            answer=None if line.answer is None else fill(line.answer, values),
        )
        for line in lines
    )


def read_dialog(listed: Sequence[Fields]) -> tuple[Line, ...]:
    """The dialog of an item."""
    found: list[Line] = []
    for fields in listed:
        see = fields.text("see")
        answer = fields.text("type", "\n")  # a line feed: nothing that can be typed
        seconds = fields.integer("seconds", _USUAL)
        fields.done()
        if not see or max(len(see), len(answer)) > _LONGEST:
            raise fields.problem("see", f"1 to {_LONGEST} characters are needed")
        if not 0 < seconds <= 1000:
            raise fields.problem("seconds", "1 to 1000 are needed")
        if len(found) >= _MOST_LINES:
            raise fields.problem("see", f"at most {_MOST_LINES} lines")
        typed = None if answer == "\n" else answer
        found.append(Line(see=see, answer=typed, seconds=seconds))
    return tuple(found)
