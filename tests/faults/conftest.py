"""What the tests of faults have in hand: the engine's, and an engine to break."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.engine import Engine
from tests.engine.boxes import Box
from tests.engine.conftest import box, patience

pytest.register_assert_rewrite("tests.faults.crowd")
__all__ = ["box", "own", "patience"]


@pytest.fixture
def own(fresh_root: Path) -> Iterator[Box]:
    """An engine that no other test uses: its spawner may be killed."""
    own = Box(Engine(fresh_root))
    own.engine.image("busybox")
    yield own
    own.engine.notices.clear()
