"""What the tests of the engine have in hand besides the engine."""

import signal
from collections.abc import Iterator
from types import FrameType
from typing import TYPE_CHECKING

import pytest

from tests.engine.boxes import Box
from tests.engine.builds import Builds

if TYPE_CHECKING:
    from pathlib import Path

    from engine.engine import Engine

SECONDS = 60


@pytest.fixture(autouse=True)
def patience() -> Iterator[None]:
    """A test that waits for what never comes fails, instead of waiting for ever."""

    def lose(number: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"the test has waited {SECONDS} seconds")

    previous = signal.signal(signal.SIGALRM, lose)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, previous)


@pytest.fixture
def box(engine: "Engine", busybox: str) -> Box:
    """Short ways to run something of busybox in a container."""
    return Box(engine, busybox)


@pytest.fixture
def builds(engine: "Engine", busybox: str, tmp_path: "Path") -> Builds:
    """Short ways to build on busybox."""
    return Builds(engine, tmp_path / "context")
