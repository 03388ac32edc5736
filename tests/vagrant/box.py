"""A box: what `vagrant up` starts from, made here, with no registry asked.

A box for libvirt is a tar with three things in it, and three more in ours:

    metadata.json      the provider, and the size of the disk
    box.img            the disk, as qcow2
    Vagrantfile        settings of the box, which the project's Vagrantfile goes over
    vmlinuz, initrd    QEMU loads them itself: the disk needs no boot loader
    key                who has it may log in as "vagrant"

Boxes of the registry come with a key that all the world knows, and Vagrant changes it
at the first start. This one is made for one machine, so it may keep its own.

The packages that the set-up would fetch are in it: the machine of the test has no way
to the Internet. It stands on tests/vm/image.py; what is different is that somebody
logs in here.

man: mmdebstrap(1), qemu-img(1), systemd.network(5), ssh-keygen(1)
Try it: `sudo ./lab test tests/vagrant/test_up.py --vagrant -v`
"""

import hashlib
import json
import re
import shutil
import subprocess
import tarfile
from pathlib import Path

from tests import workshop
from tests.vm import image, initrd, kept

SUITE = "trixie"
PACKAGES = (
    *image.PACKAGES,
    # what Vagrant asks of a box
    *("openssh-server", "sudo", "rsync", "libpam-systemd"),
    # what ./lab would install, and packages.sh, beside its own two lists
    *("python3-venv", "docker-cli"),
)
OURS = workshop.HOME / "vagrant/packages.sh"
LISTS = re.compile(r"^(?:NEEDED|HELPFUL)=\((.*)\)$", re.MULTILINE)
# Names come from the dnsmasq of the machine's network.
NETWORK = """\
[Match]
Name=en*
[Network]
DHCP=ipv4
"""
SETTINGS = """\
Vagrant.configure("2") do |config|
  config.ssh.private_key_path = File.join(__dir__, "key")
  config.ssh.insert_key = false
  config.vm.boot_timeout = 600
  config.vm.provider "libvirt" do |libvirt|
    libvirt.kernel = File.join(__dir__, "vmlinuz")
    libvirt.initrd = File.join(__dir__, "initrd.gz")
    libvirt.cmd_line = "console=ttyS0 quiet mitigations=off random.trust_cpu=on"
    libvirt.disk_driver cache: "unsafe"
    libvirt.graphics_type = "none"
    libvirt.random model: "random"
  end
end
"""
MEMBERS = ("metadata.json", "Vagrantfile", "box.img", "vmlinuz", "initrd.gz", "key")


def file() -> Path:
    """The box, built if it is not in the cache: about a minute."""
    sources = [Path(__file__), Path(image.__file__), Path(initrd.__file__)]
    sources += [image.HERE / "guest/init.sh", OURS]
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sources))
    return kept.made(f"box-{SUITE}", digest.hexdigest()[:16], _build) / "labshell.box"


def _build(place: Path) -> None:
    root = place / "root"
    lists = LISTS.findall(OURS.read_text())
    assert len(lists) == 2, f"{OURS} names its packages in another way"
    image.install_debian(SUITE, root, [*PACKAGES, *" ".join(lists).split()])
    _make_key(place / "key")
    _configure(root, (place / "key.pub").read_bytes())
    image.take_kernel(root, place)
    image.make_disk(place / "root.ext4", root)
    shutil.rmtree(root)
    convert = ["qemu-img", "convert", "-O", "qcow2"]
    subprocess.run([*convert, place / "root.ext4", place / "box.img"], check=True)
    size = {"virtual_size": image.SIZE >> 30}
    (place / "metadata.json").write_text(
        json.dumps({"provider": "libvirt", "format": "qcow2", **size})
    )
    (place / "Vagrantfile").write_text(SETTINGS)
    with tarfile.open(place / "labshell.box", "w") as box:
        for name in MEMBERS:
            box.add(place / name, name)
            (place / name).unlink()
    (place / "root.ext4").unlink()


def _make_key(path: Path) -> None:
    make = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "vagrant", "-f"]
    subprocess.run([*make, path], check=True)


def _configure(root: Path, public_key: bytes) -> None:
    """A user who may do everything, and a network."""
    image.configure(root)
    _in(root, "useradd -m -s /bin/bash vagrant")
    (root / "etc/sudoers.d/vagrant").write_text("vagrant ALL=(ALL) NOPASSWD: ALL\n")
    ssh = root / "home/vagrant/.ssh"
    ssh.mkdir(mode=0o700)
    (ssh / "authorized_keys").write_bytes(public_key)
    _in(root, "chown -R vagrant: /home/vagrant/.ssh")
    (root / "etc/systemd/network/10-dhcp.network").write_text(NETWORK)
    (root / "etc/resolv.conf").unlink(missing_ok=True)
    (root / "etc/resolv.conf").write_text("nameserver 192.168.121.1\n")
    _in(root, "systemctl --quiet enable systemd-networkd ssh")
    # It would keep the boot waiting for a network that is there by then.
    _in(root, "systemctl --quiet mask systemd-networkd-wait-online")


def _in(root: Path, line: str) -> None:
    subprocess.run(["chroot", root, *line.split()], check=True)
