"""A trial: run a command that does one thing, and see whether the kernel lets it.

A finding is the answer to one question about the machine:

    works     fine
    limited   labshell runs, and something in it will not
    missing   labshell does not run without it

Try it: the commands that `lab doctor` shows behind "tried".
"""

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

WORKS, LIMITED, MISSING = "works", "limited", "missing"
_SECONDS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What was found out about one part of the machine."""

    topic: str
    verdict: str
    found: str
    why: str = ""
    advice: str = ""
    tried: str = ""

    def to_json(self) -> dict[str, Any]:
        """The finding for programs."""
        return {
            "topic": self.topic,
            "verdict": self.verdict,
            "found": self.found,
            "why": self.why,
            "advice": self.advice,
            "tried": self.tried,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A command that was run, and what it said when it failed."""

    command: str
    worked: bool
    complaint: str


def attempt(command: str, *, arguments: Sequence[str] = ()) -> Trial:
    """Run a shell command, `$1` and so on being `arguments`."""
    try:
        done = subprocess.run(
            ["/bin/sh", "-c", command, "sh", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=_SECONDS,
            env={"PATH": os.defpath + ":/sbin:/usr/sbin", "LC_ALL": "C"},
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Trial(command=command, worked=False, complaint=str(error))
    lines = done.stderr[-4096:].decode(errors="replace").split("\n")
    said = next((line.strip() for line in reversed(lines) if line.strip()), "")
    return Trial(command=command, worked=done.returncode == 0, complaint=said)
