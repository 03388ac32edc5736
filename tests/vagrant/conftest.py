"""What the tests of the machine share: its inside, and a Vagrant of their own."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import machine
from tests.house.sources import HOME
from tests.vagrant.inside import Inside

# Debian's package is in the system, as is Ruby: neither knows of our .venv.
SYSTEM = "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

Vagrant = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def inside(tmp_path: Path) -> Iterator[Inside]:
    """The inside of a machine on which there is a student."""
    made = new_inside(tmp_path / "inside")
    yield made
    made.close()


def new_inside(directory: Path) -> Inside:
    machine.need("root", "overlay")
    made = Inside(directory)
    made.do("useradd --create-home --shell /bin/bash student")
    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of vagrant/, so that what is kept beside it is not kept in the tree."""
    unwanted = shutil.ignore_patterns(".vagrant", "kept", "submissions", "wheels")
    return Path(
        shutil.copytree(HOME / "vagrant", tmp_path / "vagrant", ignore=unwanted)
    )


@pytest.fixture
def vagrant(folder: Path, tmp_path: Path) -> Vagrant:
    """Run vagrant in that copy; keyword arguments are variables."""
    machine.need("vagrant")

    def run(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        (tmp_path / "home").mkdir(exist_ok=True)
        given = {"HOME": str(tmp_path / "home"), "PATH": SYSTEM, "LC_ALL": "C.UTF-8"}
        given["VAGRANT_DEFAULT_PROVIDER"] = "libvirt"
        return subprocess.run(
            ["vagrant", *words],
            cwd=folder,
            env={**given, **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )

    return run


@pytest.fixture
def stub_path(tmp_path: Path) -> str:
    """A PATH on which there is a VBoxManage, as far as `vagrant validate` asks it."""
    directory = tmp_path / "stub"
    directory.mkdir()
    stub = directory / "VBoxManage"
    stub.write_text("#!/bin/sh\necho 7.0.14r161095\n")
    stub.chmod(0o755)
    return os.pathsep.join([str(directory), SYSTEM])
