"""Archives go both ways: docker, podman, skopeo and umoci read ours, and we theirs.

The same image has the same ID everywhere, and its containers see the same files.
"""

import io
import json
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.engine import Engine
from engine.oci import digest as digests
from tests import machine, workshop
from tests.benchmarks import rivals
from tests.engine.boxes import Box

pytestmark = pytest.mark.require("root", "overlay")

SCRIPT = (
    "echo new > /new; rm /etc/group; rm -r /var/spool; mkdir /var/spool;"
    "ln /new /link; chmod 4755 /new; chown 33:33 /tmp; mkfifo /fifo"
)
INSECURE = ("skopeo", "--insecure-policy", "copy", "-q")


def run(*command: "str | Path", stdin: bytes | None = None) -> str:
    done = subprocess.run(command, capture_output=True, input=stdin)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


@pytest.fixture
def box(engine: Engine, busybox: str) -> Box:
    return Box(engine, busybox)


@pytest.fixture
def saved(box: Box, tmp_path: Path) -> Path:
    """Two of our images that share a layer, in one archive."""
    container = box.create("sh", "-c", SCRIPT)
    box.foreground(container.id)
    changes = ['CMD ["cat", "/new"]', "LABEL who=me", "EXPOSE 80"]
    box.engine.commit(container.id, "mine:1", message="why", changes=changes)
    path = tmp_path / "saved.tar"
    box.engine.save(["mine:1", "busybox"], path)
    return path


@pytest.fixture(scope="module")
def docker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    machine.need("docker", "dockerd")
    with rivals.dockerd(tmp_path_factory.mktemp("docker") / "d") as words:
        yield words


def load_into(engine: Engine, data: bytes) -> list[tuple[str, tuple[str, ...]]]:
    return [(image.id, image.names) for image in engine.load(io.BytesIO(data))]


def ids(words: list[str]) -> set[str]:
    return set(run(*words, "images", "-q", "--no-trunc").split())


def test_docker_loads_ours_with_the_same_ids(docker, engine, saved) -> None:
    assert run(*docker, "load", "-i", saved).splitlines() == [
        "Loaded image: mine:1",
        "Loaded image: busybox:latest",
    ]
    ours = [engine.image(name) for name in ("mine:1", "busybox")]
    for image in ours:
        (shown,) = json.loads(run(*docker, "inspect", image.references[0]))
        assert shown["Id"] == image.id
        assert shown["RootFS"]["Layers"] == list(image.config.diff_ids)
    assert run(*docker, "history", "-q", "mine:1").split()[0] == ours[0].short_id
    assert [row["Comment"] for row in history(docker)] == [
        row.comment for row in engine.history("mine:1")
    ]


def history(docker: list[str]) -> list[dict[str, str]]:
    lines = run(*docker, "history", "--format", "{{json .}}", "mine:1")
    return [json.loads(line) for line in lines.splitlines()]


def test_what_docker_saves_again_is_the_same_image_here(docker, engine, saved) -> None:
    run(*docker, "load", "-i", saved)
    image = engine.image("mine:1")
    engine.remove_image("mine:1")
    theirs = subprocess.run(
        [*docker, "save", "mine:1", "busybox"], check=True, stdout=subprocess.PIPE
    ).stdout
    assert set(load_into(engine, theirs)) == {
        (image.id, ("mine:1",)),
        (engine.image("busybox").id, ("busybox:latest",)),
    }
    again = engine.image("mine:1")
    assert again.layer_sizes == image.layer_sizes
    assert Box(engine, "mine:1").run().out == "new\n"


def test_an_image_that_docker_made_goes_there_and_back(docker, engine) -> None:
    """Docker's own config, with fields that we do not know, keeps its digest."""
    tar = subprocess.run(["tar", "-C", "/etc", "-c", "hostname"], stdout=-1).stdout
    made = run(*docker, "import", "-", "theirs:1", stdin=tar).strip()
    theirs = subprocess.run([*docker, "save", "theirs:1"], stdout=-1).stdout
    assert load_into(engine, theirs) == [(made, ("theirs:1",))]
    run(*docker, "rmi", "theirs:1")
    run(*docker, "load", stdin=saved_bytes(engine, "theirs:1"))
    assert made in ids(docker)


def saved_bytes(engine: Engine, name: str) -> bytes:
    path = engine.root / "saved.tar"
    try:
        engine.save([name], path)
        return path.read_bytes()
    finally:
        path.unlink()


def test_export_has_the_members_that_docker_exports(docker, box: Box, saved) -> None:
    run(*docker, "load", "-i", saved)
    identity = run(*docker, "create", "-v", "/anon", "mine:1").strip()
    theirs = subprocess.run([*docker, "export", identity], stdout=-1).stdout
    container = box.create(image="mine:1", volumes=("/anon",))
    path = saved.with_name("tree.tar")
    box.engine.export(container.id, path)
    assert members(path.read_bytes()) == members(theirs)


def members(data: bytes) -> dict[str, tuple[object, ...]]:
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return {
            info.name: (
                *(info.type, info.mode & 0o7777, info.uid, info.gid),
                *(info.size, info.linkname),
            )
            for info in tar
        }


@pytest.fixture
def podman() -> Iterator[list[str]]:
    """The words that begin a command for a podman with a store of its own."""
    machine.need("podman")
    # podman wants the path of its runroot to be short
    with tempfile.TemporaryDirectory(dir=workshop.DISK) as folder:
        yield ["podman", "--root", f"{folder}/p", "--runroot", f"{folder}/r"]
        subprocess.run(["umount", f"{folder}/p/overlay"], capture_output=True)


def test_podman_loads_ours_and_saves_it_as_the_same_image(
    podman, engine, saved, tmp_path: Path
) -> None:
    image = engine.image("mine:1")
    assert "localhost/mine:1" in run(*podman, "load", "-i", saved)
    assert image.id in ids(podman)
    engine.remove_image("mine:1")
    path = tmp_path / "podman.tar"
    run(*podman, "save", "-o", path, "localhost/mine:1")
    assert load_into(engine, path.read_bytes()) == [(image.id, ("localhost/mine:1",))]


def config_seen_by_skopeo(archive: str) -> str:
    """The digest of the config of the image in an archive."""
    raw = subprocess.run(
        ["skopeo", "inspect", "--config", "--raw", archive], check=True, stdout=-1
    ).stdout
    return digests.sha256(raw)


@pytest.mark.require("skopeo")
def test_skopeo_reads_ours_in_both_formats(engine, saved, tmp_path: Path) -> None:
    image = engine.image("mine:1")
    single = tmp_path / "single.tar"
    engine.save(["mine:1"], single)
    for source in (f"docker-archive:{saved}:mine:1", f"oci-archive:{single}:1"):
        assert config_seen_by_skopeo(source) == image.id
        run(*INSECURE, source, f"dir:{tmp_path}/{source[:3]}")  # checks every digest


@pytest.mark.require("skopeo")
@pytest.mark.parametrize("option", ["--dest-compress", "--dest-decompress"])
def test_we_read_what_skopeo_writes_compressed_or_not(
    engine, saved, tmp_path: Path, option: str
) -> None:
    """From one format to the other skopeo writes a new config: so to the same."""
    image, single = engine.image("mine:1"), tmp_path / "single.tar"
    engine.save(["mine:1"], single)
    engine.remove_image("mine:1")
    for source, form in (
        (f"docker-archive:{saved}:mine:1", "docker-archive"),
        (f"oci-archive:{single}:1", "oci-archive"),
    ):
        path = tmp_path / form
        run(*INSECURE, option, source, f"{form}:{path}:a/b:1")
        assert load_into(engine, path.read_bytes()) == [(image.id, ("a/b:1",))]
        assert Box(engine, "a/b:1").run().out == "new\n"
        engine.remove_image("a/b:1")


@pytest.mark.require("umoci")
def test_umoci_unpacks_ours(engine, saved, tmp_path: Path) -> None:
    layout, bundle = tmp_path / "layout", tmp_path / "bundle"
    single = tmp_path / "single.tar"
    engine.save(["mine:1"], single)
    layout.mkdir()
    run("tar", "-C", layout, "-xf", single)
    run("umoci", "unpack", "--image", f"{layout}:1", bundle)
    assert (bundle / "rootfs" / "new").read_text() == "new\n"
    assert not (bundle / "rootfs" / "etc" / "group").exists()
