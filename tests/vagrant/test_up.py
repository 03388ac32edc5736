"""A real `vagrant up`: the machine matches, labshell works in it, no work is lost.

One machine serves all tests of this file, in their order, as a student's machine would:
made, used, handed in from, started again, destroyed, made again. It is emulated by
QEMU's TCG, the same everywhere, and slow: see tests/vm/boot.py.

Try it: `sudo ./lab test tests/vagrant/test_up.py --vagrant -v`
"""

import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import machine, workshop
from tests.house.sources import tracked_files
from tests.vagrant import box, hypervisor

PROGRAMS = ("vagrant", "virsh", "libvirtd", "dnsmasq", "rsync", "ssh", "mmdebstrap")
PROGRAMS += ("qemu-system-x86_64", "qemu-img", "iptables", "cpio")
SECONDS = 1500  # for one command
pytestmark = [
    pytest.mark.asked("--vagrant"),
    pytest.mark.require("root", *PROGRAMS),
    pytest.mark.patience(2 * SECONDS),
]


class Student:
    """Somebody with a checkout and Vagrant, who sits at the host."""

    def __init__(self, host: hypervisor.Hypervisor, desk: Path):
        self.host = host
        self.desk = desk
        self.checkout = desk / "labshell"
        self.folder = self.checkout / "vagrant"

    def vagrant(self, *words: str) -> str:
        """Run vagrant; what it said. It must succeed."""
        return self.run("vagrant", *words)

    def inside(self, line: str) -> str:
        """Run a line of shell in the machine; what it printed. It must succeed."""
        return self.vagrant("ssh", "-c", line)

    def run(self, *command: str) -> str:
        done = self.host.run(
            *command,
            cwd=self.folder,
            seconds=SECONDS,
            VAGRANT_HOME=str(self.desk / "vagrant.d"),
            VAGRANT_DEFAULT_PROVIDER="libvirt",
            LAB_BOX="labshell/here",
            LAB_LIBVIRT_DRIVER="qemu",
        )
        assert done.returncode == 0, f"{done.stdout}\n{self.host.log.read_text()}"
        return done.stdout


@pytest.fixture(scope="module")
def student(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Student]:
    """The student, who has the box and wheels, and has not typed `vagrant up`."""
    machine.need("root", *PROGRAMS)  # this is made before a test is asked
    place = tmp_path_factory.mktemp("host")
    with hypervisor.started(place) as host:
        student = Student(host, place / "desk")
        for path in tracked_files():
            copy = student.checkout / path.relative_to(workshop.HOME)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, copy)
        fetch_wheels(student.folder / "wheels")
        student.vagrant("box", "add", "--name", "labshell/here", str(box.file()))
        yield student


def fetch_wheels(folder: Path) -> None:
    """What ./lab would install with a network, for the Python of the box."""
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    pip += ["--only-binary=:all:", "--python-version", "3.13", "--dest", str(folder)]
    pip += ["-r", str(workshop.HOME / "requirements.lock")]
    # conftest.py has hidden the user's settings, and pip has some.
    user = {k: v for k, v in os.environ.items() if not k.startswith("XDG_")}
    subprocess.run(pip, env=user, check=True)


@pytest.fixture(scope="module")
def up(student: Student) -> str:
    """What the first `vagrant up` said."""
    return student.vagrant("up")


def test_up_makes_a_machine_that_lacks_nothing(up: str) -> None:
    assert "labshell: ready: labshell is in /opt/labshell, for vagrant" in up
    assert [line for line in up.splitlines() if "not installed" in line] == []


def test_a_container_runs_and_a_lesson_can_be_done(student: Student, up: str) -> None:
    student.inside(
        "sudo lab doctor && sudo lab run --rm busybox true"
        " && lab lesson test --quick commit/init-layer"
    )


def test_what_is_handed_in_comes_to_the_host(student: Student, up: str) -> None:
    student.inside("echo done >~/work/answer && ln -s /etc/passwd ~/work/link")
    student.run("./submit")
    (archive,) = (student.folder / "submissions").iterdir()
    with tarfile.open(archive) as tar:
        assert "submission/work/link" not in tar.getnames()
        answer = tar.extractfile("submission/work/answer")
        versions = tar.extractfile("submission/machine")
        assert answer is not None and answer.read() == b"done\n"
        assert versions is not None and b"kernel=6." in versions.read()


def test_work_survives_a_reload_and_a_destroyed_machine(
    student: Student, up: str
) -> None:
    student.inside("echo one >~/work/note && sudo lab run --name kept busybox true")
    student.vagrant("reload")
    assert student.inside("cat ~/work/note") == "one\n"
    assert "kept" in student.inside("lab ps -a")
    student.inside("echo two >>~/work/note")
    student.vagrant("destroy", "--force")
    student.vagrant("up")
    assert student.inside("cat ~/work/note") == "one\ntwo\n"
    assert "kept" not in student.inside("lab ps -a")
