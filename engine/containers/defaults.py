"""What a container is by default, written out: Docker's choices.

Six namespaces, seven file systems, a dozen devices, and the paths of /proc and /sys
that are hidden or read-only, because they tell or change too much of the machine.

Source: runtime-spec config-linux.md; the values are Docker's
Try it: `lab run busybox mount`
"""

from engine.oci.health import SECOND, Healthcheck
from engine.oci.resources import USUAL_DEVICES, DeviceRule
from engine.oci.spec import SpecMount

PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
SHM_SIZE = 64 << 20  # bytes
INIT = "/sbin/docker-init"  # where --init shows its program

HEALTHCHECK = Healthcheck(interval=30 * SECOND, timeout=30 * SECOND, retries=3)

NAMESPACES = ("mount", "pid", "network", "uts", "ipc", "cgroup")

MASKED = (
    "/proc/asound",
    "/proc/acpi",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/proc/interrupts",
    "/sys/firmware",
    "/sys/devices/virtual/powercap",
)
READ_ONLY = (
    "/proc/bus",
    "/proc/fs",
    "/proc/irq",
    "/proc/sys",
    "/proc/sysrq-trigger",
)

DEVICE_RULES = (DeviceRule(allow=False), *USUAL_DEVICES)


def mount(destination: str, kind: str, *options: str, source: str = "") -> SpecMount:
    """A file system that the kernel makes; `source` is what df(1) calls it."""
    return SpecMount(
        destination=destination, type=kind, source=source or kind, options=options
    )


def file_systems(
    shm_size: int | None, *, privileged: bool, own_groups: bool
) -> tuple[SpecMount, ...]:
    """What every container has mounted besides its root; `shm_size` in bytes.

    `own_groups`: its control groups are for writing, too.
    """
    access = () if privileged else ("ro",)
    groups = () if own_groups else ("ro",)
    plain = ("nosuid", "noexec", "nodev")
    return (
        mount("/proc", "proc", *plain),
        mount("/dev", "tmpfs", "nosuid", "strictatime", "mode=755", "size=65536k"),
        mount(
            "/dev/pts",
            "devpts",
            "nosuid",
            "noexec",
            "newinstance",
            "ptmxmode=0666",
            "mode=0620",
            "gid=5",
        ),
        mount("/sys", "sysfs", *plain, *access),
        mount("/sys/fs/cgroup", "cgroup", *groups, *plain),
        mount("/dev/mqueue", "mqueue", *plain),
        mount(
            "/dev/shm",
            "tmpfs",
            *plain,
            "mode=1777",
            f"size={shm_size or SHM_SIZE}",
            source="shm",
        ),
    )
