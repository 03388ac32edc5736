"""Other people's clients with our registry, and the same with docker-registry.

What each carries comes back as it was: that is in test_registry_table.py. Here is what
is special: layers that docker makes, mounts, passwords, TLS.
"""

import random
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.benchmarks import rivals
from tests.conformance import registries
from tests.conformance.carriers import (
    PLAIN,
    bring,
    digest_in,
    digest_of,
    done,
    said_digest,
    skopeo,
)
from tests.conformance.registries import Server
from tests.shell.lines import Lab
from tests.tars import archive, regular

pytestmark = pytest.mark.require("root", "skopeo", "docker-registry", "zstd")


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
        digest = said_digest(rivals.run(*docker, "push", name))
        assert said_digest(done(lab("pull", name))) == digest
        again = f"{server.address}/ours:1"
        done(lab("tag", name, again))
        done(lab("push", again))
        assert said_digest(rivals.run(*docker, "pull", again)) == digest


def docker_there_and_back(docker: list[str], source: str, name: str) -> str:
    """Push an image of docker's and pull it again; the digest, the same both times."""
    rivals.run(*docker, "tag", source, name)
    digest = said_digest(rivals.run(*docker, "push", name))
    rivals.run(*docker, "rmi", "-f", name, source)
    assert said_digest(rivals.run(*docker, "pull", name)) == digest
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


def test_docker_mounts_what_is_next_door(
    servers: dict[str, Server], layout: Path, docker: list[str]
) -> None:
    """What it has pulled from one repository of a registry, it sends to no other."""
    for server in servers.values():
        source = bring(layout, server, "shared-a")
        rivals.run(*docker, "pull", source)
        name = f"{server.address}/next-door:1"
        rivals.run(*docker, "tag", source, name)
        printed = rivals.run(*docker, "push", name)
        assert printed.count("Mounted from skopeo/shared-a") == 2
        assert digest_of(name) == said_digest(printed)
        rivals.run(*docker, "rmi", "-f", source, name)


def test_a_layer_that_is_there_is_not_sent_again(
    servers: dict[str, Server], layout: Path, docker: list[str]
) -> None:
    server = servers["ours"]
    for image in ("shared-a", "shared-b"):
        rivals.run(*docker, "pull", "-q", bring(layout, server, image))
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
    users.write_text(f"ada:{registries.HASHED}\n")
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
