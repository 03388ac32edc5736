"""The docker-archive: manifest.json says which images there are, and where.

    [{"Config": "8c0d….json",                       or blobs/sha256/8c0d…
      "RepoTags": ["busybox:latest"],               or null: saved by its ID
      "Layers": ["9b58…/layer.tar", …]}]            bottom first; may be links

The paths are the archive's own business: one must not believe what they look like,
only follow them inside the archive.

Source: moby image/tarexport/load.go (behaviour, and the words of its refusals)
Try it: `docker save busybox | lab load`
"""

from collections.abc import Sequence

from engine.errors import ImageError
from engine.images.archives import names
from engine.images.archives.contents import (
    ArchivedImage,
    read_config,
    refuse_too_many,
)
from engine.images.archives.spool import Spool
from engine.oci.fields import Fields, read_json
from engine.oci.reference import Reference


def images(spool: Spool) -> list[ArchivedImage]:
    """The images that manifest.json lists, in its order."""
    try:
        items = read_json(spool.read(names.MANIFEST_JSON))
    except (ValueError, RecursionError) as error:
        raise ImageError(
            f"manifest.json is not JSON: {error}", "The archive is damaged."
        ) from error
    if not isinstance(items, list):
        raise ImageError(
            "invalid manifest, manifest.json is not a list", "The archive is damaged."
        )
    refuse_too_many(len(items))
    return [
        _image(spool, Fields.of(item, f"manifest.json[{number}]"))
        for number, item in enumerate(items)
    ]


def _image(spool: Spool, item: Fields) -> ArchivedImage:
    raw = spool.read(item.text("Config"))
    paths = item.texts("Layers")
    config = read_config(raw, paths)
    return ArchivedImage(
        raw=raw,
        config=config,
        layers=tuple(spool.find(path) for path in paths),
        names=_tags(item.texts("RepoTags")),
        parent=item.text("Parent") or None,
    )


def _tags(texts: Sequence[str]) -> tuple[str, ...]:
    references = [Reference.parse(text) for text in texts]
    for text, reference in zip(texts, references, strict=True):
        if reference.digest or ":" not in text.rpartition("/")[2]:
            raise ImageError(
                f"invalid tag {text[:200]!a}", "A name in an archive has a tag."
            )
    return tuple(reference.familiar for reference in references)
