"""Checks for "A job: after the tidying": what a layer covers, and what it carries."""

from labshell.lessons.checks import ContainerView, Lab, Outcome


def everything_is_seen(lab: Lab) -> Outcome:
    """The image's files are in sight, and what was written in the container is kept."""
    box, note = lab.container(lab.values["box"]), lab.values["note"].encode()
    if not _keeps_its_own(box, note):
        return lab.failed(
            "/srv/diary and /srv/archive/today of {{box}} are not what they were. "
            "`:reset step` brings them back."
        )
    ledger, first = box.top("/srv/ledger"), box.top("/srv/archive/first")
    if box.image_id != lab.image(lab.values["image"] + ":1").id:
        return lab.failed("{{box}} is not a container of {{image}}:1 any more.")
    if ledger.status is not None or first.status is not None:
        return lab.failed(
            "{{box}} has copies now, in its own layer. The files of the image are "
            "still covered.",
            earned=1,
        )
    if ledger.hidden and first.hidden:
        return lab.failed("{{box}} sees neither the ledger nor the old archive.")
    if ledger.hidden:
        return lab.failed(
            "The archive is complete. The ledger is still covered.", earned=3
        )
    if first.hidden:
        return lab.failed(
            "The ledger is back. The archive shows none of the image's files yet.",
            earned=2,
        )
    return lab.passed("Nothing of the image is covered, and the day's work is kept.")


def carries_no_copy(lab: Lab) -> Outcome:
    """Its own layer has its own files, and no atlas; everything is seen, atlas too."""
    box = lab.container(lab.values["box"])
    atlas = box.top("/srv/atlas")
    if not _keeps_its_own(box, lab.values["note"].encode()):
        return lab.failed(
            "/srv/diary and /srv/archive/today of {{box}} are not what they were. "
            "`:reset step` brings them back."
        )
    if atlas.status is not None:
        return lab.failed("{{box}} still has a /srv/atlas of its own.")
    if atlas.hidden:
        return lab.failed("{{box}} sees no /srv/atlas at all now.")
    if any(box.top(path).hidden for path in ("/srv/ledger", "/srv/archive/first")):
        return lab.failed(
            "{{box}} has no atlas of its own, but covers other files of the image.",
            earned=1,
        )
    return lab.passed("It sees all of it, and carries only what is its own.")


def _keeps_its_own(box: ContainerView, note: bytes) -> bool:
    own = ("/srv/diary", "/srv/archive/today")
    return all(note in (box.in_read_write_layer(path) or b"") for path in own)
