"""`:panes`: live pictures beside the shell, in tmux.

    ┌───────────────┬──────────────┐
    │ the shell     │ watch mounts │
    │               ├──────────────┤
    │               │ watch tree   │
    └───────────────┴──────────────┘

Splitting a terminal is tmux's trade. Each pane runs `lab watch …`, which any other
terminal could run as well; closing the shell closes the panes that it opened.

man: tmux(1) on split-window
Try it: `tmux`, in it `sudo ./lab`, in it `:panes mounts tree`
"""

import os
import shlex
import subprocess
from collections.abc import Sequence

from engine.errors import EngineError

KINDS = ("mounts", "tree", "layers")
USUAL = ("mounts", "tree")


class Panes:
    """The panes that one shell has opened."""

    def __init__(self, program: Sequence[str], root: str) -> None:
        """`program` is what is run as `lab`, `root` is the engine's directory."""
        self.program, self.root = program, root
        self._open: list[str] = []

    def show(self, argument: str) -> str:
        """Open panes, or close them; what was done, as one line."""
        words = argument.split() or list(USUAL)
        if not os.environ.get("TMUX"):
            raise EngineError(
                "`:panes` needs tmux around the shell",
                "Start `tmux`, and the shell in it; "
                f"or in another terminal: `lab watch {words[0]}`.",
            )
        self.close()
        if words == ["off"]:
            return "The panes are closed."
        for words_of_one in _watched(words):
            self._split(words_of_one)
        return "`:panes off` closes them again."

    def _split(self, watched: Sequence[str]) -> None:
        """The first pane stands to the right of us, the others below it."""
        line = ["env", f"LABSHELL_ROOT={self.root}", *self.program, "watch", *watched]
        beside = ["-h", "-t", os.environ.get("TMUX_PANE", "")]
        below = ["-v", "-t", self._open[-1]] if self._open else beside
        command = ["split-window", "-d", "-P", "-F", "#{pane_id}", *below]
        self._open.append(_tmux(*command, shlex.join(line)))

    def close(self) -> None:
        """Close the panes that are still open."""
        for pane in self._open:
            subprocess.run(["tmux", "kill-pane", "-t", pane], stderr=subprocess.DEVNULL)
        self._open.clear()


def _watched(words: Sequence[str]) -> list[list[str]]:
    """`mounts layers web tree`: three pictures, one of them with a name behind it."""
    pictures: list[list[str]] = []
    for word in words:
        if word in KINDS:
            pictures.append([word])
        elif pictures and pictures[-1] == ["layers"]:
            pictures[-1].append(word)
        else:
            raise EngineError(
                f"no such picture: {word}", "`:panes mounts tree layers CONTAINER`"
            )
    if ["layers"] in pictures:
        raise EngineError("layers of what?", "`:panes layers CONTAINER`")
    return pictures


def _tmux(*words: str) -> str:
    """Run tmux, and return what it prints."""
    result = subprocess.run(["tmux", *words], capture_output=True, text=True)
    if result.returncode != 0:
        raise EngineError(f"tmux: {result.stderr.strip()}", "A larger window may help.")
    return result.stdout.strip()
