"""A scratch engine: an engine on a disk of its own that is full when it shall be.

    /var/tmp/labshell-sandbox-XXXX/     root's, and locked as long as its grader lives
        image  ── loop, ext4 ──▶ disk/  the engine's root: base images, containers
                                 disk/ballast   takes what no container shall have

A container writes into the directory of its engine, so what it may take of a disk is
what is free there. The image is sparse: it takes only what is in it. Some blocks are
kept for root (`-m`): a container's own root is nobody outside and gets none of them, so
that an engine whose disk is full can still write that it is.

Who is killed leaves all of this behind. Whoever comes next takes it away (places.py),
the containers first.

man: mkfs.ext4(8), mount(8) on loop, losetup(8), fallocate(2), flock(2)
Try it: `lab grade … --assignment …`, and beside it `losetup -a; findmnt -t ext4`
"""

import contextlib
import os
import shutil
import subprocess
from pathlib import Path

from engine.engine import Engine
from engine.errors import EngineError
from labshell import places
from labshell.grading import inner, kit
from labshell.grading.assignment import Assignment
from labshell.grading.marking import BASES

_ABOVE, _PREFIX = places.ABOVE, "labshell-sandbox-"
_ROOM = 256 << 20  # bytes, for what an engine keeps beside images
_UNPACKED = 8  # times what is packed, at most
_KEPT = "10"  # percent, for root
_SECONDS = 60  # for a program that makes or mounts a file system


class SandboxError(EngineError):
    """What was handed in cannot be run here: a fault of the machine, or the grader."""


class Scratch:
    """An engine for runs, with the base images of an assignment; `close` removes it."""

    def __init__(self, assignment: Assignment) -> None:
        """SandboxError or OSError if there can be none here."""
        if os.geteuid() != 0:
            raise SandboxError("only root can run what was handed in", "`sudo lab …`")
        sweep()
        self._place, self._lock = places.make(_ABOVE, _PREFIX)
        try:
            self.engine = _furnished(self._place, assignment)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Remove the engine, all that runs in it, and its disk."""
        try:
            _remove(self._place)
        finally:
            os.close(self._lock)


def sweep() -> None:
    """Take away what graders have left that were killed."""
    for place in places.left(_ABOVE, _PREFIX):
        with contextlib.suppress(EngineError, OSError):  # for the next to try
            _remove(place)


def _furnished(place: Path, assignment: Assignment) -> Engine:
    """The engine on a new disk, with all that is needed, and so much room left."""
    bases = assignment.folder / BASES
    packed = sum(f.stat().st_size for f in bases.rglob("*") if f.is_file())
    free = assignment.limits.run.disk << 20
    own = any(script.lab for script in assignment.scripts)
    if own:
        free += packed  # each of them begins with the base images
    size = _ROOM + free + packed * _UNPACKED + (inner.NEEDS if own else 0)
    disk = _mounted(place, size * 5 // 4)
    engine = Engine(disk / "root")
    kit.load(engine, assignment)
    if own:
        inner.make_house(engine, assignment.bases)
    for script in assignment.scripts:
        engine.image(script.base or inner.IMAGE)
    with (disk / "ballast").open("wb") as ballast:
        room = os.statvfs(disk)
        os.posix_fallocate(
            ballast.fileno(), 0, max(1, room.f_bavail * room.f_frsize - free)
        )
    return engine


def _mounted(place: Path, size: int) -> Path:
    """A new file system of so many bytes, mounted."""
    image, disk = place / "image", place / "disk"
    disk.mkdir(mode=0o700)
    with image.open("wb") as file:
        file.truncate(size)
    _do(
        *("mkfs.ext4", "-q", "-F", "-m", _KEPT, "-O", "^has_journal"),
        *("-E", "lazy_itable_init=1,nodiscard", str(image)),
    )
    _do("mount", "-o", "loop,discard,nosuid,nodev", str(image), str(disk))
    return disk


def _do(*command: str) -> None:
    """Run a program of the machine's. SandboxError says what it could not do."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SandboxError(
            f"{command[0]} does not run: {error}", "Is e2fsprogs installed?"
        ) from error
    if done.returncode:
        said = done.stdout.decode(errors="replace").strip()[-200:]
        raise SandboxError(
            f"{command[0]}: {said}", "Are there loop devices? `ls /dev/loop*`"
        )


def _remove(place: Path) -> None:
    """Containers, engine, mount, files: in this order."""
    disk = place / "disk"
    if disk.is_mount():
        Engine(disk / "root").destroy()
        _do("umount", "--recursive", str(disk))  # another engine may be half made
    shutil.rmtree(place)
