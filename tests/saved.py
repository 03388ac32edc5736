"""Archives of images for tests, written by Python's own tarfile, sound or not.

    Saved()              one image of two small layers, in both formats
      .docker(…)         parts of a docker-archive as Docker 20.10 writes it
      .oci(…)            parts of an OCI layout
    packed(parts)        the tar

What a test wants to be wrong it changes in the parts, which are a dictionary.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from tests.tars import archive, folder, link, regular

LAYERS = (
    archive(folder("etc/"), regular("etc/motd", b"hello")),
    archive(regular("etc/.wh.motd"), regular("new", b"second layer")),
)
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
Parts = dict[str, Any]  # name -> bytes of a file, or a ready part of tests/tars.py


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def as_json(data: Any) -> bytes:
    # with blanks, as nobody's encoder here would write it: bytes must be kept raw
    return json.dumps(data, indent=1).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """An image that somebody else made."""

    layers: tuple[bytes, ...] = LAYERS
    diff_ids: tuple[str, ...] | None = None
    system: str = "linux"
    more: int = 0  # blanks in the config, to make it large

    @property
    def config(self) -> bytes:
        diff_ids = self.diff_ids
        if diff_ids is None:
            diff_ids = tuple(f"sha256:{sha256(layer)}" for layer in self.layers)
        steps = [{"created_by": f"step {n}"} for n, _ in enumerate(self.layers)]
        data = {
            "architecture": "amd64",
            "os": self.system,
            "config": {"Cmd": ["cat", "/new"]},
            "rootfs": {"type": "layers", "diff_ids": list(diff_ids)},
            "history": steps,
            "unknown to us": "kept all the same",
        }
        return as_json(data) + b" " * self.more

    @property
    def id(self) -> str:
        return f"sha256:{sha256(self.config)}"

    def docker(self, tags: tuple[str, ...] | None = ("mine:1",), **item: Any) -> Parts:
        """As Docker 20.10 writes it."""
        parts: Parts = {f"{sha256(self.config)}.json": self.config}
        for layer in self.layers:
            parts[f"{sha256(layer)}/VERSION"] = b"1.0"
            parts[f"{sha256(layer)}/json"] = b"{}"
            parts[f"{sha256(layer)}/layer.tar"] = layer
        listed = {
            "Config": f"{sha256(self.config)}.json",
            "RepoTags": None if tags is None else list(tags),
            "Layers": [f"{sha256(layer)}/layer.tar" for layer in self.layers],
        }
        parts["manifest.json"] = as_json([{**listed, **item}])
        return parts

    def oci(self, layer_type: str = LAYER, **annotations: str) -> Parts:
        """As an OCI layout."""
        manifest = as_json(
            {
                "schemaVersion": 2,
                "mediaType": MANIFEST,
                "config": descriptor(CONFIG, self.config),
                "layers": [descriptor(layer_type, layer) for layer in self.layers],
            }
        )
        notes = {key.replace("_", "."): value for key, value in annotations.items()}
        entry = {**descriptor(MANIFEST, manifest), "annotations": notes}
        parts = {
            "oci-layout": b'{"imageLayoutVersion": "1.0.0"}',
            "index.json": as_json({"schemaVersion": 2, "manifests": [entry]}),
        }
        for data in (manifest, self.config, *self.layers):
            parts[f"blobs/sha256/{sha256(data)}"] = data
        return parts


def descriptor(media_type: str, data: bytes) -> dict[str, Any]:
    """What a manifest or an index says of a blob."""
    return {
        "mediaType": media_type,
        "digest": f"sha256:{sha256(data)}",
        "size": len(data),
    }


def linked(parts: Parts, name: str, target: str) -> Parts:
    """The same with a symbolic link in the place of a file."""
    return {**parts, name: link(name, target)}


def packed(parts: Parts) -> bytes:
    """The tar of these parts."""
    return archive(
        *(
            regular(name, part) if isinstance(part, bytes) else part
            for name, part in parts.items()
        )
    )
