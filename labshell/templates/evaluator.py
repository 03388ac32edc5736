"""The evaluator: a tree and data become text.

It walks the tree once. Two things change on the way: the dot, which `with` and `range`
move, and the variables, of which each block has its own on top of those outside.

Only dicts, lists and plain values are looked into, and only by key or index: there is
no way from a template to an attribute of a Python object.

Loops within loops, and texts that double, could take for ever. So each step, each
item and each character of a value costs something, and there is only so much to spend.
"""

from collections import ChainMap
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from labshell.templates.failure import HINT, Failure
from labshell.templates.functions import FUNCTIONS, Functions, truth
from labshell.templates.nodes import (
    Branch,
    Command,
    Function,
    Literal,
    Nodes,
    Operand,
    Path,
    Pipe,
)
from labshell.templates.printing import Nothing, text, type_name
from labshell.templates.structures import Structure

_KINDS: dict[str, tuple[type, str]] = {"str": (str, "string"), "int": (int, "integer")}
_NOTHING_PIPED: Any = object()
_STEP = 100  # what a step costs, in characters
_MOST_WORK = 1 << 26  # characters; a second's work


class Evaluator:
    """Fills one template with `data`."""

    def __init__(self, data: Any, functions: Functions = FUNCTIONS) -> None:
        self._dot, self._functions = data, functions
        self._work = 0
        self._variables: ChainMap[str, Any] = ChainMap({"$": data})

    def run(self, nodes: Nodes) -> str:
        """The text that comes of the tree."""
        return "".join(map(self._node, nodes))

    def _node(self, node: str | Pipe | Branch) -> str:
        if isinstance(node, str):
            return node
        if isinstance(node, Branch):
            return self._range(node) if node.kind == "range" else self._branch(node)
        value = self._pipe(node)
        return "" if node.variables else text(value)

    # Blocks

    def _block(self, nodes: Nodes, dot: Any, names: Mapping[str, Any]) -> str:
        """The text of a block, with its own dot and variables."""
        before = self._dot, self._variables
        self._dot, self._variables = dot, self._variables.new_child(dict(names))
        try:
            return self.run(nodes)
        finally:
            self._dot, self._variables = before

    def _branch(self, branch: Branch) -> str:
        value = self._value(branch.pipe)
        names = dict.fromkeys(branch.pipe.variables, value)
        if not truth(value):
            return self._block(branch.otherwise, self._dot, names)
        dot = value if branch.kind == "with" else self._dot
        return self._block(branch.body, dot, names)

    def _range(self, branch: Branch) -> str:
        over = self._value(branch.pipe)
        if isinstance(over, Mapping):
            pairs = [(key, over[key]) for key in sorted(over)]
        elif isinstance(over, (Nothing, type(None))):
            pairs = []
        elif isinstance(over, Sequence) and not isinstance(over, str):
            pairs = list(enumerate(over))
        else:
            command = branch.pipe.commands[-1]
            reason = f"range can't iterate over {text(over)}"
            raise Failure(reason, command.place, command.text)
        variables = branch.pipe.variables
        return "".join(
            self._block(
                branch.body,
                item,
                # One variable is the item; of two, the first is its key.
                dict(zip(reversed(variables), (item, key), strict=False)),
            )
            for key, item in pairs
        ) or ("" if pairs else self._block(branch.otherwise, self._dot, {}))

    # Pipes

    def _pipe(self, pipe: Pipe) -> Any:
        """The value of a pipe, put into the variables that it names."""
        value = self._value(pipe)
        for name in pipe.variables:
            scopes = self._variables.maps
            holder = next((scope for scope in scopes if name in scope), scopes[0])
            (scopes[0] if pipe.declares else holder)[name] = value
        return value

    def _value(self, pipe: Pipe) -> Any:
        value = _NOTHING_PIPED
        for command in pipe.commands:
            value = self._command(command, value)
            self._spend(value, command)
        return value

    def _spend(self, value: Any, command: Command) -> None:
        """Count a step, and what has come of it."""
        size = len(value) if isinstance(value, (str, Sequence, Mapping)) else 0
        self._work += _STEP + (size if isinstance(value, str) else _STEP * size)
        if self._work > _MOST_WORK:
            raise Failure("this takes too long", command.place, command.text)

    def _command(self, command: Command, piped: Any) -> Any:
        first, *operands = command.operands
        if isinstance(first, Function):
            return self._call(first, command, operands, piped)
        value = self._path(first) if isinstance(first, Path) else first.value
        last = [] if piped is _NOTHING_PIPED else [piped]
        if callable(value):
            return _called(value, first, [*map(self._operand, operands), *last])
        if operands or last:
            reason = f"can't give argument to non-function {first.text}"
            if isinstance(first, Path) and first.names:
                reason = f"{first.names[-1]} is not a method but has arguments"
            raise Failure(reason, first.place, first.text)
        if isinstance(first, Literal) and first.text == "nil":
            raise Failure("nil is not a command", first.place, first.text)
        return value

    def _call(
        self, name: Function, command: Command, operands: list[Operand], piped: Any
    ) -> Any:
        """What a function makes of its operands, and of what came through the pipe."""
        function, kinds = self._functions[name.name]
        given = len(operands) + (piped is not _NOTHING_PIPED)
        _check_count(name, kinds, given)
        if function is None:
            return self._short_circuit(name.name, operands, piped)
        values = [self._operand(operand) for operand in operands]
        for operand, value, kind in zip(operands, values, kinds, strict=False):
            _check_kind(value, kind, operand.place, operand.text)
        if piped is not _NOTHING_PIPED:
            values.append(piped)
            kind = kinds[len(operands)] if len(operands) < len(kinds) else "any"
            _check_kind(piped, kind, name.place, command.text)
        try:
            return function(*values)
        except (ValueError, TypeError) as error:
            reason = f"error calling {name.name}: {error}"
            raise Failure(reason, name.place, command.text) from error

    def _short_circuit(self, name: str, operands: list[Operand], piped: Any) -> Any:
        """`and`: the first value that is not true, or the last; `or` the other way."""
        value: Any = None
        for operand in operands:
            value = self._operand(operand)
            if truth(value) == (name == "or"):
                return value
        return value if piped is _NOTHING_PIPED else piped

    # Operands

    def _operand(self, operand: Operand) -> Any:
        if isinstance(operand, Literal):
            return operand.value
        if isinstance(operand, Function):
            return self._call(
                operand,
                Command(operands=(), place=operand.place, text=operand.name),
                [],
                _NOTHING_PIPED,
            )
        value = self._path(operand)
        return _called(value, operand, []) if callable(value) else value

    def _path(self, path: Path) -> Any:
        """What is at the end of a path; a function is not called yet."""
        value = self._start(path.start)
        for place, name in zip(path.places, path.names, strict=True):
            value = _field(value, name, place, path)
        return value

    def _start(self, start: str | Pipe | None) -> Any:
        if isinstance(start, Pipe):
            return self._pipe(start)
        return self._dot if start is None else self._variables[start]


def _field(value: Any, name: str, place: int, path: Path) -> Any:
    """One field of a value; a Failure that says which there are, if it is not there."""
    if isinstance(value, Mapping):
        if name in value:
            return value[name]
        if isinstance(value, Structure) and name in value.left_out:
            return value.left_out[name]
        if isinstance(value, Structure) and value.keys_of_users:
            return None
        near = [key for key in value if key.lower() == name.lower()]
        there = " ".join(f".{key}" for key in list(value)[:40]) or "nothing"
        hint = f"Did you mean .{near[0]}?" if near else f"There is {there}."
        reason = f'map has no entry for key "{name}"'
        raise Failure(reason, place, path.text, hint)
    reason = f"can't evaluate field {name} in type {type_name(value)}"
    if value is None or isinstance(value, Nothing):
        reason = f"nil pointer evaluating {name}"
    raise Failure(reason, place, path.text)


def _called(function: Callable[..., Any], written: Operand, values: list[Any]) -> Any:
    """What a function of the data, such as `.Label "owner"`, makes of values."""
    try:
        return function(*map(text, values))
    except TypeError as error:
        reason = f"wrong number of args for {written.text}: got {len(values)}"
        raise Failure(reason, written.place, written.text) from error


def _check_count(name: Function, kinds: tuple[str, ...], given: int) -> None:
    """Refuse a call with too few or too many arguments."""
    open_ended = kinds[-1] == "..."
    least = len(kinds) - open_ended
    if given < least or (given > least and not open_ended):
        wanted = f"at least {least}" if open_ended else str(least)
        raise Failure(
            f"wrong number of args for {name.name}: want {wanted} got {given}",
            name.place,
            name.name,
        )


def _check_kind(value: Any, kind: str, place: int, written: str) -> None:
    """Refuse an argument of a kind that the function does not take."""
    if kind not in _KINDS:
        return
    wanted, called = _KINDS[kind]
    if not isinstance(value, wanted) or isinstance(value, bool):
        hint = (
            '`printf "%v" VALUE` makes a text of any value.' if kind == "str" else HINT
        )
        raise Failure(f"expected {called}; found {text(value)}", place, written, hint)
