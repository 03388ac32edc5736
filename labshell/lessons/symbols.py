"""An engine symbol as source text: "engine.runtime.rootfs:pivot".

Lessons point at the engine by name, never by line number: lines move, names are
kept, and a test proves that each name in each lesson still leads somewhere. The
file is read with `ast`, not imported.

Try it: `:source engine.files:atomic_write` in the shell.
"""

import ast
import importlib.util
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from labshell.lessons.fields import LessonError
from labshell.messages import translate


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
            says = translate("{symbol}: {file} has no `{name}`")
            raise _problem(says.format(symbol=symbol, file=path.name, name=name))
        node = found
    return _cut(symbol, path, source, node)


def _problem(says: str) -> LessonError:
    return LessonError(
        says,
        translate(
            "A symbol is written engine.package.file:function or …:Class.method."
        ),
    )


def named(name: str) -> list[str]:
    """The symbols of the engine with this name: "pivot", "Pivot.apply"."""
    last = name.rpartition(".")[2]
    return [
        f"{module}:{inside}"
        for module, path in _modules()
        if last in (text := path.read_text())
        for inside in _names(ast.parse(text))
        if inside == name
    ]


def inside(module: str) -> list[str]:
    """The symbols that a module of the engine defines, in their order."""
    tree = ast.parse(find(module).text)
    public = (n for n in _names(tree) if "._" not in f".{n}")
    return [f"{module}:{name}" for name in public]


def _modules() -> Iterator[tuple[str, Path]]:
    """Every file of the engine: its name as a module, and where it is."""
    top = _file_of("engine", "engine").parent
    for path in sorted(top.rglob("*.py")):
        parts = path.relative_to(top.parent).with_suffix("").parts
        yield ".".join(part for part in parts if part != "__init__"), path


def _names(tree: ast.AST, prefix: str = "") -> Iterator[str]:
    """The functions and classes of a module, and the methods of a class."""
    for node in _body(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield prefix + node.name
            yield from _names(node, f"{prefix}{node.name}.")


def _file_of(module: str, symbol: str) -> Path:
    """The file of an engine module. Nothing but the engine is shown."""
    if module.split(".")[0] != "engine" or not module.replace(".", "a").isidentifier():
        says = translate("{symbol}: not a symbol of the engine")
        raise _problem(says.format(symbol=symbol))
    try:
        spec = importlib.util.find_spec(module)
    except ModuleNotFoundError:
        spec = None
    if spec is None or not spec.origin:
        says = translate("{symbol}: there is no file {file}")
        raise _problem(says.format(symbol=symbol, file=module))
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
