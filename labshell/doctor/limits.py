"""Control groups: which version, which controllers, and may we use them?

    version 1   one tree of directories per controller: /sys/fs/cgroup/memory/…
    version 2   one tree for all: /sys/fs/cgroup/…, cgroup.controllers lists them

A machine may have both at once (hybrid): what version 1 holds, version 2 lacks. The
mounts are only looked at, in /proc/self/mountinfo.

man: cgroups(7)
Try it: `grep cgroup /proc/self/mountinfo`, `cat /proc/self/cgroup`
"""

import os
from collections.abc import Mapping
from pathlib import Path

from engine.engine import Engine
from labshell.doctor.trial import LIMITED, MISSING, WORKS, Finding

NEEDED = {
    "memory": "-m",
    "cpu": "--cpus and --cpu-shares",
    "pids": "--pids-limit",
}
VERSION_1_ONLY = {"freezer": "pause", "devices": "which devices may be opened"}


def control_groups() -> list[Finding]:
    """What was found about the version, and about each controller."""
    trees = mounted(Path("/proc/self/mountinfo").read_text(errors="replace"))
    if not trees:
        return [
            Finding(
                topic="cgroups",
                verdict=MISSING,
                found="no control groups are mounted",
                advice="systemd mounts them; else mount -t cgroup2 none /sys/fs/cgroup",
            )
        ]
    old = [name for name in trees if name != "cgroup2"]
    needed = NEEDED | (VERSION_1_ONLY if "memory" in old else {})
    version = "1" if "memory" in old else "2"
    found = f"version {version}"
    if version == "1":
        found += f" ({', '.join(sorted(set(old) & set(needed)))})"
        found += "; version 2 beside it (hybrid)" if "cgroup2" in trees else ""
    return [
        Finding(topic="cgroups", verdict=WORKS, found=found),
        *(_controller(name, needed[name], trees, version) for name in needed),
    ]


def arrangement(engine: Engine) -> Finding:
    """Where containers' groups are: in a scope of systemd's, or beside its groups."""
    now = engine.arrangement()
    beside = Path("/run/systemd/system").exists() and not now.systemd
    keeper = "a scope of systemd's" if now.systemd else "a plain group of our own"
    return Finding(
        topic="cgroup place",
        verdict=LIMITED if beside else WORKS,
        found=f"{keeper}: /{now.group}",
        why=f"{now.trouble}." if beside else "",
        advice="Containers run all the same; systemd does not know of them." * beside,
    )


def mounted(mountinfo: str) -> dict[str, Path]:
    """Where each controller of version 1 is mounted; "cgroup2" for version 2."""
    found = {}
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        kind, _, options = [*after.split(), "", "", ""][:3]
        place = Path(before.split()[4]) if len(before.split()) > 4 else Path("/")
        if kind == "cgroup2":
            found["cgroup2"] = place
        elif kind == "cgroup":
            found |= dict.fromkeys(options.split(","), place)
    return found


def _controller(
    name: str, purpose: str, trees: Mapping[str, Path], version: str
) -> Finding:
    """Whether one controller is there and can be used."""
    place = trees.get(name) if version == "1" else trees.get("cgroup2")
    if place is None or (version == "2" and name not in _offered(place)):
        return Finding(
            topic=f"cgroup {name}",
            verdict=LIMITED,
            found="the kernel does not offer this controller",
            why=f"Needed for: {purpose}.",
            advice="On the kernel's command line: cgroup_enable=memory, or see "
            "/proc/cgroups for what is enabled.",
        )
    if not os.access(place, os.W_OK):
        return Finding(
            topic=f"cgroup {name}",
            verdict=LIMITED,
            found=f"{place} cannot be written to",
            why=f"Needed for: {purpose}.",
            advice="Start with sudo; inside a container, give it --privileged.",
        )
    return Finding(topic=f"cgroup {name}", verdict=WORKS, found=f"for {purpose}")


def _offered(place: Path) -> list[str]:
    """The controllers that a tree of version 2 has."""
    try:
        return (place / "cgroup.controllers").read_text().split()
    except OSError:
        return []
