"""The docker command, as it is, against labd: all that is about no container."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.api.serving import Client
from tests.conformance import registries

pytestmark = pytest.mark.require("root", "overlay", "docker")

DOCKERFILE = "FROM busybox\nARG V=1\nRUN echo V is $V; exit $V\nCOPY a /a\n"

Done = subprocess.CompletedProcess[bytes]


class Docker:
    """The command, with a server and a configuration of its own."""

    def __init__(self, socket: Path, home: Path) -> None:
        self.environment = {
            "PATH": os.environ["PATH"],
            "DOCKER_HOST": f"unix://{socket}",
            "DOCKER_CONFIG": str(home / "docker"),
            "DOCKER_BUILDKIT": "0",
        }

    def run(
        self, *words: str, input: bytes = b""
    ) -> subprocess.CompletedProcess[bytes]:
        """One command, whatever comes of it."""
        return subprocess.run(
            ["docker", *words],
            input=input,
            capture_output=True,
            env=self.environment,
            timeout=120,
        )

    def __call__(self, *words: str, input: bytes = b"") -> str:
        """What a command prints that goes well."""
        done = self.run(*words, input=input)
        assert done.returncode == 0, done.stderr
        return done.stdout.decode()


@pytest.fixture
def docker(labd: Client, busybox: str, tmp_path: Path) -> Docker:
    return Docker(labd.path, tmp_path)


def test_a_build_has_dockers_lines_and_exit_code(
    docker: Docker, tmp_path: Path
) -> None:
    context = tmp_path / "context"
    context.mkdir()
    (context / "Dockerfile").write_text(DOCKERFILE)
    (context / "a").write_text("content")
    words = ["build", "--network", "none", "-t", "mine", str(context)]
    failed = docker.run(*words, "--build-arg", "V=42")
    assert failed.returncode == 42
    assert b"returned a non-zero code: 42" in failed.stderr
    told = docker(*words, "--build-arg", "V=0")
    assert "Step 3/4 : RUN echo V is $V; exit $V\n" in told
    assert "\nV is 0\n" in told
    assert told.endswith("Successfully tagged mine:latest\n")
    image = docker("build", "-q", *words[1:], "--build-arg", "V=0").strip()
    assert docker("images", "-q", "--no-trunc", "mine").strip() == image
    assert "COPY file:" in docker("history", "mine")
    (context / "Dockerfile").write_text("FROM busybox\nRUNN x\n")
    assert b"unknown instruction: RUNN" in docker.run(*words).stderr


def test_an_image_is_carried_away_and_comes_back(docker: Docker) -> None:
    docker("tag", "busybox", "mine:1")
    saved = docker.run("save", "mine:1").stdout
    assert docker("rmi", "mine:1") == "Untagged: mine:1\n"
    assert docker("load", input=saved) == "Loaded image: mine:1\n"
    with_note = ("import", "-m", "by hand", "-", "flat:1")
    image = docker(*with_note, input=saved).strip()
    assert docker("image", "inspect", "-f", "{{.Id}} {{.Comment}}", "flat:1") == (
        f"{image} by hand\n"
    )


def test_an_image_goes_to_a_registry_and_comes_back(
    docker: Docker, tmp_path: Path
) -> None:
    with registries.ours(tmp_path / "registry") as server:
        name = f"{server.address}/me/box:1"
        docker("tag", "busybox", name)
        assert "1: digest: sha256:" in docker("push", name)
        assert "Layer already exists" in docker("push", name)
        docker("rmi", name)
        pulled = docker("pull", name)
        assert pulled.startswith("1: Pulling from me/box\n")
        assert f"Status: Downloaded newer image for {name}\n" in pulled
        assert f"Status: Image is up to date for {name}\n" in docker("pull", name)
        missing = docker.run("pull", f"{server.address}/me/nosuch")
        assert missing.returncode == 1
        assert b"not found" in missing.stderr


def test_volumes_networks_and_the_server_answer(docker: Docker) -> None:
    assert "API version:      1.41" in docker("version")
    assert "Storage Driver: overlay2" in docker("info")
    assert docker("volume", "create", "--label", "a=b", "data") == "data\n"
    assert docker("volume", "ls", "-q", "-f", "label=a=b") == "data\n"
    network = docker("network", "create", "--subnet", "10.213.11.0/24", "front").strip()
    inspected = docker("network", "inspect", "-f", "{{.Id}}", "front")
    assert inspected.strip() == network
    assert docker("network", "rm", "front") == "front\n"
    assert "Local Volumes   1" in docker("system", "df")
    assert docker("volume", "prune", "-f").startswith("Deleted Volumes:\ndata\n")
    assert "Total reclaimed space" in docker("system", "prune", "-f")
    assert b"not a swarm manager" in docker.run("node", "ls").stderr
    assert b"No such object: nosuch" in docker.run("inspect", "nosuch").stderr
