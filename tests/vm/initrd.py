"""The initrd: the little file system in memory from which a machine finds its disk.

The kernel cannot read its disk at first: the drivers for the bus, the disk and the
file system are modules, and modules are files on that disk. So the boot loader (here
QEMU) hands it a second file beside the kernel: a cpio archive with just these, and a
program that loads them. A distribution's initrd knows any hardware and has 30 MB; this
machine is known, and 1 MB does.

    /init           guest/init.sh, run as process 1
    /bin/busybox    the one program: mount, insmod, switch_root are names of it
    /modules/       00-virtio.ko, 01-virtio_ring.ko, …: in the order to load them

man: initrd(4), cpio(1), modprobe(8), modules.dep(5)
Try it: `zcat …/initrd.gz | cpio --list`
"""

import gzip
import lzma
import shutil
import subprocess
import tempfile
from pathlib import Path

# The PCI bus that QEMU's disks are on, the disks themselves, the file system on them.
MODULES = ("virtio_pci", "virtio_blk", "ext4")


def write(target: Path, root: Path, version: str) -> None:
    """Pack the initrd for kernel `version`, out of the Debian system in `root`."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder)
        for name in ("bin", "dev", "modules", "proc", "root", "sys"):
            (tree / name).mkdir()
        shutil.copy(root / "usr/bin/busybox", tree / "bin")
        shutil.copy(Path(__file__).parent / "guest/init.sh", tree / "init")
        (tree / "init").chmod(0o755)
        for number, module in enumerate(_modules(root, version)):
            name = f"{number:02}-{module.name.removesuffix('.xz')}"
            (tree / "modules" / name).write_bytes(_plain(module))
        target.write_bytes(gzip.compress(_cpio(tree), compresslevel=6))


def _modules(root: Path, version: str) -> list[Path]:
    """The files of MODULES, each after those that it needs."""
    command = ["chroot", str(root), "modprobe", "--set-version", version]
    command += ["--show-depends", "--all", *MODULES]
    lines = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    # "insmod /lib/modules/…/virtio.ko", or "builtin virtio" for what needs no file
    names = [line.split()[1] for line in lines.splitlines() if "insmod" in line]
    return [root / name.lstrip("/") for name in dict.fromkeys(names)]


def _plain(module: Path) -> bytes:
    """The module as insmod wants it; Debian 13 has them compressed."""
    data = module.read_bytes()
    return lzma.decompress(data) if module.suffix == ".xz" else data


def _cpio(tree: Path) -> bytes:
    names = [".", *(str(path.relative_to(tree)) for path in sorted(tree.rglob("*")))]
    return subprocess.run(
        ["cpio", "--create", "--quiet", "--format=newc", "--owner=0:0"],
        cwd=tree,
        input="\n".join(names).encode(),
        stdout=subprocess.PIPE,
        check=True,
    ).stdout
