"""`:panes`: live pictures beside the shell, in a real tmux."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import machine
from tests.shell.lines import Lab
from tests.shell.open_shell import environment

if TYPE_CHECKING:
    from engine.engine import Engine

SECONDS = 30


class Tmux:
    """A tmux of our own, with the shell in its first pane."""

    def __init__(self, root: Path, home: Path) -> None:
        program = shutil.which("tmux") or "tmux"
        self._tmux = [program, "-S", str(home / "socket"), "-f/dev/null"]
        size = ("-x", "120", "-y", "40")
        # The size of some other terminal: pytest-xdist, for one, exports nobody's.
        other = {"COLUMNS": "80", "LINES": "24"}
        progress = {"LABSHELL_PROGRESS": str(home / "progress.json")}
        surroundings = environment(home, TERM="xterm", **other, **progress)
        line = [*self._tmux, "new-session", "-d", *size, *Lab(root).command()]
        subprocess.run(line, check=True, env=surroundings)

    def ask(self, *words: str) -> str:
        return subprocess.run(
            [*self._tmux, *words], capture_output=True, text=True
        ).stdout

    def type(self, line: str) -> None:
        self.ask("send-keys", line, "Enter")

    def panes(self) -> int:
        return len(self.ask("list-panes").splitlines())

    def until(self, text: str, pane: int = 0) -> None:
        """Wait until a pane shows this."""
        end = time.monotonic() + SECONDS
        while text not in (shown := self.ask("capture-pane", "-p", "-t", f":.{pane}")):
            assert time.monotonic() < end, shown
            time.sleep(0.1)


@pytest.fixture
def tmux(engine: "Engine", tmp_path: Path) -> Iterator[Tmux]:
    machine.need("tmux")
    tmux = Tmux(engine.root, tmp_path)
    try:
        tmux.until("#")
        yield tmux
    finally:
        tmux.ask("kill-server")


def test_panes_stand_beside_the_shell(tmux: Tmux) -> None:
    tmux.type(":panes mounts tree")
    tmux.until("lab mounts · Ctrl-C ends", 1)
    tmux.until("lab tree · Ctrl-C ends", 2)
    tmux.type(":panes off")
    tmux.until("The panes are closed.")
    assert tmux.panes() == 1
    tmux.type(":panes magic")
    tmux.until("no such picture: magic")


def test_panes_go_with_the_steps_of_a_lesson(tmux: Tmux) -> None:
    tmux.type("lab learn layers/union")  # its `panes` are: [layers]
    tmux.until("1/")
    tmux.type(":panes")
    tmux.until("lab layers · Ctrl-C ends", 1)
    assert tmux.panes() == 2
    tmux.type(":reset lesson")
    tmux.until("lab mounts · Ctrl-C ends", 1)  # no lesson: the usual ones
    tmux.until("lab tree · Ctrl-C ends", 2)
