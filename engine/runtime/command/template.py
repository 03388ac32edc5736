"""The template: a config.json to begin with.

What it describes is a shell in the directory `rootfs` beside it: alone with its
processes, on no network, with few powers, and with a root that it cannot change.

Source: runtime-spec config.md; runc(8) on `spec` writes about the same
Try it: `labshell-runc spec; less config.json`
"""

from pathlib import Path
from typing import Any

from engine import files
from engine.errors import Conflict
from engine.oci.resources import DeviceRule, Resources
from engine.oci.spec import Process, Spec, SpecMount

_POWERS = ("CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE")
_PLAIN = ("nosuid", "noexec", "nodev")
_TERMINALS = ("nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5")
_MOUNTS = (
    ("/proc", "proc", "proc", ()),
    ("/dev", "tmpfs", "tmpfs", ("nosuid", "strictatime", "mode=755", "size=65536k")),
    ("/dev/pts", "devpts", "devpts", _TERMINALS),
    ("/dev/shm", "tmpfs", "shm", (*_PLAIN, "mode=1777", "size=65536k")),
    ("/dev/mqueue", "mqueue", "mqueue", _PLAIN),
    ("/sys", "sysfs", "sysfs", (*_PLAIN, "ro")),
    ("/sys/fs/cgroup", "cgroup", "cgroup", (*_PLAIN, "relatime", "ro")),
)
_MASKED = "acpi asound kcore keys latency_stats timer_list timer_stats sched_debug scsi"
_READ_ONLY = "bus fs irq sys sysrq-trigger"


def write(bundle: Path) -> int:
    """Put the template into a directory that has no config.json yet."""
    path = bundle / "config.json"
    if path.exists():
        raise Conflict(f"File {path} exists. Remove it first", "Nothing was written.")
    files.write_new_json(path, template())
    return 0


def template() -> dict[str, Any]:
    """The template, as the specification writes it."""
    path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    shell = Process(
        arguments=("sh",),
        environment=(path, "TERM=xterm"),
        terminal=True,
        capabilities=_POWERS,
        limits={"RLIMIT_NOFILE": (1024, 1024)},
        no_new_privileges=True,
    )
    spec = Spec(
        process=shell,
        root="rootfs",
        read_only=True,
        hostname="labshell",
        mounts=tuple(SpecMount(*fields) for fields in _MOUNTS),
        namespaces=("pid", "network", "ipc", "uts", "mount", "cgroup"),
        cgroup="",
        resources=Resources(devices=(DeviceRule(allow=False),)),
        masked=(*(f"/proc/{name}" for name in _MASKED.split()), "/sys/firmware"),
        read_only_paths=tuple(f"/proc/{name}" for name in _READ_ONLY.split()),
    )
    data = spec.to_json()
    del data["linux"]["cgroupsPath"]  # it gets one that is named after it
    return data
