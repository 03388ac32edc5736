"""Checks for "What outlives a container": whose file is it that a container sees?"""

import os

from labshell.lessons.checks import Lab, Outcome
from labshell.lessons.looking import Found


def ledger_outlives(lab: Lab) -> Outcome:
    """The ledger that the container sees is the very file in the volume."""
    values = lab.values
    solo, owed = lab.container(values["solo"], lost=False), values["owed"].encode()
    seen = solo.inside("/srv/ledger")
    stored = lab.in_volume(values["store"], "/ledger", lost=False)
    is_safe = owed in (stored.data or b"")
    if is_one_file(seen, stored):
        if is_safe:
            return lab.passed("What {{solo}} sees as /srv/ledger is in {{store}}.")
        return lab.failed(
            "/srv of {{solo}} is in {{store}}, but the line of the ledger is not there."
        )
    if is_safe and seen.status:
        return lab.failed(
            "The ledger is in {{store}}, but {{solo}} still uses another one, and "
            "writes into that.",
            earned=2,
        )
    if is_safe:
        return lab.failed(
            "The ledger is in {{store}}, but {{solo}} finds nothing in /srv/ledger.",
            earned=2,
        )
    return lab.failed("There is a volume {{store}}, but the ledger is not in it.")


def tally_is_back(lab: Lab) -> Outcome:
    """A running container of the image sees the final tally, in the volume named."""
    values, volumes = lab.values, [volume.name for volume in lab.engine.volumes()]
    tallies = {name: lab.in_volume(name, "/tally") for name in volumes}
    keep = lab.container(values["keep"], lost=False)
    seen = keep.inside("/scores/tally")
    content, final = seen.data or b"", values["tally"].encode()
    if values["draft"].encode() in content:
        return lab.failed("{{keep}} finds a tally, but it is a draft.")
    if final not in content:
        if not any(final in (tally.data or b"") for tally in tallies.values()):
            return lab.failed(
                "The final tally is in no volume any more! "
                "`:reset step` brings it back."
            )
        return lab.failed("{{keep}} does not find the final tally in /scores/tally.")
    if not is_one_file(tallies.get(values["safe"], Found()), seen):
        return lab.failed(
            "{{keep}} finds the final tally, but not in the volume {{safe}}.", earned=2
        )
    if keep.image_id != lab.image(values["image"] + ":1").id:
        return lab.failed(
            "{{keep}} finds the final tally in {{safe}}, but it runs from another "
            "image than {{image}}:1.",
            earned=3,
        )
    return lab.passed("{{keep}} finds the final tally, in the volume {{safe}}.")


def is_one_file(one: Found, other: Found) -> bool:
    """Are they the same file, under two names?"""
    there = one.status and other.status
    return bool(there) and os.path.samestat(one.status, other.status)
