"""An image that is read from its blobs shows what a container of it sees."""

import gzip
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.errors import DigestMismatch, EngineError, ImageError
from engine.images.unmounted import Allowance, UnmountedImage
from tests.engine.boxes import Box
from tests.grading.courses import packed
from tests.images_in_memory import Blobs
from tests.tars import archive, device, folder, hard_link, link, part, regular

# What layers can do to each other; each line is a layer.
LAYERS = (
    "mkdir -p a/b c d/e; echo 1 >a/b/one; echo 2 >c/two; ln -s a to; ln c/two c/too",
    "rm a/b/one; echo three >c/two; echo 4 >d/e/four; chmod 700 d",
    "rm -r c; mkdir c; echo new >c/new",
    "rm -r d; echo file >d; rm to; mkdir to; echo in >to/in",
    "rm d; mkdir -p d/deep/er; mv a z; chown 7:8 z; mkfifo pipe",
)


@pytest.fixture
def blobs() -> Blobs:
    return Blobs()


def exported(box: Box, image: str, below: str, tmp_path: Path) -> dict[str, Any]:
    """What a container of the image has below a directory, as its tar tells it."""
    container = box.create("true", image=image)
    box.engine.export(container.id, tmp_path / "tree.tar")
    with tarfile.open(tmp_path / "tree.tar") as tar:
        return {
            one.name: (one.isdir(), one.mode, one.uid, one.gid, one.linkname)
            for one in tar
            if one.name.startswith(below)
        }


@pytest.mark.require("root", "overlay")
def test_the_tree_is_what_a_container_sees(box: Box, tmp_path: Path) -> None:
    image = "busybox"
    for number, lines in enumerate(LAYERS):
        container = box.create(
            "sh", "-c", f"mkdir -p /srv; cd /srv; {lines}", image=image
        )
        box.engine.start(container.id)
        assert box.engine.wait(container.id) == 0
        image = box.engine.commit(container.id, f"layer:{number}").id
    store = box.engine._house.images
    manifest = store.find(image).manifest_digest
    found = UnmountedImage.read(
        lambda digest: store.content.path(digest).open("rb"),
        manifest,
        Allowance(1 << 30),
    )
    seen = exported(box, image, "srv/", tmp_path)
    shown = {path for path in found.tree if path.startswith("srv/")}
    assert shown == {*seen}
    told = {
        path: (
            node.is_directory,
            node.entry.mode,
            node.entry.uid,
            node.entry.gid,
            node.entry.target,
        )
        for path, node in found.tree.items()
        if path in shown
    }
    assert told == seen
    assert found.content("/srv/c/new") == b"new\n"
    assert found.content("/srv/to/in") == b"in\n"
    assert found.content("/srv/d") is None
    assert [one.path for one in found.paths_with(b"three")] == ["srv/c/two"]
    assert "srv/c/two" not in found.tree


def shown(blobs: Blobs, *layers: bytes) -> set[str]:
    return set(blobs.read(blobs.image(*layers)).tree)


TOKEN = regular("srv/token", b"secret")
DEEP = regular("srv/d/x", b"1")
# What no tool writes, and anybody may hand in.
ODD = {
    "opaque root": ((TOKEN,), (regular(".wh..wh..opq"), regular("srv/new"))),
    "opaque root last": ((TOKEN,), (regular("srv/new"), regular(".wh..wh..opq"))),
    "whiteout in what was a file": ((regular("srv/f"),), (regular("srv/f/.wh.x"),)),
    "opaque and nowhere else": ((regular("srv/new/.wh..wh..opq"),),),
    "second name of a link": (
        (TOKEN, link("srv/to", "token"), hard_link("srv/too", "srv/to")),
    ),
    "second name in the way of all below": (
        (TOKEN, DEEP, hard_link("srv/d", "srv/token")),
    ),
    "deleted, a file, a directory": (
        (DEEP,),
        (regular("srv/.wh.d"), regular("srv/d"), folder("srv/d")),
    ),
    "opaque, a file, a directory": (
        (DEEP,),
        (regular("srv/d/.wh..wh..opq"), regular("srv/d"), folder("srv/d")),
    ),
    "deleted, and a directory": ((DEEP,), (regular("srv/.wh.d"), folder("srv/d"))),
}


@pytest.mark.require("root", "overlay")
@pytest.mark.parametrize("name", ODD)
def test_odd_layers_show_what_a_container_sees(
    box: Box, blobs: Blobs, tmp_path: Path, name: str
) -> None:
    manifest = blobs.image(*(archive(*parts) for parts in ODD[name]))
    described = {"digest": manifest, "size": len(blobs.found[manifest])}
    index = {
        "manifests": [
            {
                **described,
                "annotations": {"io.containerd.image.name": "docker.io/library/odd:1"},
            }
        ]
    }
    layout = {"oci-layout": {"imageLayoutVersion": "1.0.0"}, "index.json": index}
    members = {name: json.dumps(data).encode() for name, data in layout.items()}
    members |= {f"blobs/sha256/{d[7:]}": data for d, data in blobs.found.items()}
    box.engine.load(io.BytesIO(packed(members)))
    seen = exported(box, "odd:1", "srv/", tmp_path)
    shown = blobs.read(manifest).tree
    assert {p: n.is_directory for p, n in shown.items() if p.startswith("srv/")} == {
        path: is_directory for path, (is_directory, *_) in seen.items()
    }


@pytest.mark.parametrize(
    ("layers", "paths"),
    [
        ((archive(TOKEN), archive(regular("srv/.wh.token"))), {"srv"}),
        ((archive(TOKEN), archive(regular(".wh.srv"))), set()),
        ((archive(TOKEN), archive(regular("srv/.wh..wh..opq"))), {"srv"}),
        ((archive(TOKEN), archive(regular(".wh..wh..opq"), folder("new"))), {"new"}),
        ((archive(TOKEN), archive(regular("srv", b"file"))), {"srv"}),
        ((archive(TOKEN), archive(folder("srv"))), {"srv", "srv/token"}),
        ((archive(TOKEN), archive(regular(".wh..wh.plnk"))), {"srv", "srv/token"}),
        (
            (archive(TOKEN, regular("srv/.wh.token")),),  # its own entry stays
            {"srv", "srv/token"},
        ),
        (
            (archive(folder("usr/lib"), link("lib", "usr/lib"), regular("lib/x")),),
            {"lib", "usr", "usr/lib", "usr/lib/x"},
        ),
        (
            (archive(folder("etc"), link("up", "../../../etc"), regular("up/x")),),
            {"up", "etc", "etc/x"},
        ),
    ],
)
def test_layers_hide_and_replace(
    blobs: Blobs, layers: tuple[bytes, ...], paths: set[str]
) -> None:
    assert shown(blobs, *layers) == paths


def test_a_hidden_file_is_stored_and_not_shown(blobs: Blobs) -> None:
    image = blobs.read(blobs.image(archive(TOKEN), archive(regular("srv/.wh.token"))))
    assert image.content("/srv/token") is None
    assert [(one.layer, one.path) for one in image.paths_with(b"secret")] == [
        (0, "srv/token")
    ]
    assert image.size == len(b"secret")


def test_a_second_name_has_the_content_of_the_first(blobs: Blobs) -> None:
    image = blobs.read(blobs.image(archive(TOKEN, hard_link("other", "srv/token"))))
    assert image.content("other") == b"secret"


def test_a_second_name_keeps_what_it_was_made_of(blobs: Blobs) -> None:
    parts = (TOKEN, hard_link("other", "srv/token"), regular("srv/token", b"new"))
    image = blobs.read(blobs.image(archive(*parts)))
    assert (image.content("other"), image.content("srv/token")) == (b"secret", b"new")


def test_a_second_name_of_a_link_is_a_link(blobs: Blobs) -> None:
    parts = (TOKEN, link("to", "srv/token"), hard_link("other", "to"))
    image = blobs.read(blobs.image(archive(*parts)))
    assert image.content("other") is None


def test_a_hole_at_the_end_of_a_file_is_read_as_zeros(blobs: Blobs) -> None:
    hole = {"GNU.sparse.map": "1,2", "GNU.sparse.size": "5"}
    image = blobs.read(blobs.image(archive(regular("a", b"xx", pax_headers=hole))))
    assert image.content("a") == b"\0xx\0\0"


def test_the_config_is_read(blobs: Blobs) -> None:
    image = blobs.read(blobs.image(config={"Cmd": ["true"], "User": "7"}))
    assert (image.config.defaults.cmd, image.config.defaults.user) == (("true",), "7")


def changed_layer(blobs: Blobs) -> str:
    digest = blobs.image(archive(TOKEN))
    layer = json.loads(blobs.found[digest])["layers"][0]["digest"]
    blobs.found[layer] = gzip.compress(archive(regular("srv/token", b"other!")))
    return digest


def changed_manifest(blobs: Blobs) -> str:
    digest = blobs.image(archive(TOKEN))
    blobs.found[digest] += b" "
    return digest


def other_layer(blobs: Blobs) -> str:
    """The manifest names a layer that the config does not."""
    manifest = json.loads(blobs.found[blobs.image(archive(TOKEN))])
    other = json.loads(blobs.found[blobs.image(archive(folder("x")))])
    return blobs.add(json.dumps({**manifest, "layers": other["layers"]}).encode())


def test_a_digest_that_is_a_path_is_none(blobs: Blobs) -> None:
    with pytest.raises(ImageError, match="no digest"):
        blobs.read("sha256:../../../../etc/passwd")


@pytest.mark.parametrize("make", [changed_layer, changed_manifest, other_layer])
def test_what_is_not_what_its_digest_says_is_refused(
    blobs: Blobs, make: Callable[[Blobs], str]
) -> None:
    with pytest.raises(DigestMismatch):
        blobs.read(make(blobs))


HOSTILE = {
    "upwards": (regular("../out"),),
    "absolute": (regular("/etc/passwd"),),
    "second name of nothing": (hard_link("a", "nothing"),),
    "second name of the machine's": (hard_link("a", "../../etc/shadow"),),
    "links in a circle": (link("a", "b"), link("b", "a"), regular("a/x")),
    "below a file": (regular("a"), regular("a/b")),
    "endless name": (regular("x" * 5000),),
    "whiteout of nothing": (regular(".wh."),),
    "through a link to nothing": (link("lib", "usr/lib"), regular("lib/x")),
    "second name of itself": (regular("a"), hard_link("a", "a")),
    "second name of what is deleted": (regular(".wh.a"), hard_link("b", "a")),
    "whiteout below a file": (regular("a"), regular("a/.wh.b")),
    "long name": (regular("x" * 256),),
    "unknown kind": (part("a", b"V"),),
    "overlay's own deletion": (device("a", 0, 0),),
    "root that is a file": (regular("."),),
    "empty link": (link("a", ""),),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_layer_is_refused(blobs: Blobs, name: str) -> None:
    with pytest.raises(EngineError):
        blobs.read(blobs.image(archive(*HOSTILE[name])))


def test_a_bomb_is_not_unpacked(blobs: Blobs) -> None:
    zeros = archive(regular("zeros", bytes(8 << 20)))
    digest = blobs.image(zeros)
    assert sum(map(len, blobs.found.values())) < 1 << 16
    with pytest.raises(ImageError, match="came out of it"):
        blobs.read(digest, allowance=1 << 20)


def test_a_layer_that_is_missing_is_told(blobs: Blobs) -> None:
    digest = blobs.image(archive(TOKEN))
    del blobs.found[json.loads(blobs.found[digest])["layers"][0]["digest"]]
    with pytest.raises(ImageError, match="no blob"):
        blobs.read(digest)
