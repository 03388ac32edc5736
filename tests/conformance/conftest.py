"""What the comparisons have in hand: both sides, started once for all of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import machine
from tests.conformance.sides import Side, both


@pytest.fixture(scope="session")
def sides(run_directory: Path) -> Iterator[tuple[Side, Side]]:
    """docker and labshell, with the same busybox."""
    machine.need("root", "overlay", "docker", "dockerd", "skopeo")
    with both(run_directory / "conformance") as sides:
        yield sides
