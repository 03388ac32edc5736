"""What the comparisons have in hand: both sides, started once for all of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import machine
from tests.conformance import registries
from tests.conformance.registries import Http
from tests.conformance.sides import Side, both


@pytest.fixture(scope="session")
def sides(run_directory: Path) -> Iterator[tuple[Side, Side]]:
    """docker and labshell, with the same busybox."""
    machine.need("root", "overlay", "docker", "dockerd", "skopeo")
    with both(run_directory / "conformance") as sides:
        yield sides


@pytest.fixture(scope="session")
def http(run_directory: Path) -> Iterator[Http]:
    """Our registry, asked by plain requests; each test has repositories of its own."""
    with registries.ours(run_directory / "registry") as server:
        yield Http(server)
