"""Imports point down, and never in a circle.

The layers are contracts of import-linter in pyproject.toml. Late imports, inside
functions, count as imports too.

Try it: `.venv/bin/lint-imports`
"""

import ast
import graphlib
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.sources import HOME, PACKAGES, Source, python_files, read

# What the shim and the init of a container may import from the engine. They enter a
# container's namespaces or live as long as it does: each line here is weighed.
SHORT_LIST = ("engine.runtime", "engine.kernel", "engine.oci.spec")
SHORT_LIST += ("engine.acts", "engine.gate", "engine.errors", "engine.files")


def test_the_layers_are_kept() -> None:
    lint = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    command = [sys.executable, "-c", lint, "--no-cache", "--no-logo"]
    result = subprocess.run(command, cwd=HOME, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


def test_no_imports_go_in_a_circle() -> None:
    modules = {source.module: source for source in python_files(*PACKAGES)}
    graph = {
        name: {found for found in imports(source) if found in modules}
        for name, source in modules.items()
    }
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        pytest.fail(" -> ".join(reversed(error.args[1])))


@pytest.mark.parametrize("name", ["init", "shim"])
def test_what_runs_beside_a_container_keeps_to_the_short_list(name: str) -> None:
    source = read(Path("engine/runtime") / f"{name}.py")
    own = [found for found in imports(source) if found.split(".")[0] in PACKAGES]
    assert [found for found in own if not found.startswith(SHORT_LIST)] == []


def test_ctypes_is_only_in_the_file_about_the_c_library() -> None:
    assert users_of("ctypes") == ["engine.kernel.libc"]


def test_only_what_has_one_thread_forks() -> None:
    forking = [
        source.module
        for source in python_files(*PACKAGES)
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and (node.value.id, node.attr) in {("os", "fork"), ("os", "forkpty")}
    ]
    assert set(forking) <= {
        "engine.kernel.processes",
        "labshell.grading.inspector",
        "labshell.lessons.warm",
    }


def users_of(module: str) -> list[str]:
    """Who imports `module`."""
    return sorted(
        source.module
        for source in python_files(*PACKAGES)
        if any(found.split(".")[0] == module for found in imports(source))
    )


def imports(source: Source) -> set[str]:
    """Every module, and every name that may be a module, that `source` imports."""
    found = set()
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = absolute(source, node)
            modules = {f"{base}.{alias.name}" for alias in node.names}
            known = {other.module for other in python_files(*PACKAGES)}
            # "from package import module" is an import of the module
            found |= (modules & known) or {base}
    return found


def absolute(source: Source, node: ast.ImportFrom) -> str:
    """The module that a `from … import` names, with leading dots resolved."""
    if not node.level:
        return node.module or ""
    parts = source.module.split(".")
    if source.path.name == "__init__.py":
        parts.append("")
    return ".".join([*parts[: -node.level], *filter(None, [node.module])])
