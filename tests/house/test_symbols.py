"""Lessons and documents send the reader to symbols, never to lines. Each must exist."""

import ast
import re

import pytest

from tests.house.sources import PACKAGES, python_files, text_files

SYMBOL = re.compile(r"\b((?:engine|labshell)(?:\.[a-z_]\w*)*):([A-Za-z_][\w.]*\w|\w)")
FOLDERS = ("lessons", "docs")


def named() -> list[tuple[str, str, str]]:
    """(file, module, name) for every symbol that lessons and documents name."""
    return sorted(
        {
            (str(path), module, name)
            for path, text in text_files()
            if path.parts[0] in FOLDERS or (path.suffix == ".md")
            for module, name in SYMBOL.findall(text)
        }
    )


@pytest.mark.parametrize(("path", "module", "name"), named())
def test_a_symbol_that_is_named_exists(path: str, module: str, name: str) -> None:
    source = next(
        (source for source in python_files(*PACKAGES) if source.module == module), None
    )
    assert source, f"{path} names the module {module}"
    assert name in definitions(source.tree), f"{path} names {module}:{name}"


def definitions(tree: ast.AST, prefix: str = "") -> set[str]:
    """What a module or class defines: "overlay", "Engine.create"."""
    found: set[str] = set()
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(prefix + node.name)
            if isinstance(node, ast.ClassDef):
                found |= definitions(node, f"{prefix}{node.name}.")
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {prefix + t.id for t in targets if isinstance(t, ast.Name)}
    return found


def test_no_lesson_names_a_line() -> None:
    numbered = re.compile(r"\b(?:engine|labshell)/[\w/]+\.py:\d+")
    lines = [
        str(path)
        for path, text in text_files()
        if path.parts[0] in FOLDERS and numbered.search(text)
    ]
    assert lines == []
