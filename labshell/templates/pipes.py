"""Reading one action: a pipe of commands, and what they are made of.

    $x := .State.Pid | printf "%d %s" (len .Name)
    └┬┘   └───┬────┘   └──┬─┘ └──┬──┘ └────┬────┘
     │      path       function literal    a pipe in parentheses
    variable

    pipe     =  [ $name [, $name] := ]  command  { | command }
    command  =  operand { operand }
    operand  =  literal, function, or ( $name, ".", or "(" pipe ")" ) { .Field }

Try it: `lab inspect -f '{{printf "%s is %d" .Name (len .Mounts)}}' CONTAINER`
"""

from labshell.templates.failure import Failure
from labshell.templates.functions import FUNCTIONS
from labshell.templates.lexer import Word
from labshell.templates.nodes import Command, Function, Literal, Operand, Path, Pipe

DEEPEST = 50  # blocks in blocks, or parentheses in parentheses
_CONSTANTS = {"true": True, "false": False, "nil": None}
_LITERALS = ("string", "raw", "char", "number")


class Scope:
    """What is known at one place of a template: its variables, and how deep it is."""

    def __init__(self, template: str) -> None:
        self.template = template
        self.variables = ["$"]  # the innermost last
        self.depth = 0

    def deeper(self, place: int) -> None:
        """Note one more level of nesting."""
        self.depth += 1
        if self.depth > DEEPEST:
            raise Failure(f"nested deeper than {DEEPEST} levels", place)


class PipeReader:
    """The words of one action, read from the left."""

    def __init__(self, scope: Scope, words: tuple[Word, ...], place: int) -> None:
        """`place` is where the action begins."""
        self._scope, self._words, self._place = scope, words, place
        self._next = 0

    def pipe(self, what: str) -> Pipe:
        """All the words, as one pipe; `what` is what it is for, in errors."""
        pipe = self._pipe(what)
        if word := self._peek():
            raise Failure(f"unexpected {word.text!r} in {what}", word.place)
        return pipe

    def _peek(self) -> Word | None:
        return self._words[self._next] if self._next < len(self._words) else None

    def _take(self, *texts: str) -> bool:
        """Go past the next word if it is one of these signs."""
        word = self._peek()
        if word and word.kind == "sign" and word.text in texts:
            self._next += 1
            return True
        return False

    def _pipe(self, what: str) -> Pipe:
        place = word.place if (word := self._peek()) else self._place
        variables, declares = self._variables()
        commands = [self._command(what)]
        while self._take("|"):
            commands.append(self._command(what))
        if declares:
            self._scope.variables += variables
        return Pipe(
            variables=variables,
            declares=declares,
            commands=tuple(commands),
            place=place,
        )

    def _variables(self) -> tuple[tuple[str, ...], bool]:
        """What takes the value: `$x :=`, `$k, $v :=`, `$x =`, or nothing."""
        texts = [word.text for word in self._words[self._next : self._next + 4]]
        kinds = [word.kind for word in self._words[self._next : self._next + 4]]
        if kinds[:2] == ["variable", "sign"] and texts[1] in (":=", "="):
            self._next += 2
            if texts[1] == "=":
                self._must_know(self._words[self._next - 2])
            return (texts[0],), texts[1] == ":="
        if kinds == ["variable", "sign"] * 2 and [texts[1], texts[3]] == [",", ":="]:
            self._next += 4
            return (texts[0], texts[2]), True
        return (), False

    def _command(self, what: str) -> Command:
        operands: list[Operand] = []
        first = self._peek()
        while (word := self._peek()) and word.text not in ("|", ")"):
            operands.append(self._operand(word))
        if not operands or not first:
            place = first.place if first else self._place
            raise Failure(f"missing value for {what}", place)
        text = self._written(first)
        return Command(operands=tuple(operands), place=first.place, text=text)

    def _written(self, first: Word) -> str:
        """What has been read from `first` on, as it was typed."""
        last = self._words[self._next - 1]
        return self._scope.template[first.place : last.place + len(last.text)]

    def _operand(self, word: Word) -> Operand:
        self._next += 1
        if word.kind == "name" and word.text not in _CONSTANTS:
            if word.text not in FUNCTIONS:
                raise _no_such_function(word)
            return Function(name=word.text, place=word.place)
        start: str | Pipe | None = None
        if word.kind == "name":
            return _literal(word, _CONSTANTS[word.text])
        if word.kind in _LITERALS:
            return _literal(word, word.value)
        if word.kind == "variable":
            self._must_know(word)
            start = word.text
        elif word.text == "(":
            start = self._parenthesised(word)
        elif word.kind == "field":
            self._next -= 1  # its name is the first of the path
        elif word.kind != "dot":
            raise Failure(f"unexpected {word.text!r} in operand", word.place)
        return self._path(start, word)

    def _parenthesised(self, opening: Word) -> Pipe:
        self._scope.deeper(opening.place)
        pipe = self._pipe("parenthesized pipeline")
        if not self._take(")"):
            raise Failure("unclosed left paren", opening.place)
        self._scope.depth -= 1
        return pipe

    def _path(self, start: str | Pipe | None, first: Word) -> Path:
        """The fields that follow without a space between."""
        fields: list[Word] = []
        while (word := self._peek()) and word.kind == "field":
            if word is not first and not word.touches:
                break
            fields.append(word)
            self._next += 1
        return Path(
            start=start,
            names=tuple(word.text[1:] for word in fields),
            places=tuple(word.place for word in fields),
            place=first.place,
            text=self._written(first),
        )

    def _must_know(self, word: Word) -> None:
        if word.text not in self._scope.variables:
            raise Failure(
                f'undefined variable "{word.text}"',
                word.place,
                hint="`{{$x := .Name}}` makes the variable x, to the end of its block.",
            )


def _literal(word: Word, value: str | int | float | None) -> Literal:
    return Literal(value=value, place=word.place, text=word.text)


def _no_such_function(word: Word) -> Failure:
    return Failure(
        f'function "{word.text}" not defined',
        word.place,
        hint=f"A field begins with a dot: .{word.text}; the functions are "
        f"{' '.join(sorted(FUNCTIONS))}.",
    )
