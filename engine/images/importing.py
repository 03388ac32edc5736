"""Import: a plain tar of a root file system becomes an image of one layer.

    tar -C DIR -c . | lab import - mine          any tree of files
    debootstrap … DIR; then the same             a whole distribution

It comes without history, Env and Cmd: a tar knows nothing of them (`--change` does).

Order of steps: the tar is decompressed and stored as a blob; the store unpacks it at
once, which is the proof that it is a sound archive and harms nothing; only then the
image gets the config made here, and its name. If the proof fails, the blob is swept
away again (verbs/archives.py).

man: tar(1)
Try it: `lab rootfs make /tmp/r sh; tar -C /tmp/r -c . | lab import - mine`
"""

import contextlib
import os
import re
from pathlib import Path
from typing import NamedTuple

from engine import times
from engine.errors import ImageError, InvalidArgument
from engine.images import layers
from engine.images.store import ImageStore
from engine.images.stored import CONTENT_SIZE, StoredImage
from engine.oci.image import LAYER, Descriptor, History, ImageConfig, ImageDefaults
from engine.oci.instructions import apply_changes
from engine.storage.compression import Readable, plain
from engine.storage.content import CHUNK, BlobWriter
from engine.storage.room import Room

_DEFAULT_MESSAGE = "Imported from -"
_WORD = re.compile(r"[a-z0-9_]{1,32}")


class ImportOptions(NamedTuple):
    """What is asked of an import: a name, Dockerfile instructions, a comment …"""

    reference: str | None = None
    changes: tuple[str, ...] = ()
    message: str = ""
    platform: str = ""


def import_tar(
    store: ImageStore, stream: Readable, options: ImportOptions
) -> StoredImage:
    """Make an image of one layer from a plain tar of a root file system.

    After an error, `store.collect` takes away what had come so far. While the tar is
    being read, and it may come slowly, others may use the store, and delete.
    """
    with contextlib.ExitStack() as scratch:
        with store.writing():
            directory = scratch.enter_context(store.content.scratch())
        file = directory / "layer.tar"
        layer = _write_layer(file, stream)
        with store.writing():
            store.content.adopt(file, layer.digest)
            return _enter(store, layer, options)


def _enter(store: ImageStore, layer: Descriptor, options: ImportOptions) -> StoredImage:
    """Unpack a layer that has come, and make an image of it."""
    config = _config_for(layer.digest, options)
    layers.unpacked(
        store.content, store.snapshots, [layer], config.diff_ids, checked=True
    )
    size = store.snapshots.content_size(layer.digest)
    noted = layer._replace(annotations={CONTENT_SIZE: str(size)})
    return store.add(config, [noted], options.reference)


def _write_layer(file: Path, stream: Readable) -> Descriptor:
    """Write a tar to `file`, decompressed if need be: it may become a layer."""
    archive, room = plain(stream), Room(file.parent)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    descriptor = os.open(file, flags, 0o600)
    try:
        writer = BlobWriter(descriptor, file)
        while data := archive.read(CHUNK):
            room.take(len(data))
            writer.write(data)
        if not writer.size:
            raise ImageError("the archive is empty", "Pipe a tar file in.")
        blob = writer.finish()
    finally:
        os.close(descriptor)
    return Descriptor(media_type=LAYER, digest=blob.digest, size=blob.size)


def _config_for(diff_id: str, options: ImportOptions) -> ImageConfig:
    """The config of an image that has only this layer."""
    created = times.now()
    entry = History(created=created, comment=options.message or _DEFAULT_MESSAGE)
    return ImageConfig(
        architecture=_architecture_of(options.platform) or architecture(),
        created=created,
        defaults=apply_changes(ImageDefaults(), options.changes),
        diff_ids=(diff_id,),
        history=(entry,),
    )


def _architecture_of(platform: str) -> str:
    """The architecture in "linux/arm64" or "arm64"; "" if nothing is asked for."""
    system, slash, rest = platform.partition("/")
    found = rest.partition("/")[0] if slash else system
    if (slash and system != "linux") or (platform and not _WORD.fullmatch(found)):
        raise InvalidArgument(
            f'"{platform}": unknown operating system or architecture: invalid argument',
            "As in linux/arm64. What is run here shares the kernel of this machine.",
        )
    return "" if found == "linux" else found


def architecture() -> str:
    """This machine's architecture, as images call it."""
    machine = os.uname().machine
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine)
