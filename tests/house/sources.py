"""The project's own files, as the house rules see them."""

import ast
import functools
import subprocess
from dataclasses import dataclass
from pathlib import Path

HOME = Path(__file__).parents[2]
PACKAGES = ("engine", "labshell")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One Python file: where it is, its text, and the tree it parses to."""

    path: Path
    text: str
    tree: ast.Module

    @property
    def module(self) -> str:
        """Its name in an import: "engine.kernel.mounts"."""
        parts = self.path.with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def read(path: Path) -> Source:
    text = (HOME / path).read_text()
    return Source(path=path, text=text, tree=ast.parse(text, str(path)))


@functools.cache
def python_files(*folders: str) -> tuple[Source, ...]:
    """The Python files below these folders, by path from the project's root."""
    return tuple(
        read(path.relative_to(HOME))
        for folder in folders
        for path in sorted((HOME / folder).rglob("*.py"))
    )


@functools.cache
def tracked_files() -> tuple[Path, ...]:
    """What belongs to the project: known to git, or not yet but not ignored.

    Without git (an unpacked archive), everything but what tools leave about.
    """
    command = ["git", "-C", str(HOME), "ls-files", "-zco", "--exclude-standard"]
    try:
        listing = subprocess.run(command, capture_output=True, check=True).stdout
        found = (HOME / name for name in listing.decode().split("\0") if name)
    except (OSError, subprocess.CalledProcessError):
        found = (path for path in HOME.rglob("*") if not _is_left_by_a_tool(path))
    return tuple(sorted(path for path in found if path.is_file()))


def _is_left_by_a_tool(path: Path) -> bool:
    inside = path.relative_to(HOME).parts
    return any(p == "__pycache__" or (p.startswith(".") and p != ".ci") for p in inside)


def text_files() -> list[tuple[Path, str]]:
    """The tracked files that hold text, with their text."""
    found = []
    for path in tracked_files():
        data = path.read_bytes()
        if b"\0" not in data:
            found.append((path.relative_to(HOME), data.decode(errors="replace")))
    return found
