"""Checks for "The same everywhere": is it that image, with what it should hold?"""

from labshell.lessons.checks import Lab, Outcome


def is_mended(lab: Lab) -> Outcome:
    """The image that was there, by its ID, with the text that was put into it."""
    name, text = lab.values["worn"] + ":1", lab.values["text"].encode()
    if text not in (lab.image(name).content("/srv/text") or b""):
        return lab.failed("Containers of {{worn}}:1 do not find the text.")
    if lab.is_new(name):
        return lab.failed(
            "The text is there, but in another image: {{worn}}:1 has another ID now.",
            earned=1,
        )
    return lab.passed("It is the same image, and shows what was put into it.")


def has_arrived(lab: Lab) -> Outcome:
    """The image whose ID is in the letter."""
    letter = lab.container(lab.values["shelf"]).content("/post/letter") or b""
    image = lab.image(lab.values["parcel"] + ":1")
    if image.id == letter.decode(errors="replace").strip():
        return lab.passed("{{parcel}}:1 is the image that was sent: its ID says so.")
    if lab.values["fake"].encode() in (image.content("/srv/seal") or b""):
        return lab.failed(
            "This is an image, and sound, but not the one that was sent: its ID is not "
            "the one in the letter."
        )
    return lab.failed("The ID of {{parcel}}:1 is not the one in the letter.")
