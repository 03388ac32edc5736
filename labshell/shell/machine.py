"""Is this a virtual machine, or somebody's own computer?

The shell's bash is root: the engine needs it. In a virtual machine made for learning a
slip costs nothing. On somebody's own computer `rm -r` is meant as it is written, and
the shell says so, once.

    /proc/cpuinfo                       x86: the flag "hypervisor" is set for guests
    /sys/class/dmi/id                   the "hardware" calls itself QEMU, VMware, …
    /sys/firmware/devicetree/base/hypervisor     the same where there is no firmware

Try it: `grep -c hypervisor /proc/cpuinfo; systemd-detect-virt`
"""

import os
from pathlib import Path

from labshell.messages import translate
from labshell.shell import home
from labshell.shell.paint import painted

_MAKERS = (
    "qemu",
    "kvm",
    "vmware",
    "virtualbox",
    "innotek",
    "xen",
    "parallels",
    "bochs",
    "bhyve",
    "virtual machine",
    "amazon ec2",
    "google compute",
    "openstack",
)


def is_virtual(root: Path = Path("/")) -> bool:
    """Does this machine say that it is a guest? `root` is where /proc and /sys are."""
    for line in _text(root / "proc/cpuinfo").splitlines():
        if line.startswith("flags") and "hypervisor" in line.split():
            return True
    dmi = root / "sys/class/dmi/id"
    names = " ".join(_text(dmi / name) for name in ("sys_vendor", "product_name"))
    if any(maker in names.lower() for maker in _MAKERS):
        return True
    return (root / "sys/firmware/devicetree/base/hypervisor").exists()


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def warn_once() -> None:
    """Say that this bash is root, the first time it runs on a machine of its own."""
    if os.geteuid() == 0 and not is_virtual() and home.first_time("root"):
        text = translate(
            "This bash is root on this machine itself: `rm` and `kill` mean it."
        )
        print(painted(text, "yellow"))
        print(translate("A virtual machine of your own is a better place to learn."))
