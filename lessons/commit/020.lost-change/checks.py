"""Checks for "My change is gone": what do containers of the new image find?"""

from labshell.lessons.checks import ImageView, Lab, Outcome

PARTS = ("head", "body", "foot")


def is_the_lost_one(lab: Lab) -> Outcome:
    """The part over which a volume is mounted."""
    if lab.answer is None:
        return lab.failed("No answer yet: `:answer …`.")
    given, lost = lab.answer.strip().rstrip("/"), lab.values["lost"]
    if given in (lost, f"/app/{lost}", f"/app/{lost}/text", f"{lost}/text"):
        return lab.passed("It is in the volume, and in no layer.")
    if any(part in given.split("/") for part in PARTS):
        return lab.failed("This one is in the read-write layer: commit will take it.")
    return lab.failed("One of the three is asked for: head, body or foot.")


def all_three_are_new(lab: Lab) -> Outcome:
    """A container of the image finds the three edited texts, with nothing mounted."""
    image = lab.image(lab.values["suspect"] + ":whole")
    old = [part for part in PARTS if not has(image, part, lab.values["ink"])]
    if not image.shows("/bin/sh"):
        return lab.failed("{{suspect}}:whole has no program: nothing could run in it.")
    if old:
        return lab.failed(
            "In {{suspect}}:whole, these are not the edited texts: {subject}.",
            earned=0 if lab.values["lost"] in old else 1,
            subject=", ".join(old),
        )
    return lab.passed("All three edited texts are in layers of {{suspect}}:whole.")


def change_is_found(lab: Lab) -> Outcome:
    """The new body and the old rest, in an image that stands on the first."""
    image, base = (lab.image(f"{lab.values['image']}:{tag}") for tag in ("3", "1"))
    if not has(image, "body", lab.values["word"]):
        return lab.failed("A container of {{image}}:3 does not find the new body.")
    if image.layers[: len(base.layers)] != base.layers:
        return lab.failed(
            "The new body is there, but {{image}}:3 does not stand on the layers of "
            "{{image}}:1.",
            earned=1,
        )
    if not (has(image, "head", "old") and has(image, "foot", "old")):
        return lab.failed(
            "The new body is there, but the other two texts are not as they were.",
            earned=2,
        )
    return lab.passed("Containers of {{image}}:3 find the new body, and the old rest.")


def has(image: ImageView, part: str, word: str) -> bool:
    """Does the text of this part begin with that word?"""
    content = image.content(f"/app/{part}/text") or b""
    return content.split()[:1] == [word.encode()]
