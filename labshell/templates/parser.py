"""The parser: from the pieces of a template to its tree.

It goes through the pieces once. What opens (`if`, `with`, `range`) reads what it holds
with `_block`, which returns at the `else` or `end` that is not its own. What stands in
an action is read by pipes.py.

Try it: `lab inspect -f '{{if .State.Running}}up' CONTAINER` asks for its `{{end}}`
"""

from labshell.templates.failure import Failure
from labshell.templates.lexer import Action, Word, lex
from labshell.templates.nodes import Branch, Nodes, Pipe
from labshell.templates.pipes import PipeReader, Scope

_BRANCHES = ("if", "with", "range")


def parse(template: str) -> Nodes:
    """The tree of a template. Failure if it is not well formed."""
    return _Parser(template).whole()


class _Parser:
    def __init__(self, template: str) -> None:
        self._pieces = lex(template)
        self._scope = Scope(template)

    def whole(self) -> Nodes:
        nodes, closing = self._block()
        if closing:
            name = " ".join(word.text for word in closing.words)
            raise Failure(f"unexpected {{{{{name}}}}}", closing.place)
        return nodes

    def _block(self) -> tuple[Nodes, Action | None]:
        """What comes up to an `else` or `end`, or to the end of the template."""
        nodes: list[str | Pipe | Branch] = []
        for piece in self._pieces:
            if isinstance(piece, str):
                nodes.append(piece)
                continue
            if not piece.words:
                raise Failure("missing value for command", piece.place)
            first = piece.words[0].text
            if first in ("else", "end"):
                return tuple(nodes), piece
            if first in _BRANCHES:
                nodes.append(self._branch(piece, piece.words))
            else:
                nodes.append(self._pipe(piece, piece.words, "command"))
        return tuple(nodes), None

    def _branch(self, action: Action, words: tuple[Word, ...]) -> Branch:
        """An `if`, `with` or `range`, up to its `end`; `words` begin with its name."""
        kind, known = words[0].text, len(self._scope.variables)
        self._scope.deeper(action.place)
        pipe = self._pipe(action, words[1:], kind)
        body, closing = self._block()
        otherwise: Nodes = ()
        if closing and (more := closing.words[1:]):
            if (
                closing.words[0].text == "end"
                or more[0].text != kind
                or kind == "range"
            ):
                raise Failure(f"unexpected {more[0].text} in command", closing.place)
            otherwise = (self._branch(closing, more),)  # {{else if …}} shares the end
        elif closing and closing.words[0].text == "else":
            otherwise, closing = self._block()
            if closing and closing.words[0].text != "end":
                raise Failure("expected end; found {{else}}", closing.place)
        if closing is None:
            raise Failure("unexpected EOF", len(self._scope.template))
        del self._scope.variables[known:]
        self._scope.depth -= 1
        return Branch(kind=kind, pipe=pipe, body=body, otherwise=otherwise)

    def _pipe(self, action: Action, words: tuple[Word, ...], what: str) -> Pipe:
        return PipeReader(self._scope, words, action.place).pipe(what)
