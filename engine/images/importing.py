"""Import: a plain tar of a root file system becomes an image of one layer.

    tar -C DIR -c . | lab import - mine          any tree of files
    debootstrap … DIR; then the same             a whole distribution

It comes without history, Env and Cmd: a tar knows nothing of them (`--change` does).

Order of steps: the tar is decompressed and stored as a blob; the store unpacks it at
once, which is the proof that it is a sound archive and harms nothing; only then the
image gets the config made here, and its name. If the proof fails, the blob is swept
away again (images/store.py).

man: tar(1)
Try it: `lab rootfs make /tmp/r sh; tar -C /tmp/r -c . | lab import - mine`
"""

import os
from collections.abc import Sequence

from engine import files
from engine.errors import ImageError
from engine.images.stored import CONTENT_SIZE
from engine.oci.image import LAYER, Descriptor, History, ImageConfig, ImageDefaults
from engine.oci.instructions import apply_changes
from engine.storage.compression import Readable, plain
from engine.storage.content import CHUNK, ContentStore
from engine.storage.tar_reader import TarReader

_DEFAULT_MESSAGE = "Imported from -"


def write_layer(content: ContentStore, stream: Readable) -> Descriptor:
    """Store a tar, decompressed if need be, as a blob: it may become a layer."""
    with content.writer() as writer:
        archive = plain(stream)
        while data := archive.read(CHUNK):
            writer.write(data)
        if not writer.size:
            raise ImageError("the archive is empty", "Pipe a tar file in.")
        blob = writer.finish()
    with content.open(blob.digest) as tar:
        size = TarReader(tar).content_size()
    return Descriptor(
        media_type=LAYER,
        digest=blob.digest,
        size=blob.size,
        annotations={CONTENT_SIZE: str(size)},
    )


def config_for(diff_id: str, changes: Sequence[str], message: str) -> ImageConfig:
    """The config of an image that has only this layer."""
    created = files.now()
    entry = History(created=created, comment=message or _DEFAULT_MESSAGE)
    return ImageConfig(
        architecture=architecture(),
        created=created,
        defaults=apply_changes(ImageDefaults(), changes),
        diff_ids=(diff_id,),
        history=(entry,),
    )


def architecture() -> str:
    """This machine's architecture, as images call it."""
    machine = os.uname().machine
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine)
