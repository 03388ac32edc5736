"""Checks for "Deleting by adding": each looks for marks in the layers themselves."""

import stat

from labshell.lessons.checks import Lab, Outcome


def is_the_size(lab: Lab) -> Outcome:
    """The whole file, in MB."""
    if lab.answer is None:
        return lab.failed("No answer yet: `:answer …`.")
    given = lab.answer.strip().casefold().removesuffix("mb").strip()
    if given == lab.values["size"]:
        return lab.passed("All of it, for the sake of a few bits.")
    if given.isdecimal():
        return lab.failed(
            "To change only the mode, the kernel needs the file in a layer that can be "
            "written to. How much of it does it copy?"
        )
    return lab.failed("A number is asked for, in MB.")


def file_is_back(lab: Lab) -> Outcome:
    """No mark and no copy on top of the image's file, and the diary is there."""
    shelf = lab.container(lab.values["shelf"])
    diary = shelf.in_read_write_layer("/root/diary") or b""
    lost = shelf.top("/srv/" + lab.values["lost"])
    if lost.hidden:
        return lab.failed(
            "The mark for /srv/{{lost}} is still in the read-write layer of {{shelf}}."
        )
    if lab.values["note"].encode() not in diary:
        return lab.failed(
            "The file is back, but the diary is gone. `:reset step` brings it back."
        )
    if lost.status is not None:
        return lab.failed(
            "{{shelf}} sees a file of that name again, but it is a copy, in its own "
            "layer. The file of the image is still covered.",
            earned=1,
        )
    if shelf.image_id != lab.image(lab.values["image"] + ":1").id:
        return lab.failed("{{shelf}} is not a container of {{image}}:1 any more.")
    return lab.passed("Nothing covers the image's file now, and the diary is kept.")


def file_is_hidden(lab: Lab) -> Outcome:
    """A mark for exactly this file, in the layer of a container of the image."""
    fresh = lab.container(lab.values["fresh"])
    image = lab.image(lab.values["image"] + ":1")
    bad = fresh.top("/srv/" + lab.values["bad"])
    rest = (lab.values["lost"], lab.values["gone"], "birds", "birds/finch")
    if not image.shows("/srv/" + lab.values["bad"]):
        return lab.failed(
            "The file is gone from the image itself, for every container of it! "
            "`:reset step` makes the image again."
        )
    if fresh.image_id != image.id:
        return lab.failed("{{fresh}} is not a container of {{image}}:1 any more.")
    if any(fresh.top(f"/srv/{name}").hidden for name in rest):
        return lab.failed(
            "/srv/{{bad}} is hidden, and the rest of /srv with it. Only this one file "
            "should be.",
            earned=1,
        )
    if bad.hidden:
        return lab.passed(
            "There is a mark for /srv/{{bad}}, and the rest of /srv is to be seen."
        )
    if bad.status is None:
        return lab.failed("Nothing hides /srv/{{bad}} from {{fresh}} yet.")
    if stat.S_ISCHR(bad.status.st_mode):
        return lab.failed(
            "There is a device in the place, but its numbers are not 0 and 0: the "
            "container will see the device.",
            earned=1,
        )
    return lab.failed(
        "Now there is a file in the layer, and the container will see that file. "
        "A mark is needed.",
        earned=1,
    )
