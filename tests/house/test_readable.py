"""Code that fits a screen, and says what it is about.

The limits are those of CONTRIBUTING.md. Each test prints every offender at once.
"""

import ast
import re

from tests.house.sources import PACKAGES, Source, python_files

LONGEST_FILE = 300
LONGEST_FUNCTION = 40
VAGUE = {"utils", "util", "helpers", "helper", "common", "manager", "misc"}
SOURCES = python_files(*PACKAGES)
EVERYTHING = python_files(*PACKAGES, "tests", "lessons")


def test_files_are_short() -> None:
    long = {str(s.path): s.text.count("\n") for s in SOURCES}
    assert {path: n for path, n in long.items() if n > LONGEST_FILE} == {}


def test_functions_fit_a_screen() -> None:
    lengths = {
        f"{source.path}:{node.lineno} {node.name}": length(node)
        for source in SOURCES
        for node in ast.walk(source.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert {name: n for name, n in lengths.items() if n > LONGEST_FUNCTION} == {}


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (function.end_lineno or 0) - function.lineno + 1


def test_every_file_opens_with_what_it_is_about() -> None:
    silent = [str(s.path) for s in EVERYTHING if not ast.get_docstring(s.tree)]
    assert silent == []


def test_files_about_the_kernel_name_their_man_pages() -> None:
    kernel = [s for s in SOURCES if s.module.startswith("engine.kernel.")]
    assert [str(s.path) for s in kernel if not names_a_man_page(s)] == []


def names_a_man_page(source: Source) -> bool:
    return bool(re.search(r"\w\([1-8]\)", ast.get_docstring(source.tree) or ""))


def test_files_of_the_engine_say_what_to_try() -> None:
    rooms = [s for s in SOURCES if s.module.startswith("engine.")]
    lectures = [s for s in rooms if s.text.count("\n") > 30]
    silent = [s for s in lectures if "Try it" not in (ast.get_docstring(s.tree) or "")]
    assert [str(source.path) for source in silent] == []


def test_no_file_has_a_vague_name() -> None:
    names = [(source.path, source.path.with_suffix("").parts) for source in EVERYTHING]
    assert [str(path) for path, parts in names if VAGUE & set(parts)] == []


def test_what_silences_a_checker_says_why() -> None:
    bare = [
        f"{source.path}:{number}: {line.strip()}"
        for source in EVERYTHING
        for number, line in enumerate(source.text.splitlines(), 1)
        if re.search(r"#\s*(type:\s*ignore|noqa)", line) and not gives_reason(line)
    ]
    assert bare == []


def gives_reason(line: str) -> bool:
    """Does it name the rule, and is there a second comment that says why?"""
    return bool(re.search(r"#\s*(type:\s*ignore\[|noqa:\s*\w+).*\s#\s*\w+", line))


def test_no_error_is_swallowed() -> None:
    swallowed = [
        f"{source.path}:{node.lineno}"
        for source in SOURCES
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ExceptHandler) and catches_all(node)
        if all(isinstance(statement, ast.Pass) for statement in node.body)
    ]
    assert swallowed == []


def catches_all(handler: ast.ExceptHandler) -> bool:
    return handler.type is None or ast.unparse(handler.type) in {
        "Exception",
        "BaseException",
    }


def test_a_module_of_the_engine_is_imported_without_slow_ones() -> None:
    """But for labd's own: a server pays once, when it starts."""
    slow = {"rich", "prompt_toolkit", "pygments", "yaml", "pexpect", "asyncio"}
    slow |= {"subprocess", "tempfile", "shutil"}
    early = [
        f"{source.path}: {name}"
        for source in python_files("engine")
        if not source.module.startswith("engine.api.")
        for node in source.tree.body
        for name in imported(node)
        if name.split(".")[0] in slow
    ]
    assert early == []


def imported(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [node.module or ""]
    return []


def test_a_room_names_every_file_in_it() -> None:
    """Its `__init__.py` is the table of contents, and is read as such."""
    left_out = [
        str(source.path)
        for source in SOURCES
        for room, text in ROOMS.items()
        if source.path.parent == room and not names_file(text, source.path.stem)
    ]
    assert left_out == []


ROOMS = {s.path.parent: s.text for s in SOURCES if s.path.name == "__init__.py"}


def names_file(text: str, name: str) -> bool:
    is_a_name = name not in ("__init__", "__main__")
    return not is_a_name or bool(re.search(rf"\b{name}(\.py\b|:)", text))
