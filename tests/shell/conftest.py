"""What the tests of the shell and its commands have in hand."""

from typing import TYPE_CHECKING

import pytest

from tests.shell.lines import Lab

if TYPE_CHECKING:
    from engine.engine import Engine


@pytest.fixture
def lab(engine: "Engine") -> Lab:
    """`lab` lines in processes of their own, on the tests' engine."""
    return Lab(engine.root)
