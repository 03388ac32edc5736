"""Which images `lab images` shows.

    dangling=true        those without a name
    label=key[=value]
    before=IMAGE  since=IMAGE       made before or after that one
    reference=PATTERN    names that fit: `busybox`, `*:1.0`, `me/*`; * crosses no slash

Of an image with several names only those that fit are shown.

Source: moby, daemon/images/images.go, distribution/reference, FamiliarMatch
Try it: `lab images --filter dangling=true`
"""

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase

from engine import filters
from engine.filters import Filters
from engine.images.catalogue import Catalogue
from engine.images.stored import StoredImage

KEYS = ("before", "dangling", "label", "reference", "since")


def select(
    catalogue: Catalogue, images: Iterable[StoredImage], wanted: Filters
) -> Iterator[StoredImage]:
    """Those of the images that agree, with the names that fit."""
    filters.refuse_unknown(wanted, KEYS)
    dangling = filters.truth(wanted, "dangling")
    before = [catalogue.find(name).created for name in wanted.get("before", ())]
    since = [catalogue.find(name).created for name in wanted.get("since", ())]
    patterns = wanted.get("reference", ())
    for image in images:
        if dangling is not None and dangling == bool(image.references):
            continue
        if before and image.created >= min(before):
            continue
        if since and image.created <= max(since):
            continue
        labels = image.config.defaults.labels
        if not filters.has_labels(wanted.get("label", ()), labels):
            continue
        names = [name for name in image.references if _fits(name, patterns)]
        if names or not patterns:
            yield image._replace(references=tuple(names))


def _fits(reference: str, patterns: Iterable[str]) -> bool:
    """Whether a name, with or without its tag, fits one of the patterns, or any."""
    repository = reference.partition("@")[0]
    if ":" in repository.rpartition("/")[2]:
        repository = repository.rpartition(":")[0]
    return not patterns or any(
        _fits_by_parts(name, pattern)
        for name in (reference, repository)
        for pattern in patterns
    )


def _fits_by_parts(name: str, pattern: str) -> bool:
    parts, wanted = name.split("/"), pattern.split("/")
    return len(parts) == len(wanted) and all(map(fnmatchcase, parts, wanted))
