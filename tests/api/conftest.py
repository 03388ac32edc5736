"""A labd of our own, at a socket in the directory of this run.

    labd       a server for the root of the shared engine
    ask        one request to it, by the standard library's client

Try it: `./lab test tests/api -x`
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.api.serving import Client, serving
from tests.api.shapes import Shapes
from tests.engine.boxes import Box

if TYPE_CHECKING:
    from engine.engine import Engine


@pytest.fixture(scope="session")
def labd_socket(shared_engine: "Engine", run_directory: Path) -> Iterator[Path]:
    """The socket of one server for all tests of this process."""
    with serving(run_directory / "labd.sock", shared_engine.root) as socket:
        yield socket


@pytest.fixture
def labd(labd_socket: Path, engine: "Engine") -> Client:
    """A client of that server; what it makes goes with `engine`, after the test."""
    return Client(labd_socket)


@pytest.fixture
def box(engine: "Engine", busybox: str) -> Box:
    """The same engine, asked without a server."""
    return Box(engine, busybox)


@pytest.fixture(scope="session")
def shapes() -> Shapes:
    """Docker's own description of its answers; skips where that is not here."""
    return Shapes()
