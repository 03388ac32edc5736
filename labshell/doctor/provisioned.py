"""A machine that was made for learning: is it still the one that was made?

`vagrant/provision.sh` ends by writing down which machine it has made:

    /etc/labshell/machine
        provisioned=2026-01-31T09:00:00Z
        system=Debian GNU/Linux 13 (trixie)
        kernel=6.12.57+deb13-amd64
        source=93ee4f15ce89389a            a digest of engine, shell and lessons

Where two students see different things, this is what to compare. A machine that was
not made so has no such file, and nothing is said of it.

man: os-release(5), uname(1)
Try it: `cat /etc/labshell/machine`
"""

import os
from pathlib import Path

from labshell.doctor.trial import LIMITED, WORKS, Finding

FILE = Path("/etc/labshell/machine")
_MOST = 16 * 1024  # bytes of the file that are read


def provisioned(file: Path = FILE) -> list[Finding]:
    """What was written down of this machine, and whether it is still so."""
    if not file.exists():
        return []
    made = read(file)
    found = "{}, kernel {}, labshell {}, made {}".format(
        *(made.get(name, "?") for name in ("system", "kernel", "source", "provisioned"))
    )
    release = os.uname().release
    if made.get("kernel") == release:
        return [Finding(topic="machine", verdict=WORKS, found=found)]
    return [
        Finding(
            topic="machine",
            verdict=LIMITED,
            found=found,
            why=f"It was made with another kernel than the {release} that runs.",
            advice="`vagrant provision` on the host looks at it again.",
        )
    ]


def read(file: Path) -> dict[str, str]:
    """The names and values in the file; a line that is neither is left out."""
    with file.open(errors="replace") as opened:
        lines = opened.read(_MOST).splitlines()
    pairs = (line.partition("=") for line in lines)
    return {name: value for name, equals, value in pairs if equals}
