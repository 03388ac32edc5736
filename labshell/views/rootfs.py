"""What `lab rootfs make` has put into a directory, in a few lines.

    FILES     SIZE      PATH
    1         126kB     /tmp/r/usr/bin/sh
    14        9.31MB    /tmp/r/lib/x86_64-linux-gnu/
    1364      61.2MB    /tmp/r/usr/lib/python3.11/

A directory stands for all that is below it; one file stands for itself.

Try it: `lab rootfs make /tmp/r sh python3`
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from labshell.views.amounts import size
from labshell.views.tables import table


def summary(files: Sequence[Path]) -> Iterator[str]:
    """The files by the topmost directories that hold some; then all of them."""
    rows = []
    for top, inside in _by_directory(files).items():
        name = str(inside[0]) if len(inside) == 1 else f"{top}/"
        rows.append((str(len(inside)), size(_bytes(inside)), name))
    yield table(("FILES", "SIZE", "PATH"), rows)
    yield f"{len(files)} files, {size(_bytes(files))}; -v lists them"


def _by_directory(files: Sequence[Path]) -> dict[Path, list[Path]]:
    """Each file under the topmost of its directories that holds a file itself."""
    holders = {path.parent for path in files}
    found: dict[Path, list[Path]] = {}
    for path in files:
        top = next(one for one in reversed(path.parents) if one in holders)
        found.setdefault(top, []).append(path)
    return found


def _bytes(files: Sequence[Path]) -> int:
    return sum(path.stat().st_size for path in files)
