"""Five kinds of image, as OCI layouts: what a registry has to carry.

    one       one layer
    many      60 layers
    shared    two images: the lower layer is the same
    large     one layer of 20 MB that cannot be made smaller
    zstd      a layer that is not compressed as most are

The layout's tags are the images: one, many, shared-a, shared-b, large, zstd.
"""

import functools
import gzip
import hashlib
import json
import random
import subprocess
from pathlib import Path
from typing import Any

from engine.oci import digest as digests
from tests.conformance.registries import CONFIG, INDEX, LAYER, MANIFEST
from tests.tars import archive, regular

LARGE = 20 << 20  # bytes
KINDS = {
    "one": ["one"],
    "many": ["many"],
    "shared": ["shared-a", "shared-b"],
    "large": ["large"],
    "zstd": ["zstd"],
}
IMAGES = [image for images in KINDS.values() for image in images]
Compressed = tuple[bytes, bytes, str]  # the tar, the blob, its media type


def make(directory: Path) -> Path:
    """A layout with an image of each kind."""
    (directory / "blobs" / "sha256").mkdir(parents=True)
    base = zipped("base", b"the lower layer of both")
    images = {
        "one": [zipped("one", b"a layer")],
        "many": [zipped(f"layer-{n}", str(n).encode()) for n in range(60)],
        "shared-a": [base, zipped("a", b"the upper layer of a")],
        "shared-b": [base, zipped("b", b"the upper layer of b")],
        "large": [zipped("large", random.Random(5).randbytes(LARGE), level=1)],
        "zstd": [with_zstd("zstd", b"a layer " * 1000)],
    }
    entries = [describe(directory, tag, layers) for tag, layers in images.items()]
    whole = {"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}
    (directory / "index.json").write_text(json.dumps(whole))
    (directory / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    return directory


def zipped(name: str, data: bytes, level: int = 6) -> Compressed:
    """A layer with one file in it, compressed by gzip."""
    tar = archive(regular(name, data))
    return tar, gzip.compress(tar, level, mtime=0), f"{LAYER}+gzip"


def with_zstd(name: str, data: bytes) -> Compressed:
    """The same, compressed by zstd."""
    tar = archive(regular(name, data))
    done = subprocess.run(["zstd", "-q"], input=tar, capture_output=True, check=True)
    return tar, done.stdout, f"{LAYER}+zstd"


def describe(directory: Path, tag: str, layers: list[Compressed]) -> dict[str, Any]:
    diff_ids = [f"sha256:{hashlib.sha256(tar).hexdigest()}" for tar, _, _ in layers]
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": {"Cmd": [f"/{tag}"]},
        "rootfs": {"type": "layers", "diff_ids": diff_ids},
    }
    put = functools.partial(_blob, directory)
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": put(json.dumps(config).encode(), CONFIG),
        "layers": [put(blob, kind) for _, blob, kind in layers],
    }
    entry = put(json.dumps(manifest).encode(), MANIFEST)
    return {**entry, "annotations": {"org.opencontainers.image.ref.name": tag}}


def _blob(directory: Path, data: bytes, kind: str) -> dict[str, Any]:
    digest = digests.sha256(data)
    (directory / "blobs" / "sha256" / digests.hex_of(digest)).write_bytes(data)
    return {"mediaType": kind, "digest": digest, "size": len(data)}
