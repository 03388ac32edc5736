"""A machine of the student's kind, as three files that QEMU can start.

    vmlinuz      the kernel, out of its Debian package
    initrd.gz    what the kernel runs first; it finds the disk           initrd.py
    root.ext4    the disk: Debian with systemd, Python, and what the tests need

A real disk has a partition table and a boot loader, because firmware must find the
kernel on it. QEMU lays kernel and initrd into the machine's memory itself, so this
disk is one file system from its first byte to its last. What then happens:

    kernel ─▶ /init in the initrd ─▶ /sbin/init on the disk, systemd ─▶ vm-job.service
              guest/init.sh          mounts /sys/fs/cgroup as v2        guest/vm-job

An image is made once and kept (kept.py), under a name that is the digest of all it is
made of: of these files, and of the lock files. So a change makes a new one by itself.

man: mmdebstrap(1), mke2fs(8), bootup(7)
Try it: `sudo .venv/bin/python -m tests.vm trixie 'systemd-cgls; uname -a'`
"""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests import workshop
from tests.fresh import debian
from tests.vm import initrd, kept

# Debian 12 and 13: the Python of each.
SUITES = {"bookworm": "3.11", "trixie": "3.13"}
HERE = Path(__file__).parent
LOCKS = ("requirements.lock", "requirements-test.lock")
VENV = "opt/labshell"  # becomes .venv in the folder of the job

PACKAGES = (
    "linux-image-cloud-amd64",  # without drivers for hardware that no VM has
    *("systemd", "systemd-sysv", "dbus", "udev", "kmod"),  # what boots
    *("procps", "util-linux", "mount", "iproute2", "nftables"),
    *("python3", "busybox-static", "libseccomp2", "tmux"),  # what ./lab would install
    "tini",  # what the tests are held against
    "e2fsprogs",  # makes the disk of a sandbox
    *("curl", "runc"),  # what some lessons ask for
)
# They would start by themselves, and take time from the job.
NOT_STARTED = (
    *("apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer"),
    *("e2scrub_all.timer", "e2scrub_reap.service", "fstrim.timer"),
    *("getty@tty1.service", "getty-static.service"),
    *("systemd-pstore.service", "systemd-timesyncd.service"),
)
SIZE = 3 << 30  # bytes; holes, for the most part


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """Where the three files are."""

    directory: Path

    @property
    def kernel(self) -> Path:
        return self.directory / "vmlinuz"

    @property
    def initrd(self) -> Path:
        return self.directory / "initrd.gz"

    @property
    def disk(self) -> Path:
        return self.directory / "root.ext4"


def of(suite: str) -> Image:
    """The image of a Debian release, built if it is not kept: about a minute."""
    build = partial(_build, suite)
    return Image(directory=kept.made(f"vm-{suite}", _key(suite), build))


def _key(suite: str) -> str:
    """A digest of everything an image is made of, but the packages' own versions."""
    digest = hashlib.sha256(suite.encode())
    sources = [HERE / "image.py", HERE / "initrd.py", *sorted(HERE.glob("guest/*"))]
    for path in [*sources, *(workshop.HOME / name for name in LOCKS)]:
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def _build(suite: str, directory: Path) -> None:
    root = directory / "root"
    install_debian(suite, root, PACKAGES)
    _install_python(SUITES[suite], root)
    configure(root)
    _install_job(root)
    take_kernel(root, directory)
    make_disk(Image(directory=directory).disk, root)
    shutil.rmtree(root)


def install_debian(suite: str, root: Path, packages: Iterable[str]) -> None:
    """Unpack the packages into a folder, and run their set-up scripts in it."""
    # initramfs-tools would make an initrd for any hardware. Ours is smaller.
    no_initramfs = (
        'mkdir -p "$1/etc/initramfs-tools" && '
        'echo update_initramfs=no > "$1/etc/initramfs-tools/update-initramfs.conf"'
    )
    options = [
        *("--mode=root", "--variant=minbase"),
        f"--include={','.join(packages)}",
        '--aptopt=APT::Install-Recommends "false"',
        '--aptopt=Acquire::Languages "none"',
        '--aptopt=Acquire::Retries "3"',
        "--dpkgopt=force-unsafe-io",
        "--dpkgopt=force-confold",  # initramfs-tools must keep the hook's file
        "--dpkgopt=path-exclude=/usr/share/doc/*",
        "--dpkgopt=path-exclude=/usr/share/man/*",
        "--dpkgopt=path-exclude=/usr/share/locale/*",
        f"--essential-hook={no_initramfs}",
    ]
    listing = root.with_suffix(".sources")
    listing.write_text("\n\n".join(debian.sources(suite)) + "\n")
    # If this machine has none to tell, mmdebstrap knows Debian's own.
    places = [str(listing)] if listing.read_text().strip() else []
    _run("mmdebstrap", *options, suite, str(root), *places)


def _install_python(version: str, root: Path) -> None:
    """Make the virtual environment that ./lab would make, for the guest's Python."""
    _run("chroot", str(root), "python3", "-m", "venv", "--without-pip", f"/{VENV}")
    packages = root / VENV / f"lib/python{version}/site-packages"
    # The pip of this machine can fetch for another Python, if nothing need be built.
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    pip += ["--only-binary=:all:", "--python-version", version, "--no-compile"]
    for name in LOCKS:
        _run(*pip, "--target", str(packages), "-r", str(workshop.HOME / name))
        shutil.copy(workshop.HOME / name, root / VENV)
    # Compiling is slow in the guest, and here it is not.
    _run("chroot", str(root), "python3", "-m", "compileall", "-q", f"/{VENV}")


def configure(root: Path) -> None:
    """What an installer would have asked for."""
    (root / "etc/hostname").write_text("student\n")
    (root / "etc/hosts").write_text("127.0.0.1 localhost student\n")
    (root / "etc/fstab").write_text("/dev/vda / ext4 rw,noatime 0 0\n")
    (root / "etc/machine-id").write_text("")  # systemd makes a new one at each boot
    units = root / "etc/systemd/system"
    for name in NOT_STARTED:
        (units / name).symlink_to("/dev/null")


def _install_job(root: Path) -> None:
    """The unit that does what boot.py asks of the machine."""
    shutil.copy(HERE / "guest/vm-job", root / "usr/local/sbin")
    units = root / "etc/systemd/system"
    shutil.copy(HERE / "guest/vm-job.service", units)
    wanted = units / "multi-user.target.wants"
    wanted.mkdir(exist_ok=True)
    (wanted / "vm-job.service").symlink_to("../vm-job.service")


def take_kernel(root: Path, directory: Path) -> None:
    """Put the kernel, and an initrd for it, where QEMU is told that they are."""
    image = Image(directory=directory)
    version = max(path.name for path in (root / "lib/modules").iterdir())
    shutil.copy(root / f"boot/vmlinuz-{version}", image.kernel)
    initrd.write(image.initrd, root, version)


def make_disk(disk: Path, root: Path) -> None:
    """One file system with the folder in it; nothing need be mounted for that."""
    with disk.open("wb") as file:
        file.truncate(SIZE)
    # The rest of the tables is written by the kernel that mounts it: most is holes.
    lazy = "lazy_itable_init=1,lazy_journal_init=1"
    _run("mke2fs", "-q", "-t", "ext4", "-E", lazy, "-d", str(root), str(disk))


def _run(*command: str) -> None:
    # conftest.py has hidden the user's settings, and pip has some.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("XDG_")}
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment | {"LC_ALL": "C.UTF-8"},
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"{command[0]} ended with {done.returncode}:\n{done.stdout}")
