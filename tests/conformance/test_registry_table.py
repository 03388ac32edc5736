"""The table: each client, with each registry, and each kind of image.

                      labshell's            docker-registry
                      pull      push        pull      push
    labshell          same      same        same      same
    docker            same      its own     same      its own
    skopeo            same      same        same      same

    × one layer, 60 layers, shared layers, a large one, zstd

In each cell the client pulls from the *other* registry what skopeo has brought there,
and pushes that to this one; then it pulls it from here. "Same" is the digest that the
image has in the layout where it was made.

docker writes a manifest of its own: there it must have the same digest in both
registries. And it pulls from this one: else it would compress the layers anew, to other
bytes (for how it uploads those, see test_registry_clients.py).

docker 20.10 cannot unpack zstd (since 23 it can), so that cell says that it is refused.
It mounts and unmounts each of 60 layers: so it pulls them once from each registry, and
does not take back what it has pushed. The large layer has 20 MB here; 500 MB go in
tests/benchmarks/transfers.py.
"""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.engine import Engine
from tests import workshop
from tests.benchmarks import rivals
from tests.conformance import carriers
from tests.conformance.carriers import Carrier, Docker, Labshell, Skopeo, bring
from tests.conformance.kinds import IMAGES
from tests.conformance.registries import Server

pytestmark = pytest.mark.require("root", "overlay", "skopeo", "docker-registry", "zstd")
SERVERS = {"ours": "dockers", "dockers": "ours"}  # this one, and the other
CARRIERS = ("skopeo", "labshell", "docker")
DOCKERS_OWN: dict[str, str] = {}  # the digest of what docker pushed, by image


@pytest.fixture(scope="module")
def clients(run_directory: Path) -> Iterator[dict[str, Carrier]]:
    """Those that need nothing to run; docker comes when it is asked for."""
    root = run_directory / "table-root"
    folder = run_directory / "table-layouts"
    folder.mkdir()
    yield {"labshell": Labshell(root), "skopeo": Skopeo(folder)}
    shutil.rmtree(folder)
    workshop.close(Engine(root))


@pytest.fixture
def client(
    request: pytest.FixtureRequest, clients: dict[str, Carrier], carrier: str
) -> Carrier:
    if carrier == "docker":
        clients[carrier] = Docker(request.getfixturevalue("docker"))
    return clients[carrier]


@pytest.mark.parametrize("image", IMAGES)
@pytest.mark.parametrize("where", SERVERS)
@pytest.mark.parametrize("carrier", CARRIERS)
def test_the_digest_is_the_same_everywhere(
    servers: dict[str, Server],
    layout: Path,
    client: Carrier,
    carrier: str,
    where: str,
    image: str,
) -> None:
    wanted = carriers.digest_in(layout, image)
    there = where if carrier == "docker" else SERVERS[where]
    source = bring(layout, servers[there], image)
    name = f"{servers[where].address}/{carrier}/{image}:1"
    if isinstance(client, Docker) and image == "zstd" and version(client) < 23:
        return is_refused(client, source)
    assert client.pull(source) == wanted
    pushed = client.push(name, source)
    if isinstance(client, Docker):
        wanted = DOCKERS_OWN.setdefault(image, pushed)
    assert pushed == carriers.digest_of(name) == wanted
    client.forget(source, name)
    if not (isinstance(client, Docker) and image == "many"):
        assert client.pull(name) == wanted
        client.forget(name)


def version(docker: Docker) -> int:
    """The number of the daemon before its first dot."""
    words = [*docker.words, "version", "-f", "{{.Server.Version}}"]
    return int(rivals.run(*words).partition(".")[0])


def is_refused(docker: Docker, name: str) -> None:
    """It says so, and has no image then."""
    refused = subprocess.run([*docker.words, "pull", name], capture_output=True)
    assert refused.returncode == 1
    assert b"failed to register layer" in refused.stderr
    there = subprocess.run([*docker.words, "inspect", name], capture_output=True)
    assert there.returncode == 1
