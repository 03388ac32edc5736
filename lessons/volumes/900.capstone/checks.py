"""Checks for "A job: every row": which file does who see, and what is in it?"""

import os

from labshell.lessons.checks import Lab, Outcome
from labshell.lessons.looking import Found

_DAYS = ("monday", "tuesday", "today")


def rows_are_kept(lab: Lab) -> Outcome:
    """Every row is in the volume, once, and the container writes there."""
    name, rows = lab.values["name"], lab.in_volume(lab.values["store"], "/rows").data
    box = lab.container(name, lost=False)
    if lost := [day for day in _missing(lab, rows) if not _is_anywhere(lab, day)]:
        return lab.failed(
            "In no volume, and in no /srv/rows, is there any more: {subject}. "
            "If you have no copy, `:reset step` brings it back.",
            subject=", ".join(lost),
        )
    if missing := _missing(lab, rows):
        return lab.failed(
            "In {{store}} these rows are missing: {subject}.",
            earned=len(_DAYS) - len(missing),
            subject=", ".join(missing),
        )
    if twice := [day for day in _DAYS if _count(lab, rows, day) > 1]:
        return lab.failed(
            "All rows are in {{store}}, but these more than once: {subject}.",
            earned=3,
            subject=", ".join(twice),
        )
    if not _is_one_file(box.inside("/data/rows"), _stored(lab)):
        return lab.failed(
            "All rows are in {{store}}, but what {{name}} sees as /data/rows is "
            "another file.",
            earned=4,
        )
    if box.image_id != lab.image(f"{name}:1").id:
        return lab.failed(
            "{{name}} has all rows, but was made of another image than {{name}}:1.",
            earned=5,
        )
    return lab.passed("Every row is in {{store}}, once, and {{name}} writes there.")


def reader_only_reads(lab: Lab) -> Outcome:
    """The reader sees the very file that is written to, and cannot write."""
    name = lab.values["name"]
    reader = lab.container(f"{name}-reader", lost=False)
    seen = reader.inside("/data/rows")
    if seen.data is None:
        return lab.failed("{{name}}-reader finds no /data/rows.")
    if not _is_one_file(seen, lab.container(name).inside("/data/rows")):
        return lab.failed(
            "{{name}}-reader has other rows than {{name}}: the next row will not be "
            "seen there.",
        )
    if reader.process.may_write("/data/rows"):
        return lab.failed(
            "{{name}}-reader sees what {{name}} writes, and may write there, too.",
            earned=2,
        )
    return lab.passed("{{name}}-reader sees what {{name}} writes, and only reads.")


def nothing_is_left(lab: Lab) -> Outcome:
    """Every row is still there, both containers run, and no other volume has any."""
    name, store = lab.values["name"], lab.values["store"]
    box, reader = lab.container(name), lab.container(f"{name}-reader")
    seen = (box.inside("/data/rows"), reader.inside("/data/rows"))
    if missing := _missing(lab, _stored(lab).data):
        return lab.failed(
            "In {{store}} these rows are missing: {subject}.",
            subject=", ".join(missing),
        )
    if not all(_is_one_file(one, _stored(lab)) for one in seen):
        return lab.failed("Not both of the containers have their rows in {{store}}.")
    ours = [one for one in lab.engine.volumes() if _is_ours(lab, one.name)]
    if left := [one.name for one in ours if one.name != store]:
        ended = _is_there(lab, f"{name}-try")
        return lab.failed(
            "Beside {{store}} there are volumes with a list of {{name}} in them: "
            "{subject}.",
            earned=2 if len(left) == 1 and ended else 1 if len(left) < 3 else 0,
            subject=str(len(left)),
        )
    if _is_there(lab, f"{name}-try"):
        return lab.failed("{{name}}-try has ended, and is still there.", earned=3)
    return lab.passed("What is used is there, and nothing else. No row is lost.")


def _count(lab: Lab, rows: bytes | None, day: str) -> int:
    """How often the row of this day is among these."""
    return (rows or b"").split(b"\n").count(f"{day} {lab.values[day]}".encode())


def _missing(lab: Lab, rows: bytes | None) -> list[str]:
    return [day for day in _DAYS if not _count(lab, rows, day)]


def _is_anywhere(lab: Lab, day: str) -> bool:
    """Is the row of this day in a volume, or in the layer of a container?"""
    lists = [lab.in_volume(one.name, "/rows").data for one in lab.engine.volumes()]
    for one in lab.engine.containers(all=True):
        box = lab.container(one.id)
        lists += [box.in_read_write_layer(path) for path in ("/srv/rows", "/data/rows")]
    return any(_count(lab, rows, day) for rows in lists)


def _is_ours(lab: Lab, volume: str) -> bool:
    """Does a list in it begin as the image's does? There may be others' volumes."""
    rows = lab.in_volume(volume, "/rows").data or b""
    return rows.startswith(f"# the orders of {lab.values['name']}\n".encode())


def _stored(lab: Lab) -> Found:
    return lab.in_volume(lab.values["store"], "/rows")


def _is_there(lab: Lab, name: str) -> bool:
    return name in [one.name for one in lab.engine.containers(all=True)]


def _is_one_file(one: Found, other: Found) -> bool:
    """Are they the same file, under two names?"""
    there = one.status and other.status
    return bool(there) and os.path.samestat(one.status, other.status)
