"""The kernel: its version, namespaces, overlay and seccomp.

    version      openat2(2) came with 5.6, close_range(2) with 5.9; tested from 6.1 on
    namespaces   made for a moment by unshare(1), in a process of its own
    overlay      mounted for a moment, below the engine's own directory: whether a
                 file system can carry the upper layer depends on which one it is
    shifting     the owners of that directory, shifted where nobody sees it: mount(8)
                 can do it from util-linux 2.39 on, so the engine itself is asked
    seccomp      a line in /proc/self/status

man: namespaces(7), unshare(1), seccomp(2), proc(5)
Try it: `grep overlay /proc/filesystems`, `grep Seccomp /proc/self/status`
"""

import os
import tempfile
from pathlib import Path

from engine.engine import Engine
from engine.errors import EngineError
from labshell.doctor.trial import LIMITED, MISSING, WORKS, Finding, attempt

OLDEST, SHIFTED, TESTED = (5, 11), (5, 19), (6, 1)
NAMESPACES = ("mnt", "pid", "uts", "ipc", "net", "cgroup")
MAKE_NAMESPACES = (
    "unshare --mount --pid --fork --uts --ipc --net --cgroup --mount-proc true"
)
MOUNT_OVERLAY = (
    'unshare --mount sh -ec \'cd "$1"; mkdir lower upper work merged;'
    " mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work overlay merged;"
    ' touch merged/x; test -e upper/x\' sh "$1"'
)


def version() -> Finding:
    """The kernel's version: are the system calls there that the engine makes?"""
    release = os.uname().release
    number = _number(release)
    found = f"Linux {release} on {os.uname().machine}"
    if number < OLDEST:
        return Finding(
            topic="kernel",
            verdict=MISSING,
            found=found,
            why="openat2(2), close_range(2) and pidfds came later.",
            advice="Use Debian 12 or later, Ubuntu 24.04 or later.",
        )
    if number < TESTED:
        return Finding(
            topic="kernel",
            verdict=LIMITED,
            found=found,
            why="labshell is tested from Linux 6.1 on.",
        )
    return Finding(topic="kernel", verdict=WORKS, found=found)


def _number(release: str) -> tuple[int, ...]:
    """The first two numbers of a version: (6, 1) of "6.1.0-18-amd64"."""
    return tuple(int(part) for part in release.split("-")[0].split(".")[:2])


def namespaces() -> Finding:
    """Can namespaces be made: what a container has to itself?"""
    unknown = [n for n in NAMESPACES if not Path(f"/proc/self/ns/{n}").exists()]
    if unknown:
        return Finding(
            topic="namespaces",
            verdict=MISSING,
            found=f"this kernel has no {', '.join(unknown)} namespace",
            advice="It was built without CONFIG_NAMESPACES: use a distribution's own.",
        )
    trial = attempt(MAKE_NAMESPACES)
    if trial.worked:
        found = ", ".join(NAMESPACES)
        return Finding(
            topic="namespaces", verdict=WORKS, found=found, tried=trial.command
        )
    return Finding(
        topic="namespaces",
        verdict=MISSING,
        found="they cannot be made here",
        why=trial.complaint,
        advice="Start with sudo; inside a container, give it --privileged.",
        tried=trial.command,
    )


def user_namespaces() -> Finding:
    """Can user namespaces be made: root inside that is nobody outside?"""
    trial = attempt("unshare --user --map-root-user true")
    if trial.worked:
        found = "root inside can be nobody outside"
        return Finding(
            topic="user namespaces", verdict=WORKS, found=found, tried=trial.command
        )
    return Finding(
        topic="user namespaces",
        verdict=LIMITED,
        found="they cannot be made here",
        why=trial.complaint,
        advice="See /proc/sys/user/max_user_namespaces; only some lessons need them.",
        tried=trial.command,
    )


def overlay(root: Path) -> Finding:
    """Can layers be stacked in the engine's own directory?"""
    try:
        place = tempfile.TemporaryDirectory(prefix=".doctor.", dir=_existing(root))
    except OSError as error:
        return Finding(
            topic="overlay",
            verdict=MISSING,
            found=f"nothing can be written to {root}",
            why=str(error.strerror),
            advice="Start with sudo, or use --root with another directory.",
        )
    with place as directory:
        trial = attempt(MOUNT_OVERLAY, arguments=[directory])
    tried = "unshare --mount sh -c 'mount -t overlay -o lowerdir=…,upperdir=…'"
    if trial.worked:
        found = f"layers can be stacked in {root}"
        return Finding(topic="overlay", verdict=WORKS, found=found, tried=tried)
    known = "overlay" in Path("/proc/filesystems").read_text()
    return Finding(
        topic="overlay",
        verdict=MISSING,
        found=f"layers cannot be stacked in {root}",
        why=trial.complaint,
        advice="Use --root on ext4, xfs, btrfs or tmpfs: overlay on overlay fails."
        if known
        else "The kernel has no overlay file system: `modprobe overlay`.",
        tried=tried,
    )


def shifting(engine: Engine) -> Finding:
    """Can the owners of layers be shifted, which `--userns auto` needs?"""
    topic, place = "shifted owners", _existing(engine.root)
    tried = f"mount --bind -o X-mount.idmap=b:0:524288:65536 {place} {place}"
    why = "An overlay takes shifted layers from Linux 5.19 on."
    if _number(os.uname().release) >= SHIFTED:
        try:
            engine.try_to_shift(place)
        except EngineError as error:
            why = error.message
        else:
            found = "root of a container can be nobody outside: --userns auto"
            return Finding(topic=topic, verdict=WORKS, found=found, tried=tried)
    return Finding(
        topic=topic,
        verdict=LIMITED,
        found=f"not in {place}: --userns auto will be refused",
        why=why,
        advice="Use --root on ext4, xfs or btrfs; all else works without.",
        tried=tried,
    )


def _existing(path: Path) -> Path:
    """The directory itself, or the nearest one above it that exists."""
    return next(place for place in (path, *path.parents) if place.is_dir())


def seccomp() -> Finding:
    """Can system calls be filtered?"""
    status = Path("/proc/self/status").read_text()
    if "Seccomp:" in status:
        found = "system calls can be filtered"
        return Finding(topic="seccomp", verdict=WORKS, found=found)
    return Finding(
        topic="seccomp",
        verdict=LIMITED,
        found="this kernel cannot filter system calls",
        why="/proc/self/status has no line Seccomp.",
        advice="Containers need --security-opt seccomp=unconfined here.",
    )
