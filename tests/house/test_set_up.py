"""`./lab` sets itself up once, and completes what was interrupted.

Each test runs the real script in a folder of its own, with lock files that name
nothing (so that no network is needed) and a stand-in for the shell.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.sources import HOME

STAND_IN = """
import sys

def main():
    print("started", *sys.argv[1:])
    return 7 if sys.argv[0] == "lab" else 8
"""
# Where the script looks for programs. Without /sbin it finds no modprobe.
PATH = "/usr/bin:/bin"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with `lab` in it, the path to it with spaces, that was never used."""
    return new_checkout(tmp_path / "a student's copy")


def new_checkout(folder: Path) -> Path:
    (folder / "labshell").mkdir(parents=True)
    (folder / "labshell/__init__.py").touch()
    (folder / "labshell/cli.py").write_text(STAND_IN)
    for name in ("requirements.lock", "requirements-test.lock"):
        (folder / name).write_text("# nothing\n")
    (folder / "engine/api").mkdir(parents=True)
    (folder / "engine/api/main.py").write_text(STAND_IN)
    (folder / "engine/runtime/command").mkdir(parents=True)
    (folder / "engine/runtime/command/main.py").write_text(STAND_IN)
    for program in ("lab", "labd", "labshell-runc"):
        shutil.copy(HOME / program, folder)
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the first start is done, to copy."""
    folder = new_checkout(tmp_path_factory.mktemp("model") / "copy")
    assert start(folder / "lab").returncode == 7
    return folder


@pytest.fixture
def ready(model: Path, tmp_path: Path) -> Path:
    """A folder in which the first start is done."""
    folder = tmp_path / "a student's copy"
    return shutil.copytree(model, folder, symlinks=True)


def start(
    program: Path | str, *arguments: str, cwd: str | Path = "/", **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run `lab` where nothing is installed for it."""
    variables = {"PATH": PATH, "HOME": "/root", "LAB_NO_APT": "1", **environment}
    return subprocess.run(
        [program, *arguments], cwd=cwd, env=variables, capture_output=True, text=True
    )


def test_the_first_start_sets_up_and_goes_on(checkout: Path) -> None:
    result = start(checkout / "lab", "run", "a  b")
    assert "making .venv" in result.stderr
    assert (result.stdout, result.returncode) == ("started run a  b\n", 7)


def test_the_second_start_says_and_changes_nothing(ready: Path) -> None:
    before = stamps(ready / ".venv")
    result = start(ready / "lab", "ps")
    assert (result.stdout, result.stderr) == ("started ps\n", "")
    assert stamps(ready / ".venv") == before


def stamps(directory: Path) -> dict[Path, int]:
    return {path: path.lstat().st_mtime_ns for path in directory.rglob("*")}


def test_it_is_found_through_a_link_from_anywhere(ready: Path, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/lab").symlink_to(ready / "lab")
    path = f"{tmp_path}/bin:{PATH}"
    assert start("lab", "ps", PATH=path).stdout == "started ps\n"
    assert start("./lab", "ps", cwd=ready).stdout == "started ps\n"
    assert start("/bin/sh", "lab", "ps", cwd=ready).stdout == "started ps\n"


@pytest.mark.parametrize("program", ["labd", "labshell-runc"])
def test_others_are_set_up_by_the_same_script(
    ready: Path, tmp_path: Path, program: str
) -> None:
    link = tmp_path / "started-by-another-name"
    link.symlink_to(ready / program)
    result = start(link, "-H", "unix:///a b")
    assert (result.stdout, result.returncode) == ("started -H unix:///a b\n", 8)


def test_an_interrupted_set_up_is_completed(ready: Path) -> None:
    (ready / ".venv/requirements.lock").unlink()
    shutil.rmtree(ready / ".venv/lib")
    result = start(ready / "lab", "ps")
    assert (result.stdout, result.returncode) == ("started ps\n", 7)


def test_two_at_once_do_not_clash(checkout: Path) -> None:
    command = [checkout / "lab", "ps"]
    variables = {"PATH": PATH, "LAB_NO_APT": "1"}
    both = [
        subprocess.Popen(command, env=variables, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = [process.communicate()[1] for process in both]
    assert [process.returncode for process in both] == [7, 7]
    assert "".join(said).count("making .venv") == 1


def test_a_new_lock_file_is_installed_and_one_that_is_only_touched_is_not(
    ready: Path,
) -> None:
    lock = ready / "requirements.lock"
    os.utime(lock)
    assert start(ready / "lab").stderr == ""
    lock.write_text("# still nothing\n")
    assert "installing what requirements.lock names" in start(ready / "lab").stderr
    assert start(ready / "lab").stderr == ""


def test_without_the_network_one_line_says_what_to_do(
    checkout: Path, tmp_path: Path
) -> None:
    (checkout / "requirements.lock").write_text("no-such-package==1.0\n")
    (tmp_path / "wheels").mkdir()
    result = start(checkout / "lab", LAB_WHEELS=str(tmp_path / "wheels"))
    assert result.returncode == 125
    last = result.stderr.splitlines()[-1]
    assert last.startswith("lab: could not install what requirements.lock names")
    assert "LAB_WHEELS=DIR" in last
    (checkout / "requirements.lock").write_text("# nothing\n")
    assert start(checkout / "lab").returncode == 7


def test_an_old_python_is_refused_in_one_line(checkout: Path, tmp_path: Path) -> None:
    old = tmp_path / "python3.10"
    old.write_text(f'#!/bin/sh\nexec {sys.executable} -c "raise SystemExit(1)"\n')
    old.chmod(0o755)
    result = start(checkout / "lab", LAB_PYTHON=str(old))
    assert result.returncode == 125
    assert result.stderr.splitlines()[-1] == (
        f"lab: LAB_PYTHON={old} is not a Python 3.11 or later"
    )


@pytest.mark.require("root")
@pytest.mark.skipif(
    not Path("/etc/debian_version").exists(), reason="Debian splits venv off Python"
)
def test_without_python3_venv_one_line_says_what_to_do(checkout: Path) -> None:
    hidden = hide("/usr/lib/python3*/ensurepip", checkout)
    assert hidden.returncode == 125
    last = hidden.stderr.splitlines()[-1]
    assert last.endswith("try: sudo apt-get install python3-venv")


@pytest.mark.require("root")
def test_a_kernel_without_overlay_is_told_in_one_line(
    checkout: Path, tmp_path: Path
) -> None:
    few = tmp_path / "filesystems"
    few.write_text("nodev\tproc\n\text4\n")
    result = in_a_mount_namespace(
        f"mount --bind '{few}' /proc/filesystems", checkout / "lab"
    )
    assert [line for line in result.stderr.splitlines() if "overlay" in line]
    assert result.returncode == 7


def hide(pattern: str, checkout: Path) -> subprocess.CompletedProcess[str]:
    """Start `lab` where the directories that match `pattern` are empty."""
    empty = f"for d in {pattern}; do mount -t tmpfs none $d; done"
    return in_a_mount_namespace(empty, checkout / "lab")


def in_a_mount_namespace(
    prepare: str, program: Path
) -> subprocess.CompletedProcess[str]:
    script = f'{prepare}; PATH={PATH} LAB_NO_APT=1 exec "$0"'
    return subprocess.run(
        ["unshare", "-m", "sh", "-c", script, program],
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        capture_output=True,
        text=True,
    )


@pytest.mark.require("root", "setpriv")
def test_a_user_who_is_not_root_cannot_change_what_root_made(ready: Path) -> None:
    let_everybody_in(ready)
    lock = ready / "requirements.lock"
    assert as_nobody(ready / "lab", "ps").stdout == "started ps\n"
    lock.write_text("# a new one\n")
    refused = as_nobody(ready / "lab", "ps")
    assert refused.returncode == 125
    assert refused.stderr.endswith(f"try: sudo {ready}/lab\n")


@pytest.mark.require("root", "setpriv")
def test_the_shell_without_root_is_refused_in_one_line(ready: Path) -> None:
    let_everybody_in(ready)
    refused = as_nobody(ready / "lab")
    assert refused.returncode == 125
    assert (
        refused.stderr == f"lab: containers are made by root; try: sudo {ready}/lab\n"
    )


def let_everybody_in(folder: Path) -> None:
    """pytest's own folders are closed to all but the user who runs it."""
    for parent in list(folder.parents)[:4]:
        if parent.stat().st_uid == os.getuid() and "labshell-tests" in str(parent):
            parent.chmod(0o755)


def as_nobody(program: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", program]
    return subprocess.run(
        [*command, *words],
        env={"PATH": PATH, "LAB_NO_APT": "1"},
        capture_output=True,
        text=True,
    )
