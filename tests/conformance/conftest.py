"""What the comparisons have in hand: the three sides, started once for all of them.

For those about registries: one of each kind, images to carry, and a docker. For those
about our runtime as a command: the command, and bundles to give it.
"""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engine import files
from tests import machine
from tests.benchmarks import rivals
from tests.conformance import kinds, registries, sides
from tests.conformance.bundles import (
    OURS,
    Bundle,
    Runtime,
    make_rootfs,
    write_bundle,
)
from tests.conformance.registries import Http, Server
from tests.conformance.sides import Side


@pytest.fixture(scope="session")
def docker_side(run_directory: Path) -> Iterator[Side]:
    """docker, with a dockerd of our own."""
    machine.need("root", "overlay", "docker", "dockerd", "skopeo")
    with sides.docker(run_directory / "docker") as side:
        yield side


@pytest.fixture(scope="session")
def lab_side(run_directory: Path) -> Iterator[Side]:
    """lab, with the same busybox."""
    with sides.labshell(run_directory / "labshell") as side:
        yield side


@pytest.fixture(scope="session")
def labd_side(run_directory: Path) -> Iterator[Side]:
    """docker's command and labd, with the same busybox."""
    with sides.labd(run_directory / "labd") as side:
        yield side


@pytest.fixture(scope="session")
def http(run_directory: Path) -> Iterator[Http]:
    """Our registry, asked by plain requests; each test has repositories of its own."""
    with registries.ours(run_directory / "registry") as server:
        yield Http(server)


@pytest.fixture(scope="module")
def servers(run_directory: Path) -> Iterator[dict[str, Server]]:
    """Both registries, empty."""
    folder = run_directory / "clients"
    folder.mkdir()
    with (
        registries.ours(folder / "ours") as ours,
        registries.dockers(folder / "dockers") as dockers,
    ):
        yield {"ours": ours, "dockers": dockers}
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def layout(run_directory: Path) -> Iterator[Path]:
    """The images of all kinds, as an OCI layout."""
    yield kinds.make(run_directory / "kinds")
    shutil.rmtree(run_directory / "kinds")


@pytest.fixture(scope="module")
def docker(run_directory: Path) -> Iterator[list[str]]:
    """The words that begin a line for a docker of our own, without an image."""
    machine.need("docker", "dockerd")
    with (
        sides.in_memory(run_directory / "clients-docker") as fast,
        rivals.dockerd(fast / "docker") as words,
    ):
        yield words


@pytest.fixture
def ours(run_directory: Path, tmp_path: Path) -> Iterator[Runtime]:
    """Our runtime. What a test has left in it is deleted.

    One at a time: containers of one name have one control group, whoever makes them.
    """
    runtime = Runtime(OURS, tmp_path / "states")
    with files.locked(run_directory.parent / "ours.lock"):
        yield runtime
        for name in runtime("list", "-q").stdout.split():
            runtime("delete", "--force", name)
        groups = Path("/sys/fs/cgroup")
        left = [*groups.glob("oci/box*"), *groups.glob("*/oci/box*")]
        assert left == [], "a control group is left"


@pytest.fixture(scope="module")
def rootfs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root file system that no test may change."""
    return make_rootfs(tmp_path_factory.mktemp("image") / "rootfs")


@pytest.fixture
def bundle(tmp_path: Path, rootfs: Path) -> Bundle:
    """Makes bundles: a command, and a function that changes their config.json."""

    def make(*command: str, change: Callable[[Any], object] = id) -> Path:
        return write_bundle(tmp_path / "bundle", rootfs, *command, change=change)

    return make
