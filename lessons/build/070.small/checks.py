"""Checks for "What stays behind": what is in layers, and what builds have left."""

import hashlib

from labshell.lessons.checks import Lab, Outcome

_LABEL = "org.labshell.build"  # of a container in which a build has run a step
_LARGE = 1_000_000  # bytes more than busybox has: the kit, whatever it is called


def has_no_kit(lab: Lab) -> Outcome:
    """The app is there, and what it was made with is in no layer."""
    name = lab.values["image"] + ":slim"
    image = lab.image(name)
    if image.shows("/kit"):
        return lab.failed("A container of {{image}}:slim still finds a /kit.")
    more = lab.engine.image(name).size - lab.engine.image("busybox").size
    if any(path.split("/")[1] == "kit" for path in image.paths_in_any_layer()):
        return lab.failed(
            "No container of {{image}}:slim finds a kit, but one of its layers still "
            "has it."
        )
    if more > _LARGE:
        return lab.failed(
            "Nothing in {{image}}:slim is called /kit, but its layers hold {subject} "
            "more than those of busybox. A kit by another name?",
            subject=f"{more / 1e6:.1f} MB",
        )
    app = (image.content("/app") or b"").split()
    if app[:1] != [_digest_of_the_numbers(int(lab.values["last"]))]:
        return lab.failed(
            "There is no kit in {{image}}:slim, but its /app was not made with the "
            "kit.",
            earned=1,
        )
    return lab.passed("Made with the kit, and sent without it.")


def _digest_of_the_numbers(last: int) -> bytes:
    """What `seq LAST | sha256sum` prints."""
    numbers = "".join(f"{number}\n" for number in range(1, last + 1))
    return hashlib.sha256(numbers.encode()).hexdigest().encode()


def nothing_is_left(lab: Lab) -> Outcome:
    """No container of a step, no dangling image; and the diary is where it was."""
    diary = lab.container(lab.values["box"]).in_read_write_layer("/diary") or b""
    if lab.values["word"].encode() not in diary:
        return lab.failed("There is a {{box}}, but no diary in it.")
    scenes = [c for c in lab.engine.containers(all=True) if _LABEL in c.labels]
    dangling = [image for image in lab.engine.images() if not image.references]
    if scenes and dangling:
        return lab.failed(
            "Containers of steps that failed are still there, and keep their images: "
            "{subject}.",
            subject=str(len(scenes)),
        )
    if scenes:
        return lab.failed(
            "The images have gone from the list, but containers of steps that failed "
            "keep their layers: {subject}.",
            earned=1,
            subject=str(len(scenes)),
        )
    if dangling:
        return lab.failed(
            "No container of a step is left. But the images on which they stood are "
            "still there.",
            earned=2,
        )
    return lab.passed("Nothing is left of it, and the diary is safe.")
