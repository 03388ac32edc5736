"""Our client with both registries: what it pulls and pushes has the digest of others.

skopeo brings each kind of image, lab fetches it, and takes it back under another name;
skopeo, and docker where it can read that kind, find the same there.
"""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.engine import Engine
from tests import machine
from tests.benchmarks import rivals
from tests.conformance import kinds, registries
from tests.conformance.kinds import IMAGES
from tests.conformance.registries import Server
from tests.conformance.sides import in_memory
from tests.engine.transfers import Heard

pytestmark = [
    pytest.mark.require("root", "overlay", "skopeo", "docker-registry", "zstd"),
    pytest.mark.patience(300),
]
PLAIN = ["--src-tls-verify=false", "--dest-tls-verify=false", "--preserve-digests"]
# docker takes its time with 60 layers, and cannot unpack zstd before its version 23.
FOR_DOCKER = ["one", "shared-a", "large"]


@pytest.fixture(scope="module")
def layout(run_directory: Path) -> Iterator[Path]:
    """The images of all kinds, as an OCI layout."""
    yield kinds.make(run_directory / "lab-kinds")
    shutil.rmtree(run_directory / "lab-kinds")


@pytest.fixture(scope="module", params=["ours", "dockers"])
def server(
    request: pytest.FixtureRequest, run_directory: Path, layout: Path
) -> Iterator[Server]:
    """A registry with an image of each kind."""
    folder = run_directory / f"lab-{request.param}"
    folder.mkdir()
    with getattr(registries, request.param)(folder / "registry") as server:
        for image in IMAGES:
            there = f"docker://{server.address}/{image}:1"
            skopeo("copy", "-q", *PLAIN, f"oci:{layout}:{image}", there)
        yield server
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def docker(run_directory: Path) -> Iterator[list[str]]:
    """A docker of our own, without an image."""
    machine.need("docker", "dockerd")
    with (
        in_memory(run_directory / "lab-docker") as fast,
        rivals.dockerd(fast / "docker") as words,
    ):
        yield words


def skopeo(*words: str) -> str:
    return rivals.run("skopeo", "--insecure-policy", *words)


def digest_of(name: str) -> str:
    words = ["inspect", "--tls-verify=false", "-f", "{{.Digest}}"]
    return skopeo(*words, f"docker://{name}")


def entry_of(layout: Path, image: str) -> str:
    """The digest of an image's manifest in a layout."""
    for entry in json.loads((layout / "index.json").read_text())["manifests"]:
        if image in entry["annotations"].values():
            return str(entry["digest"])
    raise AssertionError(f"{image} is not in the layout")


@pytest.mark.parametrize("image", IMAGES)
def test_what_lab_fetches_and_brings_back_has_the_same_digest(
    engine: Engine, server: Server, layout: Path, image: str
) -> None:
    name, back = f"{server.address}/{image}:1", f"{server.address}/lab/{image}:1"
    pulled = engine.pull(name, Heard())
    assert pulled.digest == entry_of(layout, image)
    engine.tag(name, back)
    engine.push(back, Heard())
    assert digest_of(back) == pulled.image.manifest_digest == entry_of(layout, image)


@pytest.mark.parametrize("image", FOR_DOCKER)
def test_docker_fetches_what_lab_brought_and_lab_what_docker_brought(
    engine: Engine, server: Server, docker: list[str], image: str
) -> None:
    name = f"{server.address}/docker/{image}:1"
    ours = engine.pull(f"{server.address}/{image}:1", Heard()).image
    engine.tag(ours.id, name)
    engine.push(name, Heard())
    rivals.run(*docker, "pull", "-q", name)
    asked = (*docker, "image", "inspect", "-f", "{{.Id}}")
    assert rivals.run(*asked, name) == ours.id
    by_docker = f"{server.address}/docker/{image}:2"
    rivals.run(*docker, "tag", name, by_docker)
    rivals.run(*docker, "push", "-q", by_docker)
    rivals.run(*docker, "rmi", name, by_docker)
    pulled = engine.pull(by_docker, Heard())
    assert pulled.image.id == ours.id
    assert pulled.digest == digest_of(by_docker)
