"""The init program of --init: a process 1 that buries the dead.

A process that has ended stays as a zombie until its parent asks for its exit status.
One whose parent has ended gets process 1 as its new parent. Most programs were never
written to be process 1: they do not ask, and zombies pile up; and process 1 has no
default for a signal, so that TERM does nothing.

    without --init     1 sh ─── 7 (zombie)  8 (zombie)  9 (zombie) …
    with --init        1 docker-init ─── 7 sh        the dead are buried at once

The init program is tini, as with Docker: a static program of the machine's, shown
inside at /sbin/docker-init. It starts the real program as its child, passes signals
on, and ends with its exit status.

man: wait(2), pid_namespaces(7), tini(1)
Try it: `lab run --rm --init busybox ps`
"""

from pathlib import Path

from engine.errors import ImageError, NotFound

_PLACES = ("/usr/bin", "/usr/local/bin", "/usr/sbin", "/usr/libexec/docker")
_NAMES = ("docker-init", "tini-static", "tini")


def find() -> Path:
    """The machine's init program. NotFound if it has none that runs in any image."""
    for name in _NAMES:
        for place in _PLACES:
            path = Path(place) / name
            if path.is_file() and _is_static(path):
                return path.resolve()
    raise NotFound(
        'exec: "docker-init": executable file not found in $PATH',
        "--init needs a static tini on this machine: `apt install tini`.",
    )


def _is_static(path: Path) -> bool:
    """Whether the program needs no library: an image need not have any."""
    from engine.images import elf  # only --init needs it

    try:
        return not elf.read(path).interpreter
    except (ImageError, OSError):
        return False
