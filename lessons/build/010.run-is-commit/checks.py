"""Checks for "A build is containers, committed": each looks at the images made."""

from labshell.lessons.checks import Lab, Outcome

BASE = "busybox"


def is_as_a_build_makes_it(lab: Lab) -> Outcome:
    """The layers of the base, one more on top, and the word in it."""
    image, base = lab.image(lab.values["image"] + ":hand"), lab.image(BASE).layers
    if image.layers == base:
        return lab.failed(
            "{{image}}:hand has no layer of its own: it is another name for busybox."
        )
    if lab.values["word"].encode() not in (image.content("/notes/word") or b""):
        return lab.failed(
            "{{image}}:hand is a new image, but a container of it finds no {{word}} in "
            "/notes/word."
        )
    if image.layers[:-1] != base:
        return lab.failed(
            "/notes/word is as it should be, but {{image}}:hand is not the layers of "
            "busybox with one more on top.",
            earned=1,
        )
    return lab.passed("The layers of busybox, and one more: as a build makes it.")


def is_from_the_middle(lab: Lab) -> Outcome:
    """One of the images that the build went through, with both files."""
    image = lab.image(lab.values["image"] + ":middle")
    if not image.shows("/draft"):
        return lab.failed("A container of {{image}}:middle finds no /draft.")
    if not image.shows("/clean"):
        return lab.failed(
            "The draft is in {{image}}:middle, but there is no /clean yet. This image "
            "is of a step too early.",
            earned=1,
        )
    steps = lab.engine.history(lab.values["image"] + ":1")
    if image.id not in [step.id for step in steps]:
        return lab.failed(
            "{{image}}:middle shows both files, but it is none of the images that the "
            "build went through.",
            earned=1,
        )
    return lab.passed("This is the image that the last step was made of.")


def note_is_in_its_place(lab: Lab) -> Outcome:
    """The note where it belongs, and nowhere else."""
    image = lab.image(lab.values["image"] + ":mended")
    note = image.content(f"/srv/{lab.values['word']}/note")
    if note is None and image.shows("/note"):
        return lab.failed(
            "The note is at /note, not in /srv/{{word}}: the step that wrote it began "
            "in `/`."
        )
    if note is None:
        return lab.failed(
            "A container of {{image}}:mended finds no /srv/{{word}}/note."
        )
    if note.strip() != b"ready":
        return lab.failed(
            '/srv/{{word}}/note is there, but it does not say "ready".', earned=1
        )
    if "/note" in image.paths_in_any_layer():
        return lab.failed(
            "The note is in its place, but a layer below still has the one at /note, "
            "and travels with the image.",
            earned=2,
        )
    return lab.passed("The note is in /srv/{{word}}, and no layer has another one.")
