"""Other people's tools read our store, and we read what they write into it.

skopeo (containers/image), umoci (opencontainers/umoci) and GNU tar share no code with
us: what they understand is what the specification says.
"""

import json
import os
import stat
import subprocess
from pathlib import Path

import pytest

from engine.images import deleting
from engine.images.base import ensure_base_image
from engine.images.store import ImageStore
from engine.images.stored import StoredImage
from engine.oci.image import History
from tests import tars
from tests.tars import archive, folder, regular, tree

pytestmark = pytest.mark.require("root", "busybox", "overlay")


@pytest.fixture
def store(tmp_path: Path) -> ImageStore:
    store = ImageStore(tmp_path / "root")
    ensure_base_image(store)
    return store


def run(*command: "str | Path") -> str:
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def add_layer(store: ImageStore, base: StoredImage, script: str, name: str):
    """Commit what a script did in an overlay mount of an image."""
    home = store.root / f"work-{name.replace(':', '-')}"
    for part in ("upper", "work", "merged"):
        (home / part).mkdir(parents=True)
    lower = ":".join(map(str, store.layer_directories(base)))
    options = f"lowerdir={lower},upperdir={home}/upper,workdir={home}/work"
    run("mount", "-t", "overlay", "overlay", "-o", options, home / "merged")
    try:
        run("sh", "-ec", f"cd {home}/merged; {script}")
    finally:
        run("umount", home / "merged")
    with store.writing():
        layer = store.add_layer(home / "upper")
        config = base.config._replace(
            diff_ids=(*base.config.diff_ids, layer.diff_id),
            history=(*base.config.history, History(created_by=script)),
        )
        stack = [*base.manifest.layers, layer.descriptor]
        return store.add(config, stack, name, base.id)


def merged_tree(store: ImageStore, image: StoredImage) -> dict:
    """What a container of the image would see."""
    target = store.root / "look"
    target.mkdir(exist_ok=True)
    layers = [*map(str, store.layer_directories(image)), str(store.root / "nothing")]
    (store.root / "nothing").mkdir(exist_ok=True)
    run("mount", "-t", "overlay", "none", "-o", "lowerdir=" + ":".join(layers), target)
    try:
        return tree(target)
    finally:
        run("umount", target)


@pytest.mark.require("skopeo")
def test_skopeo_finds_an_image_by_its_familiar_name(store) -> None:
    image = store.find("busybox")
    shown = json.loads(
        run("skopeo", "inspect", f"oci:{store.root}/images:busybox:latest")
    )
    assert shown["Digest"] == image.manifest_digest
    assert shown["Layers"] == [layer.digest for layer in image.manifest.layers]


@pytest.mark.require("skopeo")
def test_skopeo_checks_every_digest_and_makes_a_docker_archive(store, tmp_path) -> None:
    top = add_layer(
        store, store.find("busybox"), "rm etc/group; echo hi > motd", "me/a:1"
    )
    source, target = f"oci:{store.root}/images:me/a:1", tmp_path / "a.tar"
    run(
        "skopeo", "--insecure-policy", "copy", source, f"docker-archive:{target}:me/a:1"
    )
    manifest = json.loads(run("tar", "-xOf", target, "manifest.json"))
    assert manifest[0]["Config"] == f"{top.id.removeprefix('sha256:')}.json"


@pytest.mark.require("skopeo")
def test_an_image_that_skopeo_compressed_is_ours_again(store, tmp_path) -> None:
    top = add_layer(store, store.find("busybox"), "rm -r var; mkdir var", "a:1")
    other = ImageStore(tmp_path / "other")
    with other.writing():
        run(
            "skopeo", "--insecure-policy", "copy", "--dest-compress",
            f"oci:{store.root}/images:a:1", f"oci:{other.root}/images:b:2",
        )  # fmt: skip
    found = other.find("b:2")
    assert found.id == top.id  # the same image, in another manifest
    assert found.manifest_digest != top.manifest_digest
    assert merged_tree(other, found) == merged_tree(store, top)


@pytest.mark.require("umoci")
def test_umoci_unpacks_the_tree_that_our_snapshots_show(store, tmp_path) -> None:
    image = store.find("busybox")
    script = (
        "rm etc/group bin/vi; rm -r var; mkdir var; echo new > var/new; chmod 700 home;"
        "ln -s /etc/passwd pw; ln bin/ls bin/ls2; mknod null c 1 3; mkfifo fifo;"
        "mkdir -p 'a b/ü'; : > \"$(printf 'caf\\351')\"; chown 5:6 tmp;"
        "chmod 4755 bin/sh"
    )
    top = add_layer(store, image, script, "top:1")
    top = add_layer(store, top, "rm -r 'a b'; echo again > etc/group; rm pw", "top:2")
    run("umoci", "unpack", "--image", f"{store.root}/images:top:2", tmp_path / "bundle")
    assert tree(tmp_path / "bundle/rootfs") == merged_tree(store, top)


@pytest.mark.require("umoci")
def test_a_layer_that_umoci_added_is_read(store, tmp_path) -> None:
    images, bundle = f"{store.root}/images", tmp_path / "bundle"
    run("umoci", "unpack", "--image", f"{images}:busybox:latest", bundle)
    (bundle / "rootfs/etc/group").unlink()
    (bundle / "rootfs/etc/motd").write_text("from umoci")
    run("umoci", "repack", "--image", f"{images}:mine:1", bundle)
    image = store.find("mine:1")
    top = store.layer_directories(image)[0]
    assert (top / "etc/motd").read_text() == "from umoci"
    assert stat.S_ISCHR((top / "etc/group").lstat().st_mode)
    assert [row.empty for row in store.stack(image)].count(False) == 2


@pytest.mark.require("umoci")
def test_umoci_finds_our_layout_sound_after_removing(store) -> None:
    add_layer(store, store.find("busybox"), "echo 1 > one", "a:1")
    deleting.remove(store, "a:1")
    before = set(os.listdir(store.content.blobs))
    assert run("umoci", "ls", "--layout", f"{store.root}/images").split() == [
        "busybox:latest"
    ]
    run("umoci", "gc", "--layout", f"{store.root}/images")
    assert set(os.listdir(store.content.blobs)) == before


def test_gnu_tar_reads_our_layers_and_we_read_gnu_tars(store, tmp_path) -> None:
    source = tmp_path / "source"
    (source / "deep" / ("d" * 95)).mkdir(parents=True)
    (source / "deep" / ("d" * 95) / "file").write_text("x")
    (source / "big").write_bytes(bytes(1 << 20))
    os.truncate(source / "big", 3 << 20)
    os.link(source / "big", source / "link")
    trees = []
    for form, options in {"gnu": "-Sc", "posix": "-Sc", "ustar": "-c"}.items():
        made = subprocess.run(
            ["tar", "-C", source, options, f"--format={form}", "."],
            stdout=subprocess.PIPE, check=True,
        )  # fmt: skip
        image = tars.imported(store, made.stdout, f"{form}:1")
        trees.append(tree(store.layer_directories(image)[0]))
        out = tmp_path / form
        out.mkdir()
        blob = store.content.path(store.add_layer(source).descriptor.digest)
        run("tar", "-C", out, "-xpf", blob)
        trees.append(tree(out))
    assert all(found == tree(source) for found in trees)


@pytest.mark.require("umoci")
def test_omitted_parents_are_the_same_for_umoci(store, tmp_path) -> None:
    data = archive(folder("opt"), regular("opt/x", b"1"))
    image = tars.imported(store, data, "flat:1")
    run("umoci", "unpack", "--image", f"{store.root}/images:flat:1", tmp_path / "b")
    assert tree(tmp_path / "b/rootfs") == tree(store.layer_directories(image)[0])
