"""Docker's own library for Python drives labd, as it is.

It asks for more than the docker command, and in other words: filters as lists, places
of binds among the volumes, a body of null.

Source: docker-py's reference, https://docker-py.readthedocs.io
Try it: `python3 -c "import docker; print(docker.DockerClient('unix:///run/labshell/
labd.sock').containers.list())"`
"""

import io
import tarfile
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
from docker import DockerClient
from docker.models.containers import Container
from docker.types import Mount, Ulimit

from engine.engine import Engine
from tests.api.serving import serving

pytestmark = pytest.mark.require("root", "overlay")


@pytest.fixture(scope="module")
def socket(shared_engine: Engine, run_directory: Path) -> Iterator[Path]:
    """Where labd listens, for all tests of this file."""
    with serving(run_directory / "docker-py.sock", shared_engine.root) as path:
        yield path


@pytest.fixture
def client(socket: Path, engine: Engine, busybox: str) -> Iterator[DockerClient]:
    """docker-py, which asks it; what a test makes is removed after it."""
    client = docker.DockerClient(base_url=f"unix://{socket}")
    yield client
    client.close()


@pytest.fixture
def box(client: DockerClient) -> Container:
    """A container that runs."""
    box = client.containers.create(
        "busybox", ["sleep", "600"], name="box", network_mode="none"
    )
    box.start()
    return box


def test_it_finds_which_api_is_spoken(client: DockerClient) -> None:
    assert client.ping()
    assert client.version()["ApiVersion"] == "1.41"


def test_a_container_is_what_was_asked(client: DockerClient) -> None:
    box = client.containers.create(
        "busybox",
        "sh -c 'echo hi'",
        labels={"a": "b"},
        environment={"X": "1"},
        mem_limit="64m",
        nano_cpus=500_000_000,
        volumes={"data": {"bind": "/d", "mode": "ro"}},
        mounts=[Mount("/m", "other", labels={"x": "y"})],
        tmpfs={"/t": "size=1m"},
        ulimits=[Ulimit(name="nofile", soft=20, hard=30)],
        restart_policy={"Name": "on-failure", "MaximumRetryCount": 3},
        healthcheck={"test": ["CMD", "true"], "interval": 10**9},
        ports={"80/tcp": ("127.0.0.1", 8080), "53/udp": None},
        stdin_open=True,
        detach=True,
    )
    config, host = box.attrs["Config"], box.attrs["HostConfig"]
    assert config["Cmd"] == ["sh", "-c", "echo hi"]
    assert "X=1" in config["Env"]
    assert (config["OpenStdin"], config["StdinOnce"]) == (True, False)
    assert config["Healthcheck"] == {"Test": ["CMD", "true"], "Interval": 10**9}
    assert (host["Memory"], host["NanoCpus"]) == (64 << 20, 500_000_000)
    assert host["Binds"] == ["data:/d:ro"]
    assert host["Tmpfs"] == {"/t": "size=1m"}
    assert host["Ulimits"] == [{"Name": "nofile", "Soft": 20, "Hard": 30}]
    assert host["RestartPolicy"] == {"Name": "on-failure", "MaximumRetryCount": 3}
    assert host["PortBindings"]["80/tcp"] == [
        {"HostIp": "127.0.0.1", "HostPort": "8080"}
    ]
    places = {mount["Destination"]: mount["RW"] for mount in box.attrs["Mounts"]}
    assert places == {"/d": False, "/m": True}


def test_a_container_lives_and_goes(client: DockerClient, box: Container) -> None:
    box.reload()
    assert (box.status, box.name) == ("running", "box")
    assert client.containers.list() == [box]
    assert client.containers.list(all=True, filters={"name": "nosuch"}) == []
    assert box.top()["Processes"][0][-1] == "sleep 600"
    box.update(mem_limit="64m", memswap_limit=-1)
    box.pause()
    assert client.containers.get("box").status == "paused"
    box.unpause()
    box.rename("other")
    box.kill()
    box.remove(v=True)
    with pytest.raises(docker.errors.NotFound, match="No such container: other"):
        client.containers.get("other")


def test_errors_are_told_apart(client: DockerClient, box: Container) -> None:
    with pytest.raises(docker.errors.ImageNotFound):
        client.containers.create("nosuch")
    with pytest.raises(docker.errors.APIError, match="409 Client Error"):
        box.remove()
    with pytest.raises(docker.errors.APIError, match="is already in use by container"):
        client.containers.create("busybox", name="box")


def test_files_go_in_and_come_out(box: Container) -> None:
    sent = io.BytesIO()
    with tarfile.open(fileobj=sent, mode="w") as archive:
        entry = tarfile.TarInfo("f")
        entry.size = 5
        archive.addfile(entry, io.BytesIO(b"hello"))
    assert box.put_archive("/tmp", sent.getvalue())
    pieces, status = box.get_archive("/tmp/f")
    assert (status["name"], status["size"]) == ("f", 5)
    with tarfile.open(fileobj=io.BytesIO(b"".join(pieces))) as archive:
        found = archive.extractfile("f")
        assert found is not None and found.read() == b"hello"
    assert {"Path": "/tmp/f", "Kind": 1} in box.diff()
    with tarfile.open(fileobj=io.BytesIO(b"".join(box.export()))) as archive:
        assert "tmp/f" in archive.getnames()


def test_a_commit_is_an_image(client: DockerClient, engine: Engine) -> None:
    box = client.containers.create("busybox", ["true"])
    made = client.api.commit(box.id, "mine", "2", message="why", conf={"Cmd": ["x"]})
    image = engine.image("mine:2")
    assert (made["Id"], image.config.defaults.cmd) == (image.id, ("x",))


def test_what_does_not_run_is_pruned(client: DockerClient, box: Container) -> None:
    ended = client.containers.create("busybox", ["true"])
    assert client.containers.prune()["ContainersDeleted"] == [ended.id]
    assert client.containers.list(all=True) == [box]


def test_images_volumes_and_networks_are_listed_too(
    client: DockerClient, box: Container
) -> None:
    image = client.images.get("busybox")
    assert image.tags == ["busybox:latest"]
    assert image.tag("mine", "3")
    assert [one.id for one in client.images.list("mine")] == [image.id]
    volume = client.volumes.create("data", labels={"a": "b"})
    assert client.volumes.list(filters={"label": "a=b"}) == [volume]
    network = client.networks.create("front", driver="bridge", internal=True)
    assert client.networks.list(names=["front"]) == [network]
    network.remove()
    volume.remove()
    assert client.volumes.list() == []
