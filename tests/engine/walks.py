"""Somebody who steps through a start, and who may do something at one of its acts."""

import subprocess
from collections.abc import Callable

from engine.gatekeeper import Question
from tests.engine.boxes import Box
from tests.shell.lines import Lab


class Walk:
    """Whoever is asked before each act: what they saw, and what they do at one call."""

    def __init__(
        self, call: str = "", do: Callable[[Question], object] | None = None
    ) -> None:
        self.calls: list[str] = []
        self._call, self._do = call, do

    def __call__(self, question: Question) -> None:
        self.calls.append(question.act["call"])
        if self._do and question.act["call"] == self._call:
            self._do(question)


def killed_at(box: Box, name: str, call: str) -> None:
    """Step through a start in another process, which is killed when asked of `call`."""
    program = (
        "import sys; sys.path += sys.argv.pop(1).split(':')\n"
        "from pathlib import Path; import time; from engine.engine import Engine\n"
        "def wait(question):\n"
        f"    if question.act['call'] == {call!r}:\n"
        "        print('here', flush=True); time.sleep(1000)\n"
        f"Engine(Path({str(box.engine.root)!r})).start({name!r}, wait)\n"
    )
    command = Lab(box.engine.root).command()
    command[command.index("-c") + 1] = program
    with subprocess.Popen(command, stdout=subprocess.PIPE) as stepping:
        assert stepping.stdout and stepping.stdout.readline() == b"here\n"
        assert box.engine.container(name).state.stepped
        stepping.kill()
