"""What a test may ask of the machine it runs on: root, a kernel feature, a program.

A test that lacks something skips, and says what it lacks. That is kind to somebody
who runs the tests on a laptop, and dangerous in continuous integration, where a
missing program would turn tests off and nobody would see. So:

    LABSHELL_REQUIRE=root,overlay,skopeo    what must be here; a test that skips
                                            for want of one of these has failed

Try it: `./lab test tests/house -rs`
"""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest


def _root() -> bool:
    return os.geteuid() == 0


def _overlay() -> bool:
    if "overlay" in Path("/proc/filesystems").read_text().split():
        return True
    return _root() and subprocess.run(["modprobe", "-q", "overlay"]).returncode == 0


def _cgroup_version(number: int) -> Callable[[], bool]:
    def check() -> bool:
        unified = Path("/sys/fs/cgroup/cgroup.controllers").exists()
        return unified == (number == 2)

    return check


def _systemd() -> bool:
    return Path("/run/systemd/system").is_dir()  # sd_booted(3)


# What is not a program on PATH. A need that is not here is the name of a program.
FEATURES: dict[str, Callable[[], bool]] = {
    "root": _root,
    "overlay": _overlay,
    "cgroup1": _cgroup_version(1),
    "cgroup2": _cgroup_version(2),
    "systemd": _systemd,
}


def required() -> set[str]:
    """What LABSHELL_REQUIRE says must be here."""
    return set(filter(None, os.environ.get("LABSHELL_REQUIRE", "").split(",")))


def has(need: str) -> bool:
    """Is it here?"""
    check = FEATURES.get(need)
    return check() if check else shutil.which(need) is not None


def need(*needs: str) -> None:
    """Skip the running test if the machine lacks one of these."""
    for missing in missing_of(needs):
        pytest.skip(f"needs {missing}")


def missing_of(needs: Iterable[str]) -> list[str]:
    """Those of `needs` that are not here."""
    return [name for name in needs if not has(name)]


def is_forbidden(reason: str) -> bool:
    """Is it a skip for want of something that LABSHELL_REQUIRE says is here?"""
    words = set(reason.replace(",", " ").replace(":", " ").split())
    return bool(words & required())
