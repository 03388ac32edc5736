"""Images in memory: blobs by their digests, for what reads images without an engine.

blobs = Blobs()
digest = blobs.image(archive(regular("etc/motd", b"hello")))    its manifest's
blobs.read(digest).content("/etc/motd")
"""

import gzip
import hashlib
import io
import json
from typing import Any

from engine.errors import ImageError
from engine.images.unmounted import Allowance, UnmountedImage
from engine.oci.image import CONFIG, LAYER, MANIFEST

ENOUGH = 64 << 20  # bytes


class Blobs:
    """Blobs in memory, and what is made of them: an image of layers that are tars."""

    def __init__(self) -> None:
        self.found: dict[str, bytes] = {}

    def __call__(self, digest: str) -> io.BytesIO:
        if digest not in self.found:
            raise ImageError(f"no blob {digest}")
        return io.BytesIO(self.found[digest])

    def add(self, data: bytes) -> str:
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        self.found[digest] = data
        return digest

    def image(self, *layers: bytes, **changed: Any) -> str:
        """The digest of a manifest; `changed` are other fields of the config."""
        diff_ids = [f"sha256:{hashlib.sha256(one).hexdigest()}" for one in layers]
        config = {"rootfs": {"type": "layers", "diff_ids": diff_ids}, **changed}
        stored = [self._described(LAYER, gzip.compress(one, mtime=0)) for one in layers]
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": self._described(CONFIG, json.dumps(config).encode()),
            "layers": stored,
        }
        return self.add(json.dumps(manifest).encode())

    def _described(self, kind: str, data: bytes) -> dict[str, Any]:
        return {"mediaType": kind, "digest": self.add(data), "size": len(data)}

    def read(self, digest: str, allowance: int = ENOUGH) -> UnmountedImage:
        """The image with this manifest."""
        return UnmountedImage.read(self, digest, Allowance(allowance))
