"""Draw docs/session.svg and docs/lesson.svg: real sessions, typed into the real shell.

    sudo .venv/bin/python docs/session.py [session|lesson]

tmux plays the terminal: it gets the keys, and what stands on its screen afterwards,
colours and all, becomes the picture. In the lesson's terminal there is another tmux,
as a student has it, so that `:panes` can split it. The engine has a root of its own,
removed after.

man: tmux(1) on send-keys and capture-pane
"""

import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
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
LESSON = "layers/copy-on-write"
IN_THE_LESSON = (":panes layers tree", ":goto guess-byte", ":answer {right}")
QUIET = 1.5  # seconds without a change: the command has ended


class Terminal:
    """A tmux of our own, with one window in it, in which `command` runs."""

    def __init__(self, folder: Path, command: list[str], size: tuple[int, int]) -> None:
        self._words = ["tmux", "-S", str(folder / "tmux")]
        columns, lines = map(str, size)
        self(
            *("-f", "/dev/null", "new-session", "-d", "-c", "/srv"),
            *("-x", columns, "-y", lines, shlex.join(command)),
        )

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


@contextmanager
def opened(
    folder: Path, command: list[str], size: tuple[int, int]
) -> Iterator[Terminal]:
    """A terminal in which the shell has had its say; in the end nothing is left."""
    terminal = Terminal(folder, command, size)
    try:
        terminal.settle()
        yield terminal
    finally:
        terminal("kill-server")
        clean_up(folder / "root")


def play_session(folder: Path) -> None:
    """A session from its first prompt to its last answer."""
    command = [str(HOME / "lab"), "--root", str(folder / "root")]
    with opened(folder, command, (96, 70)) as terminal:
        terminal.type("lab images")  # the first use makes the base image
        terminal.clear()
        for line in SESSION:
            terminal.type(line)
        above, _, _toolbar = terminal.screen().rstrip().rpartition("\n")
    draw(above.rstrip(), HOME / "docs/session.svg", "sudo ./lab", 96)


def play_lesson(folder: Path) -> None:
    """A step of a lesson, with the pictures beside it that it wants."""
    from labshell.lessons import library

    (right,) = (
        c.key for c in library.find(LESSON).step("guess-byte").choices if c.right
    )
    inner = ["env", "-u", "TMUX", f"LABSHELL_PROGRESS={folder / 'progress.json'}"]
    inner += ["tmux", "-S", str(folder / "inner"), "-f", "/dev/null", "new-session"]
    inner += [str(HOME / "lab"), "--root", str(folder / "root"), "learn", LESSON]
    with opened(folder, inner, (150, 44)) as terminal:
        try:
            for line in IN_THE_LESSON:
                terminal.type(line.format(right=right))
            screen = terminal.screen().rstrip()
        finally:
            subprocess.run(["tmux", "-S", str(folder / "inner"), "kill-server"])
    draw(screen, HOME / "docs/lesson.svg", f"lab learn {LESSON}", 150)


def clean_up(root: Path) -> None:
    """Remove what the session made."""
    from engine.engine import Engine
    from tests import workshop

    workshop.close(Engine(root))


def draw(screen: str, target: Path, title: str, columns: int) -> None:
    """Make a picture of what stood on the screen."""
    from rich.console import Console
    from rich.text import Text

    with open(os.devnull, "w") as nowhere:
        console = Console(record=True, width=columns, file=nowhere, force_terminal=True)
        console.print(Text.from_ansi(screen))
        console.save_svg(str(target), title=title)


def main() -> None:
    sys.path.insert(0, str(HOME))
    plays = {"session": play_session, "lesson": play_lesson}
    for name in sys.argv[1:] or plays:
        # On a disk: /tmp may be memory, where an overlay is not at home.
        with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
            plays[name](Path(folder))


if __name__ == "__main__":
    main()
