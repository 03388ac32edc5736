"""Checks for "A job: too much, and too little": layers, words, and who goes on."""

import os

from labshell.lessons.checks import ImageView, Lab, Outcome

_LITTLE = 100_000  # bytes that the work may weigh; the cache has twenty times as many
_PROGRAM = "sh /app/run"


def holds_the_work(lab: Lab) -> Outcome:
    """What was done in the container is in layers upon the first image, alone."""
    image, base = _images(lab)
    if not image.shows("/bin/sh"):
        return lab.failed("{{image}}:4 has no program: nothing could run in it.")
    if undone := _undone(lab, image):
        return lab.failed(
            "Of the work, this is not in {{image}}:4: {subject}.",
            earned=0 if "page" in undone else 1,
            subject=", ".join(undone),
        )
    if image.layers[: len(base.layers)] != base.layers:
        return lab.failed(
            "The work is in {{image}}:4, which does not stand on the layers of "
            "{{image}}:1.",
            earned=2,
        )
    if found := image.paths_with(lab.values["token"]):
        return lab.failed(
            "The work is in {{image}}:4, and the token in a layer of it: {subject}",
            earned=3,
            subject=found[0],
        )
    if _is_heavy(lab):
        return lab.failed(
            "The work is in {{image}}:4, and no file has the token. But it weighs far "
            "more than {{image}}:1.",
            earned=4,
        )
    return lab.passed("The layers of {{image}}:1, and above them the work alone.")


def says_what_was_meant(lab: Lab) -> Outcome:
    """The image starts the service, and its configuration and history tell no token."""
    image, base = _images(lab)
    token = lab.values["token"]
    is_whole = not _undone(lab, image) and image.layers[: len(base.layers)] == (
        base.layers
    )
    if not is_whole or image.paths_with(token) or _is_heavy(lab):
        return lab.failed(
            "The layers of {{image}}:4 are not those of {{image}}:1 with the work "
            "alone above them any more."
        )
    # With a shell in front, it is the same program.
    if not " ".join(image.command).endswith(_PROGRAM):
        return lab.failed(
            "Containers of {{image}}:4 run this unless told otherwise: {subject}",
            subject=" ".join(image.command),
        )
    if image.config_mentions(token):
        return lab.failed(
            "{{image}}:4 starts the service, and its configuration tells the token.",
            earned=2,
        )
    if image.history_mentions(token):
        return lab.failed(
            "{{image}}:4 starts the service, and its history tells the token.",
            earned=2,
        )
    return lab.passed("{{image}}:4 starts the service, and has nothing to hide.")


def goes_on(lab: Lab) -> Outcome:
    """A container of the new image does the work of the old one, with its records."""
    box = lab.container(lab.values["box"], lost=False)
    if box.image_id != lab.image(lab.values["image"] + ":4").id:
        return lab.failed("{{box}} is not a container of {{image}}:4.")
    if not " ".join(box.command).endswith(_PROGRAM):
        return lab.failed("{{box}} does not run what {{image}}:4 says.")
    seen = box.inside("/data/records")
    kept = lab.in_volume(lab.values["data"], "/records")
    if lab.values["sold"].encode() not in (seen.data or b""):
        return lab.failed(
            "{{box}} runs the service, and does not find the records.", earned=1
        )
    if not (kept.status and seen.status and os.path.samestat(kept.status, seen.status)):
        return lab.failed(
            "{{box}} finds records, but not those in the volume {{data}}.", earned=1
        )
    known = lab.engine.inspect(lab.values["box"], "container")
    if any(mount["Destination"].startswith("/app") for mount in known["Mounts"]):
        return lab.failed(
            "{{box}} has its records, and something is mounted over the page of "
            "{{image}}:4.",
            earned=2,
        )
    if lab.values["token"] in str(known):
        return lab.failed(
            "{{box}} has its records, and was given the token again.", earned=2
        )
    hosts = box.content("/etc/hosts") or b""
    if b"localhost" not in hosts or lab.values["neighbour"].encode() not in hosts:
        return lab.failed(
            "{{box}} has its records. In its /etc/hosts, {{neighbour}} is missing, or "
            "localhost.",
            earned=3,
        )
    return lab.passed("The service goes on, of the image that was meant.")


def _images(lab: Lab) -> tuple[ImageView, ImageView]:
    """The image that is asked for, and the one that it should stand on."""
    image, base = (lab.image(f"{lab.values['image']}:{tag}") for tag in ("4", "1"))
    return image, base


def _undone(lab: Lab, image: ImageView) -> list[str]:
    """The parts of the work that containers of the image do not find done."""
    ink = lab.values["ink"]
    undone = [
        part
        for part in ("page", "price")
        if image.content(f"/app/{part}/text") != f"{ink} {part}\n".encode()
    ]
    return [*undone, *(["banner"] if image.shows("/app/banner/text") else [])]


def _is_heavy(lab: Lab) -> bool:
    name = lab.values["image"]
    new, old = (lab.engine.image(f"{name}:{tag}") for tag in ("4", "1"))
    return bool(new.size - old.size > _LITTLE)
