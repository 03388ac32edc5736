"""The marks of all acts that the engine knows: each of its modules is imported.

Try it: `.venv/bin/python -c 'from tests.marks import all_marks; print(*all_marks())'`
"""

import importlib
import pkgutil

import engine
from engine import acts
from engine.notes import Mark


def all_marks() -> dict[str, Mark]:
    """Name → mark, of every function that is one act."""
    for module in pkgutil.walk_packages(engine.__path__, "engine."):
        importlib.import_module(module.name)
    return acts.MARKS
