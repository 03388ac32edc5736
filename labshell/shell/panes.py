"""`:panes`: live pictures beside the shell, in tmux.

    ┌───────────────┬──────────────┐
    │ the shell     │ watch mounts │
    │               ├──────────────┤
    │               │ watch tree   │
    └───────────────┴──────────────┘

Splitting a terminal is tmux's trade. Each pane runs `lab watch …`, which any other
terminal could run as well; closing the shell closes the panes that it opened.

`:panes` alone shows what the step of the lesson wants to be seen, and goes along with
the student from step to step; `:panes mounts tree` shows that, and stays.

man: tmux(1) on split-window
Try it: `tmux`, in it `sudo ./lab`, in it `:panes mounts tree`
"""

import os
import shlex
import subprocess
from collections.abc import Sequence

from engine.errors import EngineError
from labshell.messages import translate
from labshell.views.pictures import named_by

USUAL = ("mounts", "tree")


class Panes:
    """The panes that one shell has opened."""

    def __init__(self, program: Sequence[str], root: str) -> None:
        """`program` is what is run as `lab`, `root` is the engine's directory."""
        self.program, self.root = program, root
        self._open: list[str] = []
        self._shown: Sequence[str] | None = None  # what follows the lesson

    def show(self, argument: str, wanted: Sequence[str]) -> str:
        """Open panes, or close them; what was done, as one line.

        `wanted` is what the step of the lesson wants to be seen, each with its name.
        """
        words = argument.split()
        if not os.environ.get("TMUX"):
            example = (words or list(wanted) or USUAL)[0]
            raise EngineError(
                translate("`:panes` needs tmux around the shell"),
                translate(
                    "Start `tmux`, and the shell in it; "
                    "or in another terminal: `lab watch {picture}`."
                ).format(picture=example),
            )
        self._shown = None
        if words == ["off"]:
            self.close()
            return translate("The panes are closed.")
        if words:
            self._show(named_by(words))
            return translate("`:panes off` closes them again.")
        self._shown = ()
        self.follow(wanted)
        return translate(
            "They go with the lesson's steps; `:panes off` closes them again."
        )

    def follow(self, wanted: Sequence[str]) -> None:
        """Show what is wanted now, if the panes follow the lesson."""
        wanted = wanted or USUAL
        if self._shown is not None and wanted != self._shown:
            self._shown = wanted
            self._show(named_by(" ".join(wanted).split()))

    def _show(self, pictures: Sequence[Sequence[str]]) -> None:
        self.close()
        for picture in pictures:
            self._split(picture)

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


def _tmux(*words: str) -> str:
    """Run tmux, and return what it prints."""
    result = subprocess.run(["tmux", *words], capture_output=True, text=True)
    if result.returncode != 0:
        raise EngineError(
            f"tmux: {result.stderr.strip()}", translate("A larger window may help.")
        )
    return result.stdout.strip()
