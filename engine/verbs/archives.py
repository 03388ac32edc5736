"""What can be done with archives: images and containers as files to carry away.

    image      save    ──► tar with layers, configs, names ──►  load    the same image
    container  export  ──► tar of one tree of files        ──►  import  a new image

Try it: `lab save busybox -o b.tar; lab load -i b.tar`
"""

import contextlib
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from engine import files
from engine.containers.telling import tell
from engine.errors import InvalidArgument, told_as_engine_errors
from engine.images.stored import StoredImage
from engine.storage import unfinished
from engine.verbs.containers import ContainerVerbs

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from engine.http.web import Page
    from engine.images.archives.loading import LoadedImage
    from engine.storage.compression import Readable


class ArchiveVerbs(ContainerVerbs):
    """The verbs of archives.

    `out` is where one goes: a file, which is then there as a whole or not at all, or a
    descriptor of anything that can be written to.
    """

    @told_as_engine_errors()
    def save(self, names: Sequence[str], out: Path | int) -> None:
        """Write images as one tar: a docker-archive and an OCI layout at once."""
        from engine.images.archives import writing

        self.images()  # the base image is made at first use
        store = self._house.images
        with store.writing():
            chosen = writing.choose(store, names)
            with _opened(out) as descriptor:
                writing.save(store, chosen, descriptor)
        for one in chosen:
            self._tell_of_image(one.image, "save", one.image.id)

    @told_as_engine_errors()
    def load(self, stream: "Readable") -> "list[LoadedImage]":
        """Bring in the images of an archive that somebody saved, all or none."""
        from engine.images.archives import loading

        self._house.prepare()
        with self._nothing_half_done():
            loaded = loading.load(self._house.images, stream)
        for image in loaded:
            self._tell_of_image(self.image(image.id), "load", image.id)
        return loaded

    @told_as_engine_errors()
    def export(self, name: str, out: Path | int) -> None:
        """Write the files of a container, as it sees them, as one tar."""
        from engine.containers.copying.export import export

        with (
            self._acting("export", name) as container,
            _opened(out) as descriptor,
        ):
            export(self._house, container, descriptor)
        tell(self._house, container, "export")

    @told_as_engine_errors()
    def import_image(
        self,
        stream: "Readable",
        reference: str | None = None,
        changes: Sequence[str] = (),
        message: str = "",
        platform: str = "",
    ) -> StoredImage:
        """Make an image of one layer from a tar of a root file system."""
        from engine.images import importing

        options = importing.ImportOptions(
            reference=reference,
            changes=tuple(changes),
            message=message,
            platform=platform,
        )
        self._house.prepare()
        with self._nothing_half_done():
            image = importing.import_tar(self._house.images, stream, options)
        name = next(iter(image.references), image.id)
        self._tell_of_image(image, "import", name)
        return image

    def page(self, url: str) -> "AbstractContextManager[Page]":
        """What is behind a URL, as a stream: for `import_image` and for `build`."""
        from engine.http import web

        return web.page(url)

    @contextmanager
    def _nothing_half_done(self) -> Iterator[None]:
        """If this fails, take away the blobs and snapshots that no image needs.

        The next command does it if somebody holds the store: who writes the archive may
        be a `save` that ends only when we have.
        """
        with unfinished.marked(self._house.locks) as mark:
            try:
                yield
            except BaseException:
                mark.stays = not self._house.images.collect(
                    lambda: self._users_of_images().snapshots
                )
                raise


@contextmanager
def _opened(out: Path | int) -> Iterator[int]:
    """A descriptor for what is to be written."""
    if isinstance(out, int):
        yield out
        return
    if out.is_dir():
        raise InvalidArgument(
            f"invalid output path: {out} is a directory", "Name a file in it."
        )
    if not out.parent.is_dir():
        raise InvalidArgument(
            f'invalid output path: directory "{out.parent}" does not exist',
            f"`mkdir -p {out.parent}` makes it.",
        )
    _sweep(out)
    with files.whole_or_nothing(out) as descriptor:
        yield descriptor


def _sweep(out: Path) -> None:
    """Remove what was to become the same file, of whoever was killed meanwhile."""
    unfinished_name = re.compile(rf"\.{re.escape(out.name)}\.(\d+)\.[0-9a-f]{{8}}")
    with os.scandir(out.parent) as found:
        for entry in found:
            match = unfinished_name.fullmatch(entry.name)
            if match and not os.path.exists(f"/proc/{match[1]}"):
                with contextlib.suppress(FileNotFoundError):  # two do the same
                    os.unlink(entry.path)
