"""Checks for "A job: small and clean": what an image does, weighs, and tells."""

import hashlib

from labshell.lessons.checks import ImageView, Lab, Outcome

_PARTS = 4_000_000  # bytes of zeros, with which the seal is made
_LITTLE = 100_000  # bytes more than busybox has: the seal, and no kit


def is_small_and_clean(lab: Lab) -> Outcome:
    """The new image prints the same seal, weighs nothing, and has never met a token."""
    name, token = lab.values["image"] + ":2", lab.values["token"]
    image = lab.image(name)
    if (image.content("/app/seal") or b"").split()[:1] != [_seal(token)]:
        return lab.failed("In {{image}}:2, /app/seal is not that of {{image}}:1.")
    if not " ".join(image.command).endswith("cat /app/seal"):  # a shell may be in front
        return lab.failed("The seal is in {{image}}:2, but its containers print none.")
    if image.config_mentions(token):
        return lab.failed(
            "{{image}}:2 prints the seal, and gives the token to each container.",
            earned=1,
        )
    if image.history_mentions(token):
        return lab.failed(
            "The token is no variable of {{image}}:2, but its history tells it.",
            earned=2,
        )
    if found := image.paths_with(token):
        return lab.failed(
            "Neither variables nor history of {{image}}:2 tell the token. A layer "
            "does: {subject}",
            earned=3,
            subject=found[0],
        )
    more = lab.engine.image(name).size - lab.engine.image("busybox").size
    if more > _LITTLE:
        return lab.failed(
            "{{image}}:2 is clean, but weighs far more than busybox.", earned=4
        )
    return lab.passed("The same seal, and nothing else in it.")


def _seal(token: str) -> bytes:
    """What `sha256sum` makes of the login and the parts."""
    return hashlib.sha256(f"{token}\n".encode() + bytes(_PARTS)).hexdigest().encode()


def nobody_tells_it(lab: Lab) -> Outcome:
    """The new image is there, and nothing else of this engine has the token."""
    token = lab.values["token"]
    if not lab.image(lab.values["image"] + ":2").content("/app/seal"):
        return lab.failed("In {{image}}:2, /app/seal is not that of {{image}}:1.")
    images = [
        image
        for image in lab.engine.images(all=True)
        if _tells(ImageView(lab.engine, image.id), token)
    ]
    if any(image.references for image in images):
        return lab.failed("An image with a name still tells the token.")
    if images:
        return lab.failed(
            "Images without a name still tell the token: {subject}.",
            earned=1,
            subject=str(len(images)),
        )
    for container in lab.engine.containers(all=True):
        if _container_tells(lab, container.id, token):
            return lab.failed("No image tells the token. A container does.", earned=2)
    return lab.passed("Whoever takes over this machine finds no token in its images.")


def _tells(image: ImageView, token: str) -> bool:
    return (
        image.config_mentions(token)
        or image.history_mentions(token)
        or bool(image.paths_with(token))
    )


def _container_tells(lab: Lab, name: str, token: str) -> bool:
    if token in str(lab.engine.inspect(name, "container")):
        return True
    box = lab.container(name)
    written = box.changes.added | box.changes.changed
    return any(token.encode() in (box.in_read_write_layer(x) or b"") for x in written)
