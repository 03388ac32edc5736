"""An engine symbol as source text: "engine.runtime.rootfs:pivot".

Lessons point at the engine by name, never by line number: lines move, names are
kept, and a test proves that each name in each lesson still leads somewhere. The
file is read with `ast`, not imported.

Try it: `:source engine.files:atomic_write` in the shell.
"""

import ast
import importlib.util
import textwrap
from dataclasses import dataclass
from pathlib import Path

from labshell.lessons.fields import LessonError

_HINT = "A symbol is written engine.package.file:function or …:Class.method."


@dataclass(frozen=True, slots=True, kw_only=True)
class SymbolSource:
    """One symbol: where it is, and its text without the indentation around it."""

    symbol: str
    path: Path
    first_line: int
    text: str


def find(symbol: str) -> SymbolSource:
    """The source of an engine symbol; LessonError if there is no such thing."""
    module, _, names = symbol.partition(":")
    path = _file_of(module, symbol)
    source = path.read_text()
    node: ast.AST = ast.parse(source)
    if not names:
        return SymbolSource(symbol=symbol, path=path, first_line=1, text=source)
    for name in names.split("."):
        found = next((child for child in _body(node) if _defines(child, name)), None)
        if found is None:
            raise LessonError(f"{symbol}: {path.name} has no `{name}`", _HINT)
        node = found
    return _cut(symbol, path, source, node)


def _file_of(module: str, symbol: str) -> Path:
    """The file of an engine module. Nothing but the engine is shown."""
    if module.split(".")[0] != "engine" or not module.replace(".", "a").isidentifier():
        raise LessonError(f"{symbol}: not a symbol of the engine", _HINT)
    try:
        spec = importlib.util.find_spec(module)
    except ModuleNotFoundError:
        spec = None
    if spec is None or not spec.origin:
        raise LessonError(f"{symbol}: there is no file {module}", _HINT)
    return Path(spec.origin)


def _body(node: ast.AST) -> list[ast.stmt]:
    return node.body if isinstance(node, ast.Module | ast.ClassDef) else []


def _defines(node: ast.stmt, name: str) -> bool:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return node.name == name
        case ast.Assign():
            return any(isinstance(t, ast.Name) and t.id == name for t in node.targets)
        case ast.AnnAssign():
            return isinstance(node.target, ast.Name) and node.target.id == name
    return False


def _cut(symbol: str, path: Path, source: str, node: ast.AST) -> SymbolSource:
    assert isinstance(node, ast.stmt)
    decorators = getattr(node, "decorator_list", [])
    first = min([node.lineno, *(d.lineno for d in decorators)])
    lines = source.split("\n")[first - 1 : node.end_lineno]
    return SymbolSource(
        symbol=symbol,
        path=path,
        first_line=first,
        text=textwrap.dedent("\n".join(lines)),
    )
