"""An open shell at a terminal, and somebody who types into it.

TERM=dumb gives plain text to look at; where the editing itself is looked at, the
terminal is an xterm that does not tell where its cursor is.

man: pty(7)
Try it: see tests/shell/test_repl_worlds.py
"""

import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pexpect

from tests.shell.lines import HOME, Done, Lab

PROMPT = re.compile(r"(?:\[(\d+)\] )?lab \S+ [#$] (?!.*\n)", re.DOTALL)
SECONDS = 30


class OpenShell:
    """One shell, and what it said."""

    def __init__(
        self,
        root: Path,
        home: Path,
        *,
        term: str = "dumb",
        columns: int = 80,
        words: Sequence[str] = (),
    ):
        """`words` stand behind `lab`: other options, and what the shell begins with."""
        command = Lab(root).command(*words)
        self.child = pexpect.spawn(
            command[0],
            command[1:],
            env=environment(home, TERM=term),
            dimensions=(24, columns),
            encoding="utf-8",
            timeout=SECONDS,
            cwd=home,
        )
        self.child.delaybeforesend = None
        self.greeting = self.until_prompt()

    def until_prompt(self) -> str:
        """What is printed until the shell asks for a line."""
        self.child.expect(PROMPT)
        self.failed = self.child.match[1]
        return str(self.child.before).replace("\r\n", "\n")

    def __call__(self, line: str) -> str:
        """Type a line; what it printed."""
        self.child.send(f"{line}\n")
        printed = self.until_prompt()
        return printed.removeprefix(f"{line}\n").strip()

    def type(self, keys: str) -> None:
        """Type keys, and wait for nothing."""
        self.child.send(keys)

    def expect(self, text: str) -> None:
        """Wait until the shell prints something."""
        self.child.expect_exact(text)

    def leave(self) -> int:
        """Close the shell as Ctrl-D does; its exit status."""
        if self.child.isalive():
            self.child.send("exit\n")
            self.child.expect(pexpect.EOF)
        self.child.close()
        return int(self.child.exitstatus or 0)


def environment(home: Path, **more: str) -> dict[str, str]:
    """The environment of a user who has configured nothing."""
    kept = {k: v for k, v in os.environ.items() if k not in ("TMUX", "NO_COLOR")}
    return {**kept, "HOME": str(home), "PROMPT_TOOLKIT_NO_CPR": "1", **more}


def run_script(root: Path, home: Path, script: str) -> Done:
    """Pipe a script into the shell."""
    done = subprocess.run(
        Lab(root).command(),
        input=script.encode(),
        capture_output=True,
        timeout=SECONDS,
        env=environment(home),
        cwd=home,
    )
    return Done(
        code=done.returncode, out=done.stdout.decode(), err=done.stderr.decode()
    )


def is_set_up() -> bool:
    """Is there a `lab` to find on bash's PATH? `./lab` makes itself ready first."""
    return (HOME / "lab").exists()
