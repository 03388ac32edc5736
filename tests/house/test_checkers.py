"""What the checkers say: mypy, ruff and shellcheck find nothing.

Try it: `.venv/bin/mypy; .venv/bin/ruff check; .venv/bin/ruff format --check`
"""

import subprocess
import sys

import pytest

from tests.house.sources import HOME, tracked_files


def check(*command: str) -> None:
    result = subprocess.run(command, cwd=HOME, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


def test_types_are_right() -> None:
    check(sys.executable, "-m", "mypy")


def test_ruff_finds_nothing() -> None:
    check(sys.executable, "-m", "ruff", "check", "--no-cache")


def test_code_is_formatted() -> None:
    check(sys.executable, "-m", "ruff", "format", "--no-cache", "--check")


@pytest.mark.require("shellcheck")
def test_shellcheck_finds_nothing() -> None:
    scripts = [str(p) for p in tracked_files() if p.suffix == ".sh" or is_script(p)]
    assert str(HOME / "lab") in scripts
    check("shellcheck", *scripts)


def is_script(path: object) -> bool:
    with open(str(path), "rb") as file:
        first = file.readline(80)
    return first.startswith(b"#!") and first.split()[0].endswith((b"/sh", b"/bash"))
