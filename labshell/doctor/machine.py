"""The machine around the kernel: root's powers, nft, disk, and the engine's store.

man: capabilities(7), nft(8), statvfs(3)
Try it: `grep CapEff /proc/self/status`, `df -h /var/lib`
"""

import os
import shutil
from pathlib import Path

from engine.engine import Engine
from engine.errors import EngineError, from_os_error
from labshell.doctor.trial import LIMITED, MISSING, WORKS, Finding, attempt
from labshell.views.amounts import size

# By number, as in linux/capability.h; what the engine itself cannot do without.
POWERS = {
    0: "CHOWN",
    1: "DAC_OVERRIDE",
    6: "SETGID",
    7: "SETUID",
    12: "NET_ADMIN",
    18: "SYS_CHROOT",
    21: "SYS_ADMIN",
    27: "MKNOD",
}
_PATH = os.defpath + ":/sbin:/usr/sbin"
LITTLE_SPACE, NO_SPACE = 2_000_000_000, 100_000_000  # bytes


def powers() -> Finding:
    """Are we root, with the powers that make containers?"""
    if os.geteuid() != 0:
        return Finding(
            topic="root",
            verdict=MISSING,
            found=f"running as user {os.geteuid()}",
            why="Mounts, namespaces and control groups are root's to make.",
            advice="Start with sudo.",
        )
    status = Path("/proc/self/status").read_text()
    effective = int(status.partition("CapEff:")[2].split()[0], 16)
    lacking = [name for bit, name in POWERS.items() if not effective >> bit & 1]
    if lacking:
        return Finding(
            topic="root",
            verdict=MISSING,
            found=f"root without {', '.join(lacking)}",
            why="This looks like the inside of a container.",
            advice="Use a virtual machine, or give this container --privileged.",
        )
    return Finding(topic="root", verdict=WORKS, found="with the powers that it takes")


def nft() -> Finding:
    """Is there the program, and the part of the kernel, that rewrites addresses?"""
    if not shutil.which("nft", path=_PATH):
        return Finding(
            topic="nft",
            verdict=LIMITED,
            found="there is no program nft",
            why="Without it nobody gets out, and no network is kept from another.",
            advice="apt-get install nftables",
        )
    trial = attempt("unshare --net nft add table inet labshell_doctor")
    if trial.worked:
        found = "tables can be made"
        return Finding(topic="nft", verdict=WORKS, found=found, tried=trial.command)
    return Finding(
        topic="nft",
        verdict=LIMITED,
        found="tables cannot be made",
        why=trial.complaint,
        advice="modprobe nf_tables; --network none and host do not need it.",
        tried=trial.command,
    )


def disk(root: Path) -> Finding:
    """Is there room for layers?"""
    place = next(place for place in (root, *root.parents) if place.is_dir())
    numbers = os.statvfs(place)
    free = numbers.f_bavail * numbers.f_frsize
    found = f"{size(free)} free for {root}"
    if free >= LITTLE_SPACE and numbers.f_favail:
        return Finding(topic="disk", verdict=WORKS, found=found)
    return Finding(
        topic="disk",
        verdict=LIMITED if free >= NO_SPACE else MISSING,
        found=found if numbers.f_favail else f"no inodes left for {root}",
        why="Every layer is unpacked there, and every container writes there.",
        advice="`lab rm`, `lab rmi`, or use --root on another disk.",
    )


def base_image() -> Finding:
    """Can the image `busybox` be made of this machine's own files?"""
    path = shutil.which("busybox", path=_PATH)
    if path is None or not _is_static(path):
        return Finding(
            topic="busybox",
            verdict=LIMITED,
            found=f"{path} needs libraries" if path else "there is no busybox",
            why="The first image is made of it; without it, of this machine's own sh.",
            advice="apt-get install busybox-static",
        )
    return Finding(topic="busybox", verdict=WORKS, found=path)


def _is_static(path: str) -> bool:
    """Whether a program names no loader: then it needs no library either."""
    with open(path, "rb") as program:
        return b"/ld-" not in program.read(4096)


def store(engine: Engine) -> Finding:
    """Can the engine read what it has written?"""
    try:
        images, containers = engine.images(all=True), engine.containers(all=True)
    except (EngineError, OSError) as error:
        problem = error if isinstance(error, EngineError) else from_os_error(error)
        return Finding(
            topic="store",
            verdict=MISSING,
            found=f"{engine.root} cannot be used",
            why=problem.message,
            advice=problem.hint,
        )
    running = sum(c.state.status == "running" for c in containers)
    found = (
        f"images: {len(images)}, containers: {len(containers)}, {running} running; "
        f"in {engine.root}"
    )
    return Finding(topic="store", verdict=WORKS, found=found)
