"""The tree of a template: what the parser makes and the evaluator walks.

    {{if eq .State.Pid 0}}down{{else}}up{{end}}

    Branch(if) ── pipe:      Pipe ── Command: Function(eq)  Path(.State.Pid)  Literal(0)
               ├─ body:      "down"
               └─ otherwise: "up"

`place` is where something begins in the template and `text` how it is written there,
for errors that point at it.
"""

from typing import Any, NamedTuple


class Literal(NamedTuple):
    """A text, a number, true, false or nil."""

    value: Any
    place: int
    text: str


class Function(NamedTuple):
    """A function by its name."""

    name: str
    place: int

    @property
    def text(self) -> str:
        """As it is written."""
        return self.name


class Path(NamedTuple):
    """Fields of fields of something: of the dot (None), a variable, a pipe.

    `places` are where the names of the fields begin.
    """

    start: "str | Pipe | None"
    names: tuple[str, ...]
    places: tuple[int, ...]
    place: int
    text: str


Operand = Literal | Function | Path


class Command(NamedTuple):
    """A function and its arguments, or a value alone."""

    operands: tuple[Operand, ...]
    place: int
    text: str


class Pipe(NamedTuple):
    """Commands; each gets what the one before gave as its last argument.

    `variables` take the result: `$x := …` makes them, `$x = …` changes one.
    """

    variables: tuple[str, ...]
    declares: bool
    commands: tuple[Command, ...]
    place: int


class Branch(NamedTuple):
    """An `if`, a `with` or a `range`: what it holds, and what its `else` holds."""

    kind: str
    pipe: Pipe
    body: "Nodes"
    otherwise: "Nodes"


Nodes = tuple[str | Pipe | Branch, ...]
