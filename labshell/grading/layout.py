"""The layout of images: what `lab save` writes, file by file.

    engine.save ──▶ a tar, in a scratch file ──▶ oci-layout, index.json, blobs/sha256/…

Of Docker's older form, which lies beside that in the tar, nothing is given.

Source: OCI image-spec, image-layout.md
Try it: `lab save busybox | tar t`
"""

import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from engine.engine import Engine

_OF_DOCKERS_FORM = ("manifest.json", "repositories")


def files_of(
    engine: Engine, names: Sequence[str], scratch: Path
) -> Iterator[tuple[str, int, IO[bytes]]]:
    """Name, size and content of each file of the images' layout.

    A content can be read until the next is asked for. `scratch`: where there is room.
    """
    with tempfile.TemporaryFile(dir=scratch) as saved:
        engine.save(names, saved.fileno())
        saved.seek(0)
        with tarfile.open(fileobj=saved, mode="r:") as layout:
            for member in layout:
                if member.isreg() and member.name not in _OF_DOCKERS_FORM:
                    content = layout.extractfile(member)
                    assert content is not None  # it is a file
                    yield member.name, member.size, content
