"""Checks for "A job: what was promised": IDs, what is seen, and one archive."""

import hashlib
import io
import json
import posixpath
import tarfile
from typing import Any

from labshell.lessons.checks import ImageView, Lab, Outcome

_LARGEST = 64 << 20  # bytes of an archive that is handed over; it should have 2 MB


def has_come_back(lab: Lab) -> Outcome:
    """The very image, by the ID that was noted."""
    image = lab.image(lab.values["image"] + ":2")
    if image.id == _promised(lab, "2"):
        return lab.passed("By its ID, {{image}}:2 is the image that was promised.")
    if _has(image, lab, "notice"):
        return lab.failed(
            "There is an image {{image}}:2 with the notice, but it has another ID than "
            "the one in /rescue/promised.",
            earned=1,
        )
    return lab.failed(
        "There is an image {{image}}:2, with another ID than the one in "
        "/rescue/promised, and without the notice."
    )


def shows_the_catalogue(lab: Lab) -> Outcome:
    """Containers of both images find the right catalogue, and they are the same images.

    Either may be away for a while: then the other one alone is what there is.
    """
    here = {name for image in lab.engine.images() for name in image.references}
    name = lab.values["image"]
    tags = [tag for tag in ("1", "2") if f"{name}:{tag}" in here]
    images = {tag: lab.image(f"{name}:{tag}") for tag in tags}
    wrong = [tag for tag in tags if not _has(images[tag], lab, "catalogue")]
    others = [tag for tag in tags if images[tag].id != _promised(lab, tag)]
    if wrong or not tags:
        return lab.failed(
            "Containers of these do not find the catalogue that was promised: "
            "{subject}.",
            subject=", ".join(f"{name}:{tag}" for tag in wrong or ("1", "2")),
        )
    if others:
        return lab.failed(
            "The catalogue is found, but these have another ID than the promised one: "
            "{subject}.",
            earned=1,
            subject=", ".join(f"{name}:{tag}" for tag in others),
        )
    if len(tags) == 1:
        return lab.failed(
            "{subject} is what was promised, and the other edition is gone. "
            "`:reset step` brings it back.",
            earned=2,
            subject=f"{name}:{tags[0]}",
        )
    return lab.passed("Both editions are what was promised, and show it.")


def is_handed_over(lab: Lab) -> Outcome:
    """The image for the customer, and an archive that holds it and nothing else."""
    name = lab.values["image"] + ":out"
    image = lab.image(name)
    if not (_has(image, lab, "catalogue") and _has(image, lab, "notice")):
        return lab.failed("{{image}}:out does not show both catalogue and notice.")
    if not image.shows("/bin/cat"):
        return lab.failed("{{image}}:out has no program: nothing could run in it.")
    if found := image.paths_with(lab.values["paid"]):
        return lab.failed(
            "What was paid can be read in a layer of {{image}}:out: {subject}",
            earned=1,
            subject=found[0],
        )
    missing = []
    # With a shell in front, it is the same program.
    if not " ".join(image.command).endswith("cat /srv/catalogue /srv/notice"):
        missing.append("CMD")
    if f"EDITION={lab.values['edition']}" not in image.environment:
        missing.append("ENV")
    if missing:
        return lab.failed(
            "{{image}}:out has the right files, but does not say what {{image}}:2 "
            "says: {subject}.",
            earned=2,
            subject=", ".join(missing),
        )
    return _look_at_the_archive(lab, name, image.id)


def _look_at_the_archive(lab: Lab, name: str, image: str) -> Outcome:
    found = lab.container(lab.values["shelf"]).top("/rescue/out.tar", _LARGEST)
    if found.data is None:
        return lab.failed(
            "{{image}}:out is ready. There is no /rescue/out.tar in {{shelf}} yet.",
            earned=3,
        )
    try:
        archived = _images_in(found.data)
    except (tarfile.TarError, OSError, EOFError, ValueError, LookupError, TypeError):
        return lab.failed(
            "{{image}}:out is ready. /rescue/out.tar is no sound archive of images.",
            earned=3,
        )
    if image not in archived:
        return lab.failed(
            "{{image}}:out is ready. The archive /rescue/out.tar holds other images.",
            earned=3,
        )
    if len(archived) > 1 or archived[image] != [name]:
        return lab.failed(
            "{{image}}:out is in /rescue/out.tar. But whoever loads that gets other "
            "images as well, or other names for it, or none.",
            earned=4,
        )
    return lab.passed("One archive, one image, and nothing in it that is not seen.")


def _images_in(archive: bytes) -> dict[str, list[str]]:
    """The IDs of the images in an archive, with their names; ValueError if not sound.

    An image is sound if its layers are those that its configuration names.
    """
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        members = {posixpath.normpath(x.name): x for x in tar.getmembers()}

        def content(name: Any) -> bytes:
            file = tar.extractfile(members[name])
            return file.read() if file else b""

        found = {}
        for item in json.loads(content("manifest.json")):
            config = content(item["Config"])
            layers = [_digest(content(layer)) for layer in item["Layers"]]
            if layers != json.loads(config)["rootfs"]["diff_ids"]:
                raise ValueError("a layer is not what the configuration says")
            found[_digest(config)] = item["RepoTags"] or []
        return found


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _promised(lab: Lab, tag: str) -> str:
    """The ID that the list on the shelf gives for an edition."""
    noted = lab.container(lab.values["shelf"]).content("/rescue/promised") or b""
    lines = [line.split() for line in noted.decode(errors="replace").splitlines()]
    name = f"{lab.values['image']}:{tag}"
    return next((line[0] for line in lines if line[1:] == [name]), "")


def _has(image: ImageView, lab: Lab, what: str) -> bool:
    """Do containers of the image find the catalogue, or the notice, to the byte?"""
    word = lab.values["word" if what == "catalogue" else "notice"]
    return image.content(f"/srv/{what}") == f"{what} {word}\n".encode()
