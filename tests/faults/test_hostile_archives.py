"""Hostile archives: each is refused whole, in words, and nothing of it stays."""

import gzip
import io
import json
import lzma
import os
import subprocess
import sys
import threading
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.engine import Engine
from engine.errors import EngineError
from tests import saved
from tests.engine.boxes import until
from tests.saved import Saved, as_json, packed, sha256
from tests.tars import archive, device, hard_link, link, part, regular

pytestmark = pytest.mark.require("root")

GOOD = Saved()
LAYER = f"{sha256(saved.LAYERS[0])}/layer.tar"
CONFIG = f"{sha256(GOOD.config)}.json"


def docker(**changed: object) -> bytes:
    """A sound docker-archive but for some parts."""
    return packed({**GOOD.docker(), **changed})


def oci(change: Callable[[dict], object]) -> bytes:
    """A sound OCI layout but for what `change` does to the manifest."""
    parts = GOOD.oci()
    name, manifest = next(
        (name, json.loads(data)) for name, data in parts.items() if b"layers" in data
    )
    del parts[name]
    change(manifest)
    raw = as_json(manifest)
    parts[f"blobs/sha256/{sha256(raw)}"] = raw
    entry = saved.descriptor(saved.MANIFEST, raw)
    return packed({**parts, "index.json": as_json({"manifests": [entry]})})


def twice(name: str) -> bytes:
    parts = [regular(n, data) for n, data in GOOD.docker().items()]
    return archive(*parts, regular(name, b"another"))


def nested(depth: int) -> bytes:
    """Indexes within indexes."""
    parts = GOOD.oci()
    index = parts["index.json"]
    for _ in range(depth):
        entry = saved.descriptor("application/vnd.oci.image.index.v1+json", index)
        parts[f"blobs/sha256/{sha256(index)}"] = index
        index = as_json({"manifests": [entry]})
    return packed({**parts, "index.json": index})


MANIFEST = json.loads(GOOD.docker()["manifest.json"])[0]
HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "nothing": (lambda: b"", "ends too early"),
    "no tar": (lambda: b"hello, world\n" * 100, "checksum"),
    "an empty tar": (archive, "the archive is empty"),
    "a tar of files": (lambda: archive(regular("etc/x")), "neither manifest.json nor"),
    "truncated in a layer": (lambda: docker()[:3000], "ends too early"),
    "truncated gzip": (lambda: gzip.compress(docker())[:-200], "damaged"),
    "manifest no JSON": (lambda: docker(**{"manifest.json": b"{"}), "not JSON"),
    "manifest no list": (lambda: docker(**{"manifest.json": b"{}"}), "not a list"),
    "manifest null": (lambda: docker(**{"manifest.json": b"null"}), "not a list"),
    "deep JSON": (lambda: docker(**{"manifest.json": b"[" * 100_000}), "not JSON"),
    "wrong types": (
        lambda: docker(**{"manifest.json": b'[{"Config": 7}]'}),
        "Config is not a string",
    ),
    "layer is missing": (
        lambda: packed({n: d for n, d in GOOD.docker().items() if n != LAYER}),
        "is missing from the archive",
    ),
    "config is missing": (
        lambda: packed({n: d for n, d in GOOD.docker().items() if n != CONFIG}),
        "is missing from the archive",
    ),
    "layer is another": (
        lambda: docker(**{LAYER: archive(regular("evil"))}),
        "invalid diffID for layer 0",
    ),
    "compressed layer is another": (
        lambda: docker(**{LAYER: gzip.compress(archive(regular("evil")))}),
        "invalid diffID for layer 0",
    ),
    "config is another": (
        lambda: docker(**{CONFIG: GOOD.config + b" "}),
        "the bytes are sha256:",
    ),
    "blob is another": (
        lambda: packed({**GOOD.oci(), f"blobs/sha256/{'0' * 64}": b"x"}),
        "the bytes are sha256:",
    ),
    "layers fewer than diff_ids": (
        lambda: packed(GOOD.docker(Layers=[LAYER])),
        "layers length mismatch",
    ),
    "layers without end": (
        lambda: packed(
            Saved(layers=saved.LAYERS[:1] * 200).docker(),
        ),
        "max depth exceeded",
    ),
    "images without end": (
        lambda: docker(**{"manifest.json": as_json([MANIFEST] * 1001)}),
        "lists 1001 images",
    ),
    "a large config": (
        lambda: packed(Saved(more=5 << 20).docker()),
        "at most 4194304 can be right",
    ),
    "no rootfs": (
        lambda: packed(
            {"c": b"{}", "manifest.json": b'[{"Config": "c", "Layers": []}]'}
        ),
        "no RootFS key",
    ),
    "for another system": (
        lambda: packed(Saved(system="windows").docker()),
        "cannot load windows image on linux",
    ),
    "a tag that is none": (
        lambda: packed(GOOD.docker(("mine",))),
        "invalid tag 'mine'",
    ),
    "a tag that cannot be": (
        lambda: packed(GOOD.docker(("Mine:1",))),
        "must be lowercase",
    ),
    "path upwards": (
        lambda: packed(GOOD.docker(Layers=["../../etc/passwd", LAYER])),
        "leads upwards",
    ),
    "absolute path": (
        lambda: packed(GOOD.docker(Config="/etc/passwd")),
        "is absolute",
    ),
    "member upwards": (lambda: docker(**{"../evil": b"x"}), "leads upwards"),
    "absolute member": (lambda: docker(**{"/evil": b"x"}), "is absolute"),
    "link upwards": (
        lambda: packed(saved.linked(GOOD.docker(), LAYER, "../../../etc/passwd")),
        "outside the archive",
    ),
    "absolute link": (
        lambda: packed(saved.linked(GOOD.docker(), LAYER, "/etc/passwd")),
        "outside the archive",
    ),
    "hard link upwards": (
        lambda: docker(**{LAYER: hard_link(LAYER, "../../etc/passwd")}),
        "leads upwards",
    ),
    "link to itself": (
        lambda: packed(saved.linked(GOOD.docker(), LAYER, "layer.tar")),
        "leads in a circle",
    ),
    "links in a circle": (
        lambda: docker(**{LAYER: link(LAYER, "../b"), "b": link("b", LAYER)}),
        "leads in a circle",
    ),
    "link to a directory": (
        lambda: packed(saved.linked(GOOD.docker(), LAYER, "..")),
        "is missing from the archive",
    ),
    "a blob that is a link to another": (
        lambda: packed(
            saved.linked(
                GOOD.oci(),
                f"blobs/sha256/{sha256(saved.LAYERS[0])}",
                sha256(saved.LAYERS[1]),
            )
        ),
        "and not",
    ),
    "two of one name": (lambda: twice("manifest.json"), "is there twice"),
    "a device": (lambda: docker(x=device("x", 1, 3)), "is a device"),
    "a fifo": (lambda: docker(x=part("x", b"6")), "is a device"),
    "a sparse file": (
        lambda: docker(
            x=regular(
                "x",
                b"",
                pax_headers={
                    "GNU.sparse.major": "0",
                    "GNU.sparse.map": "4611686018427387903,0",
                    "GNU.sparse.size": "4611686018427387903",
                },
            )
        ),
        "sparse",
    ),
    "members without end": (
        lambda: archive(*(regular(str(n)) for n in range(10_001))),
        "more than 10000 members",
    ),
    "a size that lies": (
        lambda: oci(lambda m: m["layers"][0].update(size=7)),
        "and not 7 bytes",
    ),
    "a digest that is a path": (
        lambda: oci(lambda m: m["config"].update(digest="sha256:../../x")),
        "not a sha256 digest",
    ),
    "an old manifest": (
        lambda: oci(lambda m: m.update(schemaVersion=1)),
        "not an image manifest",
    ),
    "indexes in indexes": (lambda: nested(5), "indexes within each other"),
    "a layer that leads out": (
        lambda: packed(Saved(layers=(archive(regular("../evil")),)).docker()),
        "leads upwards",
    ),
    "a layer that is no tar": (
        lambda: packed(Saved(layers=(b"x" * 2000,)).docker()),
        "checksum",
    ),
}


@pytest.mark.require("overlay")
@pytest.mark.parametrize("name", HOSTILE)
def test_it_is_refused_and_leaves_nothing(engine: Engine, name: str) -> None:
    make, words = HOSTILE[name]
    before = sorted(everything_in(engine.root))
    with pytest.raises(EngineError) as caught:
        engine.load(io.BytesIO(make()))
    assert words in caught.value.message
    assert caught.value.hint
    assert sorted(everything_in(engine.root)) == before


def everything_in(root: Path) -> list[str]:
    return [
        f"{directory}/{name}"
        for top in ("images", "snapshots")
        for directory, folders, names in os.walk(root / top)
        for name in (*names, *folders)
    ]


@pytest.mark.require("overlay")
def test_parents_that_are_each_others_are_none(engine: Engine) -> None:
    """Docker believes this if there is no history."""
    first, second = Saved(layers=()), Saved(layers=(), more=1)
    (one,) = json.loads(first.docker(("a:1",), Parent=second.id)["manifest.json"])
    (two,) = json.loads(second.docker(("b:1",), Parent=first.id)["manifest.json"])
    parts = {**first.docker(), **second.docker()}
    engine.load(io.BytesIO(packed({**parts, "manifest.json": as_json([one, two])})))
    assert engine.image("a:1").parent is None
    assert engine.image("b:1").parent is None


@pytest.mark.require("overlay")
def test_a_bomb_ends_before_the_disk_is_full(tmp_path: Path) -> None:
    """300 MB of zeros in 300 kB, on a disk of 32 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32m", "none", disk], check=True)
    try:
        engine = Engine(disk / "root")
        engine.image("busybox")
        bomb = gzip.compress(docker(x=bytes(300 << 20)), 1)
        free = os.statvfs(disk).f_bavail
        with pytest.raises(EngineError, match="No space left on device") as caught:
            engine.load(io.BytesIO(bomb))
        assert "disk is full" in caught.value.hint
        assert os.statvfs(disk).f_bavail == free
    finally:
        Engine(disk / "root").destroy()
        subprocess.run(["umount", disk], check=True)


MEMORY = """
import sys
from pathlib import Path
from engine.engine import Engine
engine = Engine(Path(sys.argv[1]))
with open(sys.argv[2], "rb", 0) as stream:
    engine.load(stream)
engine.save(["large:1"], Path(sys.argv[2] + ".again"))
status = Path("/proc/self/status").read_text().split()
print(status[status.index("VmHWM:") + 1])
"""


@pytest.mark.require("overlay")
def test_memory_does_not_grow_with_the_image(engine: Engine, tmp_path: Path) -> None:
    large = Saved(layers=(archive(regular("large", os.urandom(1 << 20) * 150)),))
    (tmp_path / "large.tar").write_bytes(packed(large.docker(("large:1",))))
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, engine.root, tmp_path / "large.tar"],
        check=True,
        capture_output=True,
        cwd=Path(__file__).parents[2],
    )
    assert int(done.stdout) < 64 << 10  # kB


@pytest.mark.require("overlay")
def test_of_a_load_that_was_killed_nothing_stays(engine: Engine) -> None:
    engine.image("busybox")
    engine.prune_images()
    before = sorted(everything_in(engine.root))
    line = "import sys; from pathlib import Path; from engine.engine import Engine;"
    line += "Engine(Path(sys.argv[1])).load(sys.stdin.buffer.raw)"
    loading = subprocess.Popen(
        [sys.executable, "-c", line, engine.root],
        stdin=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    assert loading.stdin
    large = Saved(layers=(archive(regular("large", bytes(9 << 20))),))
    loading.stdin.write(packed(large.docker())[: 8 << 20])  # and not the rest
    loading.stdin.flush()
    until(lambda: sorted(everything_in(engine.root)) != before, "a spool")
    loading.kill()
    loading.stdin.close()
    loading.wait()
    assert engine.images() == [engine.image("busybox")]
    engine.prune_images()
    assert sorted(everything_in(engine.root)) == before


@pytest.mark.require("overlay")
def test_a_window_of_gigabytes_is_refused(engine: Engine) -> None:
    """An xz header asks for the memory that its decompressor takes."""
    archive = bytearray(lzma.compress(docker()))
    end = 12 + 4 * (archive[12] + 1)  # of the first block's header, behind the magic
    assert archive[14:16] == b"\x21\x01"  # LZMA2, and a byte for its window
    archive[16] = 40
    archive[end - 4 : end] = zlib.crc32(archive[12 : end - 4]).to_bytes(4, "little")
    for read in (engine.load, engine.import_image):
        with pytest.raises(EngineError, match="wants more memory than 256 MB"):
            read(io.BytesIO(archive))


@pytest.mark.require("overlay")
def test_xz_in_several_pieces_is_one_archive(engine: Engine) -> None:
    whole = docker()
    pieces = [lzma.compress(whole[:5000]), bytes(8), lzma.compress(whole[5000:])]
    assert engine.load(io.BytesIO(b"".join(pieces)))[0].id == GOOD.id
    with pytest.raises(EngineError, match="is damaged: it is cut off"):
        engine.load(io.BytesIO(pieces[0] + pieces[2][:-9]))


@pytest.mark.require("overlay")
def test_an_import_from_a_slow_pipe_holds_nobody_up(engine: Engine) -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb", 0) as slow, os.fdopen(writing, "wb", 0) as pipe:
        importing = threading.Thread(target=engine.import_image, args=(slow, "slow"))
        importing.start()
        pipe.write(saved.LAYERS[0][:700])
        engine.prune_images()
        engine.tag("busybox", "other")
        engine.remove_image("other")
        pipe.write(saved.LAYERS[0][700:])
        pipe.close()
        importing.join(10)
    diff_id = f"sha256:{sha256(saved.LAYERS[0])}"
    assert engine.image("slow").config.diff_ids == (diff_id,)


def odd(**fields: Any) -> bytes:
    """An archive whose image says something odd of itself."""
    config = json.loads(GOOD.config)
    raw = as_json({**config, "config": {**config["config"], **fields}})
    parts = {n: d for n, d in GOOD.docker(Config="odd").items() if n != CONFIG}
    return packed({**parts, "odd": raw})


@pytest.mark.require("overlay")
@pytest.mark.parametrize("number", [float("inf"), 1 << 63, 10**400, -1, 1.5])
def test_a_number_that_no_counter_holds_is_refused(
    engine: Engine, number: object
) -> None:
    check = {"Test": ["CMD", "true"], "Interval": number}
    with pytest.raises(EngineError, match="Interval is not a number"):
        engine.load(io.BytesIO(odd(Healthcheck=check)))


@pytest.mark.require("overlay")
def test_half_a_character_is_one_that_is_not_known(engine: Engine) -> None:
    image = engine.load(io.BytesIO(odd(Labels={"a": "\ud800!"}, Env=["A=\udfff"])))[0]
    defaults = engine.image(image.id).config.defaults
    assert (defaults.labels["a"], defaults.env) == ("\ufffd!", ("A=\ufffd",))
