"""Archives: what others saved is here the same image, and what we save is the same."""

import bz2
import gzip
import io
import json
import lzma
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import files
from engine.errors import EngineError, NotFound
from engine.images.archives import loading, writing
from engine.images.archives.loading import LoadedImage
from engine.images.store import ImageStore
from tests import saved
from tests.saved import Saved, as_json, packed, sha256
from tests.tars import archive, folder, hard_link, imported, regular

pytestmark = pytest.mark.require("root")


@pytest.fixture
def store(tmp_path: Path) -> ImageStore:
    return ImageStore(tmp_path / "root")


def loaded(store: ImageStore, data: bytes) -> list[LoadedImage]:
    return loading.load(store, io.BytesIO(data))


def archive_of(store: ImageStore, *names: str) -> bytes:
    """What `save` writes."""
    path = store.root / "saved.tar"
    with store.writing(), files.whole_or_nothing(path) as out:
        writing.save(store, writing.choose(store, names), out)
    return path.read_bytes()


def inside(data: bytes, name: str) -> bytes:
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        file = tar.extractfile(name)
        assert file
        return file.read()


class Pipe(io.RawIOBase):
    """A stream that gives a few bytes at a time and cannot be rewound."""

    def __init__(self, data: bytes) -> None:
        self._rest = data

    def read(self, size: int = -1) -> bytes:
        data, self._rest = self._rest[: min(size, 700)], self._rest[min(size, 700) :]
        return data


# Loading


def test_a_docker_archive_is_the_image_it_was(store) -> None:
    image = Saved()
    assert loaded(store, packed(image.docker())) == [
        LoadedImage(id=image.id, names=("mine:1",))
    ]
    found = store.find("mine:1")
    assert found.id == image.id
    assert store.content.read(found.id) == image.config
    assert found.layer_sizes == (5, 12)
    top, below = store.layer_directories(found)
    assert (top / "new").read_bytes() == b"second layer"
    assert (below / "etc" / "motd").read_bytes() == b"hello"


def test_an_oci_layout_keeps_its_manifest(store) -> None:
    image = Saved()
    parts = image.oci(org_opencontainers_image_ref_name="me/mine:1")
    loaded(store, packed(parts))
    found = store.find("me/mine:1")
    assert found.id == image.id
    assert f"blobs/sha256/{found.manifest_digest.partition(':')[2]}" in parts


def test_the_name_for_containerd_counts_more_than_a_tag(store) -> None:
    notes = {
        "io_containerd_image_name": "docker.io/library/mine:2",
        "org_opencontainers_image_ref_name": "2",
    }
    assert loaded(store, packed(Saved().oci(**notes)))[0].names == ("mine:2",)


def test_a_tag_alone_names_nothing(store) -> None:
    parts = Saved().oci(org_opencontainers_image_ref_name="latest")
    assert loaded(store, packed(parts))[0].names == ()


def test_of_an_index_for_many_machines_ours_is_taken(store) -> None:
    image = Saved()
    parts = image.oci()
    (entry,) = json.loads(parts["index.json"])["manifests"]
    ours = {"os": "linux", "architecture": loading.oci_form.architecture()}
    other = {**saved.descriptor(saved.MANIFEST, b"?"), "platform": {"os": "plan9"}}
    inner = as_json({"manifests": [other, {**entry, "platform": ours}]})
    outer = saved.descriptor("application/vnd.oci.image.index.v1+json", inner)
    parts[f"blobs/sha256/{sha256(inner)}"] = inner
    parts["index.json"] = as_json({"manifests": [outer]})
    assert [found.id for found in loaded(store, packed(parts))] == [image.id]


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress])
def test_an_archive_may_be_compressed_as_a_whole(store, compress) -> None:
    data = compress(packed(Saved().docker()))
    assert loaded(store, data)[0].id == Saved().id


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress])
def test_layers_may_be_compressed_each(store, compress) -> None:
    image, parts = Saved(), Saved().docker()
    for name, part in parts.items():
        if name.endswith("layer.tar"):
            parts[name] = compress(part)
    loaded(store, packed(parts))
    found = store.find("mine:1")
    assert found.id == image.id
    assert found.layer_sizes == (5, 12)
    assert len(store.layer_directories(found)) == 2


def test_members_may_come_in_any_order_and_from_a_pipe(store) -> None:
    parts = Saved().docker()
    backwards = dict(reversed(parts.items()))
    for data in (packed(parts), packed(backwards)):
        assert loading.load(store, Pipe(data))[0].id == Saved().id


def test_layer_links_as_docker_20_writes_them_are_followed(store) -> None:
    parts, (layer, _) = Saved().docker(), saved.LAYERS
    name = f"{sha256(layer)}/layer.tar"
    del parts[name]
    parts["0000/layer.tar"] = regular("0000/layer.tar", layer)
    parts = saved.linked(parts, name, "../0000/layer.tar")
    loaded(store, packed(parts))
    assert store.find("mine:1").id == Saved().id


def test_layers_may_be_hard_links(store) -> None:
    parts, (layer, _) = Saved().docker(), saved.LAYERS
    name = f"{sha256(layer)}/layer.tar"
    del parts[name]
    parts = {"first": layer, **parts, name: hard_link(name, "first")}
    loaded(store, packed(parts))
    assert store.find("mine:1").id == Saved().id


def test_names_may_begin_with_a_dot(store) -> None:
    parts = {f"./{name}": part for name, part in Saved().docker().items()}
    assert loaded(store, archive(folder("./")) and packed(parts))[0].id == Saved().id


def test_an_image_saved_by_its_id_has_no_name(store) -> None:
    (found,) = loaded(store, packed(Saved().docker(tags=None)))
    assert found.names == ()
    assert store.find(found.id).references == ()


def test_a_name_moves_and_the_one_who_had_it_stays_without(store) -> None:
    old = imported(store, archive(regular("old")), "mine:1")
    (found,) = loaded(store, packed(Saved().docker()))
    assert found.taken_from == {"mine:1": old.id}
    assert store.find(old.id).references == ()


def test_an_image_that_is_here_gets_the_new_name_only(store) -> None:
    loaded(store, packed(Saved().docker()))
    manifest = store.find("mine:1").manifest_digest
    loaded(store, packed(Saved().oci(org_opencontainers_image_ref_name="also:1")))
    (image,) = store.list()
    assert image.references == ("also:1", "mine:1")
    assert image.manifest_digest == manifest


def test_a_parent_comes_with_its_child(store) -> None:
    parent, child = Saved(layers=saved.LAYERS[:1]), Saved()
    parts = {**parent.docker(("base:1",)), **child.docker(Parent=parent.id)}
    items = [
        *json.loads(parent.docker(("base:1",))["manifest.json"]),
        *json.loads(parts["manifest.json"]),
    ]
    loaded(store, packed({**parts, "manifest.json": as_json(items)}))
    assert store.find("mine:1").parent == parent.id
    again = ImageStore(store.root.with_name("again"))
    loaded(again, archive_of(store, "mine:1", "base:1"))
    assert again.find("mine:1").parent == parent.id


def test_a_parent_that_is_not_in_the_archive_is_forgotten(store) -> None:
    parts = Saved().docker(Parent=f"sha256:{'a' * 64}")
    loaded(store, packed(parts))
    assert store.find("mine:1").parent is None


# Saving


def test_the_same_images_give_the_same_bytes(store) -> None:
    loaded(store, packed(Saved().docker()))
    first = archive_of(store, "mine:1")
    again = ImageStore(store.root.with_name("again"))
    loaded(again, first)
    assert archive_of(again, "mine:1") == first


def test_what_is_saved_is_both_formats(store) -> None:
    image = Saved()
    loaded(store, packed(image.docker()))
    data = archive_of(store, "mine:1")
    (item,) = json.loads(inside(data, "manifest.json"))
    assert inside(data, item["Config"]) == image.config
    assert [inside(data, layer) for layer in item["Layers"]] == list(image.layers)
    assert item["RepoTags"] == ["mine:1"]
    (entry,) = json.loads(inside(data, "index.json"))["manifests"]
    assert entry["annotations"] == {
        "io.containerd.image.name": "docker.io/library/mine:1",
        "org.opencontainers.image.ref.name": "1",
    }
    top = sha256(image.layers[-1])
    assert json.loads(inside(data, "repositories")) == {"mine": {"1": top}}


def test_a_layer_that_two_images_share_is_there_once(store) -> None:
    loaded(store, packed(Saved().docker()))
    loaded(store, packed(Saved(layers=saved.LAYERS[:1]).docker(("base:1",))))
    with tarfile.open(fileobj=io.BytesIO(archive_of(store, "mine:1", "base:1"))) as tar:
        names = tar.getnames()
    assert len(names) == len(set(names))


def test_saved_by_id_there_is_no_name(store) -> None:
    loaded(store, packed(Saved().docker()))
    data = archive_of(store, Saved().id)
    assert json.loads(inside(data, "manifest.json"))[0]["RepoTags"] is None
    assert "annotations" not in json.loads(inside(data, "index.json"))["manifests"][0]
    with pytest.raises(KeyError):
        inside(data, "repositories")


def test_a_repository_without_a_tag_means_all_its_tags(store) -> None:
    loaded(store, packed(Saved().docker(("mine:1", "mine:2", "other:1"))))
    (item,) = json.loads(inside(archive_of(store, "mine"), "manifest.json"))
    assert item["RepoTags"] == ["mine:1", "mine:2"]


def test_what_is_not_there_cannot_be_saved(store) -> None:
    loaded(store, packed(Saved().docker()))
    with pytest.raises(NotFound, match="No such image: nosuch"):
        archive_of(store, "mine:1", "nosuch")
    assert not list(store.root.glob("*saved.tar*"))


def test_a_file_opened_to_append_can_be_written_to(store) -> None:
    loaded(store, packed(Saved().docker()))
    expected = archive_of(store, "mine:1")
    path = store.root / "appended.tar"
    out = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        writing.save(store, writing.choose(store, ["mine:1"]), out)
    finally:
        os.close(out)
    assert path.read_bytes() == expected


# Nothing half-loaded


def everything_in(store: ImageStore) -> Iterator[str]:
    for directory, _, names in os.walk(store.root):
        yield from (f"{directory}/{name}" for name in names)


def test_of_two_images_a_damaged_second_one_brings_none(store) -> None:
    loaded(store, packed(Saved().docker(("first:1",))))
    before = sorted(everything_in(store))
    good = Saved(layers=(archive(regular("good")),))
    bad = Saved(layers=(archive(regular("/absolute")),))
    parts = {**good.docker(("good:1",)), **bad.docker()}
    items = [
        *json.loads(good.docker(("good:1",))["manifest.json"]),
        *json.loads(bad.docker()["manifest.json"]),
    ]
    with pytest.raises(EngineError, match="absolute"):
        loaded(store, packed({**parts, "manifest.json": as_json(items)}))
    store.collect()
    assert sorted(everything_in(store)) == before
    assert [image.references for image in store.list()] == [("first:1",)]
