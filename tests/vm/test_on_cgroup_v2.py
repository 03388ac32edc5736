"""The tests marked `vm` pass in the student's kind of machine.

This project is written on machines with cgroup v1, and students have v2 alone, another
kernel, another Python, and a systemd that thinks all cgroups are its own. So what
touches cgroups, namespaces, mounts or devices is run once more there: on Debian 12
and on Debian 13, each in a virtual machine (see boot.py and image.py beside this).

The guest has no network, and needs none: what the tests use is in its image. As the
machine is told to have what they ask for, a test that skips for want of it has failed.

Try it: `sudo ./lab test --vm tests/vm -k trixie`
"""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests import workshop
from tests.house.sources import tracked_files
from tests.vm import boot, image

SECONDS = 1500  # for one machine; usual are 600, and 900 with the lessons
NEWEST = "trixie"
LESSONS = "tests/lessons/test_once_through.py"
# What is in the image, for the tests that ask: see tests/machine.py.
HERE = "root,overlay,cgroup2,systemd,busybox,tmux,tini-static,setpriv,unshare,ip,nft,ps"


@pytest.fixture(scope="session")
def marked() -> list[str]:
    """The tests that are marked `vm`: "tests/kernel/test_paths.py::test_…"."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-m", "vm"]
    done = subprocess.run(command, cwd=workshop.HOME, stdout=subprocess.PIPE, text=True)
    return re.findall(r"^tests/.*::.*", done.stdout, re.MULTILINE)


def of_suite(suite: str, marked: list[str]) -> list[str]:
    """What runs in a machine: lessons take minutes there, and one version 2 will do."""
    return [name for name in marked if suite == NEWEST or not name.startswith(LESSONS)]


@pytest.mark.asked("--vm")
@pytest.mark.patience(2 * SECONDS + 300)
@pytest.mark.require("root", "qemu-system-x86_64", "qemu-img", "mmdebstrap", "cpio")
@pytest.mark.parametrize("suite", image.SUITES)
def test_what_is_marked_passes(
    suite: str,
    marked: list[str],
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    names = of_suite(suite, marked)
    result = run(image.of(suite), command(names), tmp_path)
    summary = result.output.splitlines()[-1].strip("= ")
    record_property("in a machine", f"{suite}: {summary}")
    assert result.status == 0, of_failures(result.output)
    assert count(result.files["report.xml"]) == len(names) > 0, result.output


def of_failures(output: str) -> str:
    """What pytest says of those that failed; or all that it has said."""
    passed, heading, failed = output.partition("= FAILURES =")
    return heading + failed or passed


def command(marked: list[str]) -> str:
    """What the guest does. Only files that hold such tests are read: it is slow.

    -v names each test as it ends: should the machine hang, that is all it has said.
    """
    files = " ".join(sorted({name.partition("::")[0] for name in marked}))
    return f"""
        ln -s /{image.VENV} .venv
        export LABSHELL_REQUIRE={HERE}
        ./lab test -v -m vm -n {boot.PROCESSORS} --junitxml=$OUT/report.xml {files}
    """


def run(machine: image.Image, script: str, place: Path) -> boot.Result:
    """Boot, and once more if there is no result: an emulator may fail, once."""
    try:
        return attempt(machine, script, place / "first")
    except boot.NoResult:
        return attempt(machine, script, place / "second")


def attempt(machine: image.Image, script: str, place: Path) -> boot.Result:
    place.mkdir()
    return boot.run(machine, script, tracked_files(), place=place, seconds=SECONDS)


def count(report: bytes) -> int:
    """How many tests the guest's report tells of."""
    return len(list(ElementTree.fromstring(report).iter("testcase")))
