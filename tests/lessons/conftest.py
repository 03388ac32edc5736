"""What several tests of the lessons want."""

import os
from pathlib import Path

import pytest


@pytest.fixture
def no_docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which everything is installed that is here, but docker."""
    programs = tmp_path / "programs"
    programs.mkdir()
    for directory in os.get_exec_path():
        if os.path.isdir(directory):
            for entry in os.scandir(directory):
                link = programs / entry.name
                if entry.name != "docker" and not link.is_symlink():
                    link.symlink_to(entry.path)
    monkeypatch.setenv("PATH", str(programs))
