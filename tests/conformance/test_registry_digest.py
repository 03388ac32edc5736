"""Through a registry and back: the manifest has the same digest everywhere.

skopeo carries our image to a real registry (Debian's docker-registry, on loopback) and
from there into an archive; what is loaded here again must be the same to the byte.
"""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.engine import Engine
from tests.conformance import registries

pytestmark = pytest.mark.require("root", "overlay", "skopeo", "docker-registry")


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[str]:
    """The address of a registry that is empty."""
    with registries.dockers(tmp_path / "registry") as server:
        yield f"docker://{server.address}"


def skopeo(*words: "str | Path") -> str:
    done = subprocess.run(
        ["skopeo", "--insecure-policy", *words], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_an_image_is_the_same_after_a_registry(
    engine: Engine, busybox: str, registry: str, fresh_root: Path, tmp_path: Path
) -> None:
    ours = engine.image(busybox)
    there, archive = f"{registry}/busybox:1", tmp_path / "back.tar"
    plain = ["--src-tls-verify=false", "--dest-tls-verify=false", "--preserve-digests"]
    source = f"oci:{engine.root}/images:busybox:latest"
    skopeo("copy", "-q", *plain, source, there)
    digest = skopeo("inspect", "--tls-verify=false", "-f", "{{.Digest}}", there)
    assert digest == ours.manifest_digest

    skopeo("copy", "-q", *plain, there, f"oci-archive:{archive}:back:1")
    elsewhere = Engine(fresh_root)
    with archive.open("rb") as stream:
        elsewhere.load(stream)
    back = elsewhere.image(ours.id)
    assert back.manifest_digest == ours.manifest_digest
    assert back.config.diff_ids == ours.config.diff_ids
