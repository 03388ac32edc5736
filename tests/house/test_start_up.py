"""What a start imports: counted here, so that it stays little.

A module of ours takes a fifth of a millisecond to import, and some of other people's
take many. Time cannot be tested on a machine that others use; what is imported can. If
a test of this file fails, import what is new where it is used, or say here why every
start needs it.

Try it: `python -X importtime -m labshell run --rm busybox true 2>&1 | sort -k5 -n`
"""

import os
import subprocess
import sys

import pytest

from engine.engine import Engine
from tests.house.sources import HOME, PACKAGES

FOR_RUN, FOR_SHIM = 140, 76  # our own modules, at most
SLOW = {"dataclasses", "hashlib", "locale", "rich", "subprocess", "tempfile", "yaml"}
NOT_FOR_SHIM = {*SLOW, "inspect", "click"}  # the shim lives long: this is memory

RUN = """
from labshell.cli import run_line
from engine.engine import Engine
code = run_line(Engine(), ["run", "--rm", "--network", "none", sys.argv[2], "true"])
assert code == 0, code
"""
SHIM = "import engine.runtime.spawner"


def imported(code: str, *arguments: str, root: str = "") -> set[str]:
    """The modules that a bare Python, as `lab` starts it, has after this code."""
    start = (
        "import sys\n"
        "site = '%s/.venv/lib/python%d.%d/site-packages'\n"
        "sys.path += [sys.argv[1], site % (sys.argv[1], *sys.version_info[:2])]\n"
    )
    command = [sys.executable, "-I", "-S", "-c", f"{start}{code}\nprint(*sys.modules)"]
    result = subprocess.run(
        [*command, str(HOME), *arguments],
        env={**os.environ, "LABSHELL_ROOT": root},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    return set(result.stdout.split())


def own(modules: set[str]) -> list[str]:
    return sorted(name for name in modules if name.split(".")[0] in PACKAGES)


@pytest.mark.require("root", "overlay")
def test_a_run_imports_few_modules(engine: Engine, busybox: str) -> None:
    root = str(engine.root)
    imported(RUN, busybox, root=root)  # the first start in a root has more to make
    modules = imported(RUN, busybox, root=root)
    assert len(own(modules)) <= FOR_RUN, own(modules)
    assert modules & SLOW == set()


def test_a_shim_holds_few_modules() -> None:
    modules = imported(SHIM)
    assert len(own(modules)) <= FOR_SHIM, own(modules)
    assert modules & NOT_FOR_SHIM == set()
