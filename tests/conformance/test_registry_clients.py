"""Other people's clients with our registry, and the same with docker-registry.

Each client pushes five kinds of image to each registry, and each pulls what the other
pushed: the digest is the same all the way. What docker pushes has a manifest of its
own, so there the two registries are held against each other.
"""

import json
import random
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import machine
from tests.benchmarks import rivals
from tests.conformance import kinds, registries
from tests.conformance.kinds import IMAGES
from tests.conformance.registries import Server
from tests.conformance.sides import in_memory
from tests.shell.lines import Done, Lab
from tests.tars import archive, regular

pytestmark = pytest.mark.require("root", "skopeo", "docker-registry", "zstd")

# docker takes its time with 60 layers, and cannot unpack zstd before its version 23.
FOR_DOCKER = [image for image in IMAGES if image not in ("many", "zstd")]
SERVERS = ["ours", "dockers"]
# What `htpasswd -nbB ada "love lace"` printed.
HASHED = "$2y$05$hZcjJdK/KXH8S6ypNZ7LUu/QpcOUt.sPQQnLRywyqwOF1Q3eJNVOa"
PLAIN = ["-q", "--src-tls-verify=false", "--dest-tls-verify=false"]


@pytest.fixture(scope="module")
def servers(run_directory: Path) -> Iterator[dict[str, Server]]:
    """Both registries."""
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
    """A docker of our own, without an image."""
    machine.need("docker", "dockerd")
    with (
        in_memory(run_directory / "clients-docker") as fast,
        rivals.dockerd(fast / "docker") as words,
    ):
        yield words


def skopeo(*words: str) -> str:
    return rivals.run("skopeo", "--insecure-policy", *words)


def push(layout: Path, server: Server, image: str) -> str:
    """Push with skopeo; the name of the image, as docker writes it."""
    name = f"{server.address}/skopeo/{image}:1"
    source = f"oci:{layout}:{image}"
    skopeo("copy", *PLAIN, "--preserve-digests", source, f"docker://{name}")
    return name


def digest_of(name: str) -> str:
    """The digest of the manifest, as the registry has it."""
    words = ["inspect", "--no-tags", "--tls-verify=false", "-f", "{{.Digest}}"]
    return skopeo(*words, f"docker://{name}")


def digest_in(layout: Path, image: str) -> str:
    """The digest of the manifest, as the layout has it."""
    for entry in json.loads((layout / "index.json").read_text())["manifests"]:
        if entry["annotations"]["org.opencontainers.image.ref.name"] == image:
            return str(entry["digest"])
    raise LookupError(image)


def pull(name: str, layout: Path, tag: str = "1") -> str:
    """Pull with skopeo into a new layout; the digest of the manifest there."""
    target = f"oci:{layout}:{tag}"
    skopeo("copy", *PLAIN, "--preserve-digests", f"docker://{name}", target)
    return digest_in(layout, tag)


@pytest.mark.parametrize("where", SERVERS)
def test_what_skopeo_pushed_comes_back(
    servers: dict[str, Server], layout: Path, tmp_path: Path, where: str
) -> None:
    for image in IMAGES:
        name = push(layout, servers[where], image)
        wanted = digest_in(layout, image)
        assert digest_of(name) == wanted
        assert pull(name, tmp_path / image) == wanted


@pytest.mark.require("overlay")
@pytest.mark.parametrize("where", SERVERS)
def test_what_labshell_pushed_comes_back(
    servers: dict[str, Server], layout: Path, fresh_root: Path, where: str
) -> None:
    """It pulls what skopeo pushed, and the other way round."""
    lab, server = Lab(fresh_root), servers[where]
    for image in IMAGES:
        source = push(layout, server, image)
        name = f"{server.address}/labshell/{image}:1"
        wanted = digest_in(layout, image)
        assert f"Digest: {wanted}" in done(lab("pull", source))
        done(lab("tag", source, name))
        assert f"digest: {wanted}" in "\n".join(done(lab("push", name)))
        assert digest_of(name) == wanted
    done(lab("rmi", source, name))
    assert f"Digest: {wanted}" in done(lab("pull", name))


def test_labshell_pulls_what_docker_pushed(
    servers: dict[str, Server], docker: list[str], fresh_root: Path
) -> None:
    """And docker pulls it again, when labshell has pushed it elsewhere."""
    lab = Lab(fresh_root)
    layer = archive(regular("new", random.Random(2).randbytes(1 << 20)))
    rivals.run(*docker, "import", "-", "theirs:1", stdin=layer)
    for server in servers.values():
        name = f"{server.address}/theirs:1"
        rivals.run(*docker, "tag", "theirs:1", name)
        digest = docker_digest(rivals.run(*docker, "push", name))
        assert f"Digest: {digest}" in done(lab("pull", name))
        again = f"{server.address}/ours:1"
        done(lab("tag", name, again))
        done(lab("push", again))
        assert docker_digest(rivals.run(*docker, "pull", again)) == digest


def done(line: Done) -> list[str]:
    """What a line of `lab` that went well has printed."""
    assert line.code == 0, line.err
    return line.lines


def docker_digest(printed: str) -> str:
    """What docker says the digest is, at the end of a push or a pull."""
    found = re.search(r"[dD]igest: (sha256:[0-9a-f]{64})", printed)
    assert found, printed
    return found[1]


@pytest.mark.parametrize("image", FOR_DOCKER)
def test_docker_pulls_from_skopeo_and_pushes_for_it(
    servers: dict[str, Server],
    layout: Path,
    docker: list[str],
    tmp_path: Path,
    image: str,
) -> None:
    """What it pushes to another repository of the registry, it has mounted there."""
    pushed = set()
    for where, server in servers.items():
        source = push(layout, server, image)
        printed = rivals.run(*docker, "pull", source)
        assert docker_digest(printed) == digest_in(layout, image)
        name = f"{server.address}/docker/{image}:1"
        pushed.add(docker_there_and_back(docker, source, name))
        skopeo("copy", *PLAIN, f"docker://{name}", f"dir:{tmp_path}/{where}")
        rivals.run(*docker, "rmi", "-f", name)  # else the next pull would take nothing
    assert len(pushed) == 1


def docker_there_and_back(docker: list[str], source: str, name: str) -> str:
    """Push an image of docker's and pull it again; the digest, the same both times."""
    rivals.run(*docker, "tag", source, name)
    digest = docker_digest(rivals.run(*docker, "push", name))
    rivals.run(*docker, "rmi", "-f", name, source)
    assert docker_digest(rivals.run(*docker, "pull", name)) == digest
    assert digest_of(name) == digest
    return digest


def test_docker_uploads_the_same_to_both_registries(
    servers: dict[str, Server], docker: list[str]
) -> None:
    """Layers that no registry has: docker compresses them while they go."""
    layer = archive(regular("new", random.Random(1).randbytes(3 << 20)))
    rivals.run(*docker, "import", "-", "new:1", stdin=layer)
    pushed = set()
    for server in servers.values():
        rivals.run(*docker, "tag", "new:1", "new:2")
        name = f"{server.address}/new:1"
        pushed.add(docker_there_and_back(docker, "new:2", name))
    assert len(pushed) == 1


def test_docker_takes_60_layers_and_mounts_them_elsewhere(
    servers: dict[str, Server], layout: Path, docker: list[str]
) -> None:
    source = push(layout, servers["ours"], "many")
    printed = rivals.run(*docker, "pull", source)
    assert docker_digest(printed) == digest_in(layout, "many")
    name = f"{servers['ours'].address}/docker/many:1"
    rivals.run(*docker, "tag", source, name)
    printed = rivals.run(*docker, "push", name)
    assert printed.count("Mounted from skopeo/many") == 60
    assert digest_of(name) == docker_digest(printed)


def test_a_layer_that_is_there_is_not_sent_again(
    servers: dict[str, Server], layout: Path, docker: list[str]
) -> None:
    server = servers["ours"]
    for image in ("shared-a", "shared-b"):
        rivals.run(*docker, "pull", "-q", push(layout, server, image))
    printed = []
    for image in ("shared-a", "shared-b"):
        name = f"{server.address}/twice:{image}"
        rivals.run(*docker, "tag", f"{server.address}/skopeo/{image}:1", name)
        printed.append(rivals.run(*docker, "push", name))
    assert "Layer already exists" in printed[1]


def test_docker_needs_a_name_where_one_is_asked_for(
    layout: Path, docker: list[str], tmp_path: Path
) -> None:
    users = tmp_path / "users"
    users.write_text(f"ada:{HASHED}\n")
    home = ["--config", str(tmp_path / "home")]
    with registries.ours(tmp_path / "registry", "--htpasswd", str(users)) as server:
        refused = subprocess.run(
            [*docker, "pull", f"{server.address}/one"], capture_output=True, text=True
        )
        assert "no basic auth credentials" in refused.stderr
        login = [docker[0], *home, *docker[1:], "login", "-u", "ada"]
        rivals.run(*login, "--password-stdin", server.address, stdin=b"love lace")
        name = f"docker://{server.address}/one"
        who = "--dest-creds=ada:love lace"
        skopeo("copy", *PLAIN, who, f"oci:{layout}:one", name)
        words = [docker[0], *home, *docker[1:]]
        rivals.run(*words, "pull", "-q", f"{server.address}/one")


@pytest.mark.require("openssl")
def test_skopeo_speaks_tls(layout: Path, tmp_path: Path) -> None:
    files = {name: str(tmp_path / f"box.{name}") for name in ("crt", "key")}
    rivals.run(
        *["openssl", "req", "-x509", "-newkey", "ec", "-nodes", "-days", "2"],
        *["-pkeyopt", "ec_paramgen_curve:prime256v1", "-subj", "/CN=box"],
        *["-addext", "subjectAltName=IP:127.0.0.1"],
        *["-keyout", files["key"], "-out", files["crt"]],
    )
    options = ["--tls-cert", files["crt"], "--tls-key", files["key"]]
    with registries.ours(tmp_path / "registry", *options) as server:
        name = f"docker://{server.address}/large:1"
        certificates = tmp_path / "certificates"
        certificates.mkdir()
        shutil.copy(files["crt"], certificates / "ca.crt")
        who = f"cert-dir={certificates}"
        source = f"oci:{layout}:large"
        skopeo("copy", "-q", "--preserve-digests", f"--dest-{who}", source, name)
        back = f"oci:{tmp_path}/back:1"
        skopeo("copy", "-q", "--preserve-digests", f"--src-{who}", name, back)
        assert digest_in(tmp_path / "back", "1") == digest_in(layout, "large")
