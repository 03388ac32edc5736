"""Checks for "Tidying up": which images and containers are left."""

from labshell.lessons.checks import ContainerView, ImageView, Lab, Outcome
from labshell.lessons.outcomes import NotThereYet


def _images_with(lab: Lab, path: str) -> list[tuple[str, ...]]:
    """The names of each image that has a file at `path`: none for a nameless one."""
    return [
        tuple(image.references)
        for image in lab.engine.images(all=True)
        if ImageView(lab.engine, image.id).shows(path)
    ]


def _container(lab: Lab, which: str) -> ContainerView | None:
    try:
        return lab.container(f"{lab.values['box']}-{which}")
    except NotThereYet:
        return None


def nameless_is_gone(lab: Lab) -> Outcome:
    """Neither the image that had lost its name is there, nor who stood on it."""
    images, user = _images_with(lab, "/stock"), _container(lab, "last")
    if any(images):
        return lab.failed("The image has a name now. It should be gone.")
    if images and user:
        return lab.failed(
            "The image without a name is still there, and {{box}}-last stands on it."
        )
    if images:
        return lab.failed(
            "Nobody stands on the image without a name any more, but it is still "
            "there.",
            earned=1,
        )
    if user:
        return lab.failed(
            "The image without a name is gone, but {{box}}-last is still there, and "
            "keeps its layers.",
            earned=1,
        )
    _ = lab.image(lab.values["image"] + ":latest")
    return lab.passed("The image is gone, and its layer with it.")


def is_tidy(lab: Lab) -> Outcome:
    """What is of no use is gone; the ledger is there, and who ran runs."""
    safe = lab.container(lab.values["box"] + "-safe")
    if lab.values["sum"].encode() not in (safe.top("/ledger").data or b""):
        return lab.failed("There is a {{box}}-safe, but no ledger in it.")
    left = [which for which in ("old", "older") if _container(lab, which)]
    if left:
        return lab.failed(
            "Still there, and of no use: {subject}.",
            earned=2 - len(left),
            subject=", ".join(f"{lab.values['box']}-{which}" for which in left),
        )
    shop = _container(lab, "open")
    if not (shop and shop.running):
        return lab.failed(
            "The ledger is safe, and the useless ones are gone. But {{box}}-open "
            "should still run.",
            earned=2,
        )
    return lab.passed("What was of no use is gone, and the ledger is safe.")


def image_is_gone(lab: Lab) -> Outcome:
    """Neither a name of the image, nor the image, nor who stood on it."""
    images, user = _images_with(lab, "/fresh"), _container(lab, "open")
    if any(images) and user:
        return lab.failed(
            "{{image}}:latest is still there, and {{box}}-open stands on it."
        )
    if any(images):
        return lab.failed(
            "Nobody stands on {{image}}:latest any more, but it is still there.",
            earned=1,
        )
    if images:
        return lab.failed(
            "Only the name is gone. The image is still there, and {{box}}-open runs "
            "from it.",
            earned=1,
        )
    if user:
        return lab.failed(
            "The image is gone, but {{box}}-open is still there, and keeps its layers.",
            earned=2,
        )
    return lab.passed("Nothing is left of {{image}}.")
