"""Checks for "Past the layers": which directories are mounted over the union?"""

import os

from labshell.lessons.checks import ContainerView, Lab, Outcome


def only_what_changes(lab: Lab) -> Outcome:
    """The table is outside of the union and whole, and the maps are in the union."""
    keep = lab.container(lab.values["keep"], lost=False)
    table = keep.inside("/srv/db/table").status
    if table is None or table.st_size < int(lab.values["size"]) * 1_000_000:
        return lab.failed("{{keep}} does not find the whole of /srv/db/table.")
    if in_union(keep, "/srv/db"):
        return lab.failed(
            "/srv/db of {{keep}} is part of the union: the first write copies the "
            "table."
        )
    if keep.inside("/srv/maps/world").status is None:
        return lab.failed(
            "{{keep}} finds the table, but not /srv/maps/world.", earned=1
        )
    if not in_union(keep, "/srv") or not in_union(keep, "/srv/maps"):
        return lab.failed(
            "The table is outside of the union, and so are the maps: all of them were "
            "copied, though nobody will write to them.",
            earned=2,
        )
    return lab.passed("The table is outside of the union, and all else is in it.")


def site_shows_its_image(lab: Lab) -> Outcome:
    """The notice comes from the new image, and the visitors from outside."""
    site, values = lab.container(lab.values["site"]), lab.values
    if values["word"].encode() not in (site.content("/srv/notice") or b""):
        return lab.failed("{{site}} does not show the notice of {{image}}:2.")
    if values["guest"].encode() not in (site.content("/srv/db/visitors") or b""):
        return lab.failed(
            "{{site}} shows the new notice, but /srv/db/visitors has lost its guest."
        )
    if not in_union(site, "/srv") or site.top("/srv/notice").status is not None:
        return lab.failed(
            "{{site}} shows the new notice because a copy of it lies over the image. "
            "With the next image, it will be the old one once more.",
            earned=1,
        )
    if in_union(site, "/srv/db"):
        return lab.failed(
            "{{site}} shows both, but /srv/db is part of the union: the visitors go "
            "with the container.",
            earned=2,
        )
    if site.image_id != lab.image(values["image"] + ":2").id:
        return lab.failed(
            "{{site}} shows both, but it runs from another image than {{image}}:2.",
            earned=2,
        )
    return lab.passed("The notice comes from the image, the visitors from outside.")


def only_looks(lab: Lab) -> Outcome:
    """The container has the very directory of the volume, mounted read-only."""
    window = lab.container(lab.values["box"] + "-window", lost=False)
    seen = window.inside("/shown").status
    there = lab.in_volume(lab.values["vol"] + "-two", "/").status
    if not (seen and there and os.path.samestat(seen, there)):
        return lab.failed("/shown of {{box}}-window is not the volume {{vol}}-two.")
    if window.process.may_write("/shown"):
        return lab.failed(
            "{{box}}-window sees what is in {{vol}}-two, and may write to it, too.",
            earned=1,
        )
    return lab.passed("{{box}}-window sees what is in {{vol}}-two, and only looks.")


def in_union(container: ContainerView, path: str) -> bool:
    """Is this directory in the same file system as the container's root?"""
    root, there = container.inside("/").status, container.inside(path).status
    return bool(root and there and root.st_dev == there.st_dev)
