"""The shell's own files, the warning, and what is on bash's PATH."""

import os
from pathlib import Path

import pytest

from labshell.shell import home, machine


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty state directory."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state" / "labshell"


def test_the_history_is_readable_by_its_owner_only(state: Path) -> None:
    state.mkdir(parents=True)
    (state / "history").touch(mode=0o644)
    path = home.history()
    assert path is not None and path.stat().st_mode & 0o777 == 0o600
    assert (state.stat().st_mode & 0o077) in (0, 0o055)


def test_something_is_said_once_and_then_remembered(state: Path) -> None:
    assert home.first_time("root")
    assert not home.first_time("root")
    assert home.first_time("something-else")


def test_where_nothing_can_be_written_nothing_is_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    assert home.directory() is None
    assert home.history() is None
    assert home.program_directories() is None
    assert home.first_time("root") and home.first_time("root")


def test_lab_and_docker_on_path_lead_to_this_labshell(state: Path) -> None:
    program, places = home.program(), home.program_directories()
    assert program is not None and places is not None
    first, last = places
    assert (first / "lab").readlink() == program
    assert (first / "labshell-runc").readlink() == program.with_name("labshell-runc")
    assert (last / "docker").readlink() == program
    assert home.program_directories() == places, "a second shell finds the same"


def test_our_own_docker_is_not_taken_for_a_real_one(
    state: Path, tmp_path: Path
) -> None:
    places = home.program_directories()
    assert places is not None
    path = os.pathsep.join(map(str, [tmp_path, *places]))
    assert not home.has_docker(path)
    (tmp_path / "docker").touch(mode=0o755)
    assert home.has_docker(path)


def pretend(root: Path, flags: str = "", vendor: str = "") -> Path:
    """A machine that describes itself like this."""
    (root / "proc").mkdir()
    (root / "proc/cpuinfo").write_text(f"processor : 0\nflags\t: fpu {flags}\n")
    (root / "sys/class/dmi/id").mkdir(parents=True)
    (root / "sys/class/dmi/id/sys_vendor").write_text(f"{vendor}\n")
    return root


def test_a_guest_says_so_in_its_processor_flags(tmp_path: Path) -> None:
    assert machine.is_virtual(pretend(tmp_path, flags="hypervisor"))


def test_a_guest_says_so_in_its_vendor(tmp_path: Path) -> None:
    assert machine.is_virtual(pretend(tmp_path, vendor="QEMU"))


def test_a_computer_of_its_own_is_not_virtual(tmp_path: Path) -> None:
    assert not machine.is_virtual(pretend(tmp_path, flags="vmx", vendor="LENOVO"))


def test_outside_a_virtual_machine_root_is_warned_once(
    state: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(machine, "is_virtual", lambda: False)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    machine.warn_once()
    assert "This bash is root" in capsys.readouterr().out
    machine.warn_once()
    assert capsys.readouterr().out == ""
