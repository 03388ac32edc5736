"""Checks for "What an image is, to the byte": each compares digests."""

import hashlib
import string

from labshell.lessons.checks import Lab, Outcome


def has_the_same_layers(lab: Lab) -> Outcome:
    """The layers of the first image, another ID, and the variable."""
    image, base = (lab.image(f"{lab.values['image']}:{tag}") for tag in ("note", "1"))
    if image.id == base.id:
        return lab.failed(
            "{{image}}:note has the ID of {{image}}:1: it is the same image, with one "
            "more name."
        )
    if image.layers != base.layers:
        return lab.failed(
            "{{image}}:note does not have the same layers as {{image}}:1."
        )
    if f"NOTE={lab.values['word']}" not in image.environment:
        return lab.failed(
            "The layers are the same, and the ID is another one. But a container of "
            "{{image}}:note has no variable NOTE={{word}}.",
            earned=1,
        )
    return lab.passed("The same layers, another configuration, and so another ID.")


def is_the_layer(lab: Lab) -> Outcome:
    """The digest, whole or cut, of the layer that the parcel holds."""
    if lab.answer is None:
        return lab.failed("No answer yet: `:answer …`.")
    words = lab.answer.strip().casefold().removeprefix("sha256:").split()
    given = words[0] if words else ""
    if len(given) < 12 or not set(given) <= set(string.hexdigits):
        return lab.failed("Twelve digits of the digest, at least.")
    layers = lab.image(lab.values["image"] + ":1").layers
    digests = [layer.removeprefix("sha256:") for layer in layers]
    if digests[int(lab.values["which"]) - 1].startswith(given):
        return lab.passed("This is the layer, by the name that the configuration has.")
    if any(digest.startswith(given) for digest in digests):
        return lab.failed(
            "This is a layer of {{image}}:1, but not the one in the parcel."
        )
    parcel = lab.container(lab.values["box"]).content("/parcel.gz") or b""
    if hashlib.sha256(parcel).hexdigest().startswith(given):
        return lab.failed(
            "This is the digest of the parcel as it is, compressed. The configuration "
            "has another one."
        )
    return lab.failed("No layer of {{image}}:1 has this digest.")
