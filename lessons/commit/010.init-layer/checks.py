"""Checks for "What commit takes, and what it leaves": each looks at the effect."""

import os
from pathlib import Path

from labshell.lessons.checks import Lab, Outcome

BASE = "busybox"


def is_the_hosts_file(lab: Lab) -> Outcome:
    """The path given leads to the very file that the container sees: same inode."""
    if lab.answer is None:
        return lab.failed("No answer yet: `:answer …`.")
    inside = lab.container(lab.values["name"]).inside("/etc/hosts").status
    given = Path(lab.answer.strip())
    # Not Path.exists(), which raises when a name is too long.
    if not given.is_absolute() or not os.path.exists(given):
        return lab.failed("There is no such file on this machine.")
    if inside is not None and os.path.samestat(given.stat(), inside):
        return lab.passed("It is: both are one file, with the same inode number.")
    if os.path.exists("/etc/hosts") and given.samefile("/etc/hosts"):
        return lab.failed(
            "This one belongs to the machine, not to the container. "
            "Compare what is in them."
        )
    if given.name == "hosts" and given.stat().st_size == 0:
        return lab.failed(
            "This is the mount point in the init layer: an empty file. "
            "Another file is mounted over it."
        )
    return lab.failed("This is a file, but not the one that the container sees.")


def notes_are_left(lab: Lab) -> Outcome:
    """Each of the four places, read as the container reads it, has the note."""
    container = lab.container(lab.values["name"])
    places = ("/note", "/data/note", "/scratch/note", "/etc/hosts")
    note = lab.values["note"].encode()
    missing = [path for path in places if note not in (container.content(path) or b"")]
    if missing:
        return lab.failed(
            "The note is not yet in these places: {subject}.",
            earned=len(places) - len(missing),
            subject=", ".join(missing),
        )
    if b"localhost" not in (container.content("/etc/hosts") or b""):
        return lab.failed(
            "The note is in all four places, but the other lines of /etc/hosts are "
            "gone. The rest should stay.",
            earned=len(places) - 1,
        )
    return lab.passed("The container reads the note in all four places.")


def commit_was_made(lab: Lab) -> Outcome:
    """The image is the base, one more layer, and the note in it."""
    image = lab.image(lab.values["name"] + "-copy:1")
    base = lab.image(BASE).layers
    has_note = lab.values["note"].encode() in (image.content("/note") or b"")
    if image.layers == base:
        return lab.failed(
            "{{name}}-copy:1 has no layer of its own: it is another name for what was "
            "there before."
        )
    if not has_note:
        return lab.failed(
            "{{name}}-copy:1 has a new layer, but /note in it is missing or does not "
            "hold the note."
        )
    if image.layers[: len(base)] != base:
        return lab.failed(
            "{{name}}-copy:1 has the note, but does not stand on the layers of "
            "busybox: nothing could run in it."
        )
    return lab.passed(
        "{{name}}-copy:1 is the layers of busybox with one more on top, "
        "and /note in it holds the note."
    )


def volume_was_kept(lab: Lab) -> Outcome:
    """A container of the image, with nothing mounted, finds both notes."""
    image = lab.image(lab.values["name"] + "-copy:2")
    note = lab.values["note"].encode()
    if not image.shows("/keep/note"):
        if image.shows("/keep"):
            return lab.failed(
                "/keep came into the image as an empty directory: it was only the "
                "place where the volume was mounted."
            )
        return lab.failed("A container of {{name}}-copy:2 finds no /keep/note.")
    if note not in (image.content("/keep/note") or b""):
        return lab.failed("/keep/note is there, but the note is not in it.")
    if note not in (image.content("/note") or b""):
        return lab.failed(
            "/keep/note is there, and /note has been lost on the way.", earned=2
        )
    if not image.shows("/bin/sh"):
        return lab.failed(
            "{{name}}-copy:2 holds the notes and no program: nothing could run in it.",
            earned=2,
        )
    return lab.passed("Both notes are in layers of {{name}}-copy:2.")
