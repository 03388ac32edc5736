"""An image is two JSON files and some layers. These are the two files.

    index.json ──► manifest ──┬──► config    the image ID is the digest of this file
                              └──► layers    tar files, bottom first

The **config** says what a container of the image runs, and from what it was made:

    config            defaults for a container: Env, Cmd, Entrypoint, User …
    rootfs.diff_ids   the digests of the layers' tars, not compressed, bottom first
    history           one entry per step that made it; some steps made no layer

The **manifest** lists the blobs: the config and the layers, as stored or sent, that
is compressed or not. So the same image (same config) may have several manifests.

Digests are of bytes: the files are hashed as they came, never as we would write
them. `to_json` is for images that are made here.

Source: opencontainers/image-spec 1.0, manifest.md, config.md, descriptor.md
Try it: `lab inspect busybox`, and `cat` the same under images/blobs/sha256
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from engine.errors import ImageError
from engine.oci import digest as digests
from engine.oci.fields import Fields
from engine.oci.health import NUMBERS

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"

MANIFESTS = (MANIFEST, DOCKER_MANIFEST)  # the same, under its name and its older one

MOST_LAYERS = 125  # as many as overlay and one page of mount options carry
_MOST_HISTORY = 10_000


class Descriptor(NamedTuple):
    """Points at a blob: what it is, its digest, its size."""

    media_type: str
    digest: str
    size: int
    annotations: Mapping[str, str] = {}

    @staticmethod
    def from_json(data: Fields) -> "Descriptor":
        """The descriptor in `data`; its digest is safe to use in a path."""
        digest = data.text("digest")
        if not digests.valid(digest):
            raise ImageError(
                f"{data.what}.digest is not a sha256 digest: {digest[:80]!r}",
                "The image is damaged, or uses a digest that nobody else does.",
            )
        return Descriptor(
            media_type=data.text("mediaType"),
            digest=digest,
            size=data.number("size"),
            annotations=data.text_map("annotations"),
        )

    def to_json(self) -> dict[str, Any]:
        """As the specification writes it."""
        data: dict[str, Any] = {
            "mediaType": self.media_type,
            "digest": self.digest,
            "size": self.size,
        }
        if self.annotations:
            data["annotations"] = dict(self.annotations)
        return data


class Manifest(NamedTuple):
    """The blobs of an image: its config and its layers, bottom first."""

    config: Descriptor
    layers: tuple[Descriptor, ...]

    @staticmethod
    def from_json(data: Fields) -> "Manifest":
        """The manifest in `data`."""
        if data.number("schemaVersion") != 2:
            raise ImageError(
                f"{data.what} is not an image manifest (schemaVersion 2)",
                "An image index or a very old format cannot be used here.",
            )
        layers = data.objects("layers")
        if len(layers) > MOST_LAYERS:
            raise ImageError(
                f"{data.what} has {len(layers)} layers, at most {MOST_LAYERS} work",
                "Flatten it: `lab export` a container, and `lab import` that.",
            )
        return Manifest(
            config=Descriptor.from_json(data.object("config")),
            layers=tuple(Descriptor.from_json(layer) for layer in layers),
        )

    def to_json(self) -> dict[str, Any]:
        """As the specification writes it."""
        return {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": self.config.to_json(),
            "layers": [layer.to_json() for layer in self.layers],
        }


class History(NamedTuple):
    """One step that made the image. An empty layer: it changed only the config."""

    created: str = ""
    created_by: str = ""
    author: str = ""
    comment: str = ""
    empty_layer: bool = False

    @staticmethod
    def from_json(data: Fields) -> "History":
        """The history entry in `data`."""
        return History(
            created=data.text("created"),
            created_by=data.text("created_by"),
            author=data.text("author"),
            comment=data.text("comment"),
            empty_layer=data.truth("empty_layer"),
        )

    def to_json(self) -> dict[str, Any]:
        """As the specification writes it: what is empty is left out."""
        data: dict[str, Any] = {
            "created": self.created,
            "created_by": self.created_by,
            "author": self.author,
            "comment": self.comment,
            "empty_layer": self.empty_layer,
        }
        return {key: value for key, value in data.items() if value}


class ImageDefaults(NamedTuple):
    """What a container of the image does unless told otherwise."""

    env: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] = ()
    working_dir: str = ""
    user: str = ""
    volumes: tuple[str, ...] = ()
    exposed_ports: tuple[str, ...] = ()
    labels: Mapping[str, str] = {}
    stop_signal: str = ""
    on_build: tuple[str, ...] = ()
    shell: tuple[str, ...] = ()
    healthcheck: Mapping[str, Any] | None = None

    @staticmethod
    def from_json(data: Fields) -> "ImageDefaults":
        """The config's "config" in `data`."""
        healthcheck = data.object("Healthcheck")
        healthcheck.texts("Test")  # refused here, not when the container is made
        for name in NUMBERS:
            healthcheck.number(name)
        return ImageDefaults(
            env=data.texts("Env"),
            cmd=data.texts("Cmd"),
            entrypoint=data.texts("Entrypoint"),
            working_dir=data.text("WorkingDir"),
            user=data.text("User"),
            volumes=data.keys("Volumes"),
            exposed_ports=data.keys("ExposedPorts"),
            labels=data.text_map("Labels"),
            stop_signal=data.text("StopSignal"),
            on_build=data.texts("OnBuild"),
            shell=data.texts("Shell"),
            healthcheck=dict(healthcheck.data) or None,
        )

    def to_json(self) -> dict[str, Any]:
        """As the specification writes it: what is empty is left out."""
        data: dict[str, Any] = {
            "User": self.user,
            "ExposedPorts": {port: {} for port in sorted(self.exposed_ports)},
            "Env": list(self.env),
            "Entrypoint": list(self.entrypoint),
            "Cmd": list(self.cmd),
            "Healthcheck": dict(self.healthcheck or {}),
            "Volumes": {path: {} for path in sorted(self.volumes)},
            "WorkingDir": self.working_dir,
            "OnBuild": list(self.on_build),
            "Labels": dict(sorted(self.labels.items())),
            "StopSignal": self.stop_signal,
            "Shell": list(self.shell),
        }
        return {key: value for key, value in data.items() if value}


class ImageConfig(NamedTuple):
    """The config: defaults for containers, the layers' diff_ids, the history."""

    architecture: str
    os: str = "linux"
    created: str = ""
    author: str = ""
    defaults: ImageDefaults = ImageDefaults()
    diff_ids: tuple[str, ...] = ()
    history: tuple[History, ...] = ()

    @staticmethod
    def from_json(data: Fields) -> "ImageConfig":
        """The image config in `data`."""
        diff_ids = data.object("rootfs").texts("diff_ids")
        if not all(map(digests.valid, diff_ids)):
            raise ImageError(
                f"{data.what}.rootfs.diff_ids holds what is not a sha256 digest",
                "The image is damaged.",
            )
        history = data.objects("history")
        if len(history) > _MOST_HISTORY:
            raise ImageError(f"{data.what}.history has {len(history)} entries")
        return ImageConfig(
            architecture=data.text("architecture"),
            os=data.text("os"),
            created=data.text("created"),
            author=data.text("author"),
            defaults=ImageDefaults.from_json(data.object("config")),
            diff_ids=diff_ids,
            history=tuple(History.from_json(entry) for entry in history),
        )

    def to_json(self) -> dict[str, Any]:
        """As the specification writes it."""
        data: dict[str, Any] = {
            "created": self.created,
            "author": self.author,
            "architecture": self.architecture,
            "os": self.os,
            "config": self.defaults.to_json(),
            "rootfs": {"type": "layers", "diff_ids": list(self.diff_ids)},
            "history": [entry.to_json() for entry in self.history],
        }
        return {key: value for key, value in data.items() if value != ""}
