"""Identities: which users of the machine those of a container are, with --userns auto.

    0 ………… 524288 │ 524288+65536·n │ …………… 1878982656 │ …
    users, and    │ a block of 65536 for each container │ systemd's own
    their subuids │ that asks for one                   │

These are the IDs that systemd leaves to containers: no user of the machine has one, and
no other container of this root. So who gets out of one owns nothing outside, not even
the files of the container next door.

The block follows from the container's ID, so that two roots hardly ever choose the
same; if another container has it, it is the next one. It is in `config.json` as
`first_id`.

Source: systemd.io, "Users, Groups, UIDs and GIDs on systemd Systems"
Try it: `lab run -d --userns auto busybox sleep 60; ps -o uid,args -C sleep`
"""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

from engine import files

FIRST, _AFTER, _SIZE = 524288, 1878982656, 1 << 16
_BLOCKS = (_AFTER - FIRST) // _SIZE


@contextlib.contextmanager
def chosen(containers: Path, lock: Path, identity: str) -> Iterator[int]:
    """The first ID for the container `identity`; its record is to be written meanwhile.

    Who chooses next, and has waited for `lock`, looks at all in `containers`.
    """
    with files.locked(lock):
        taken = set(_taken(containers))
        block = int(identity[:8], 16) % _BLOCKS
        while FIRST + block * _SIZE in taken:
            block = (block + 1) % _BLOCKS
        yield FIRST + block * _SIZE


def _taken(containers: Path) -> Iterator[int]:
    """Those of the containers that there are, and of those that are being made."""
    for path in containers.glob("*/config.json"):
        with contextlib.suppress(OSError, ValueError):
            text = path.read_bytes()
            if b'"first_id"' in text:
                yield int(json.loads(text)["first_id"])
