"""Draw docs/session.svg: a real session, typed into the real shell, in a terminal.

    sudo .venv/bin/python docs/session.py

tmux plays the terminal: it gets the keys, and what stands on its screen afterwards,
colours and all, becomes the picture. The engine has a root of its own, removed after.

man: tmux(1) on send-keys and capture-pane
"""

import os
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HOME = Path(__file__).resolve().parents[1]
SESSION = (
    "lab run --name web busybox sh -c 'echo hello > /tmp/note; rm /etc/group'",
    "lab diff web",
    "lab commit web noted",
    "lab layers noted",
    "lab run -d --name watch --memory 64m noted sleep 600",
    "lab tree",
    "for c in $(lab ps -q); do echo $c; done",
    "lab rm -f watch",
)
WIDTH, HEIGHT = 96, 70
QUIET = 1.5  # seconds without a change: the command has ended


class Terminal:
    """A tmux of our own, with one window in it."""

    def __init__(self, folder: Path) -> None:
        self._words = ["tmux", "-S", str(folder / "tmux")]
        command = shlex.join([str(HOME / "lab"), "--root", str(folder / "root")])
        size = ["-x", str(WIDTH), "-y", str(HEIGHT)]
        self("-f", "/dev/null", "new-session", "-d", "-c", "/srv", *size, command)

    def __call__(self, *line: str) -> str:
        done = subprocess.run(
            [*self._words, *line], check=True, stdout=subprocess.PIPE, text=True
        )
        return done.stdout

    def type(self, line: str) -> None:
        """Type a line, and wait until the screen is still."""
        self("send-keys", "-l", line)
        time.sleep(0.3)
        self("send-keys", "Enter")
        self.settle()

    def settle(self) -> None:
        """Wait until nothing has changed for a while."""
        before, since = "", time.monotonic()
        while time.monotonic() - since < QUIET:
            now = self.screen()
            if now != before:
                before, since = now, time.monotonic()
            time.sleep(0.1)

    def clear(self) -> None:
        """An empty screen, and nothing above it."""
        self("send-keys", "C-l")
        self.settle()
        self("clear-history")

    def screen(self) -> str:
        """Everything that is on the screen, with its colours."""
        return self("capture-pane", "-p", "-e")


def play(folder: Path) -> str:
    """The session from its first prompt to its last answer."""
    terminal = Terminal(folder)
    try:
        terminal.settle()
        terminal.type("lab images")  # the first use makes the base image
        terminal.clear()
        for line in SESSION:
            terminal.type(line)
        above, _, _toolbar = terminal.screen().rstrip().rpartition("\n")
        return above.rstrip()
    finally:
        terminal("kill-server")
        clean_up(folder / "root")


def clean_up(root: Path) -> None:
    """Remove what the session made."""
    sys.path.insert(0, str(HOME))
    from engine.engine import Engine
    from tests import workshop

    workshop.close(Engine(root))


def draw(screen: str, target: Path) -> None:
    """Make a picture of what stood on the screen."""
    from rich.console import Console
    from rich.text import Text

    with open(os.devnull, "w") as nowhere:
        console = Console(record=True, width=WIDTH, file=nowhere, force_terminal=True)
        console.print(Text.from_ansi(screen))
        console.save_svg(str(target), title="sudo ./lab")


def main() -> None:
    # On a disk: /tmp may be memory, where an overlay is not at home.
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        draw(play(Path(folder)), HOME / "docs/session.svg")


if __name__ == "__main__":
    main()
