"""Every call of another runtime fails once, and whoever made it is killed once.

Nobody can be asked before what runc does, so the rounds of test_every_act.py do not
reach it. Here it has a flaw: a script in its place does, once, what it is told.
"""

import contextlib
import itertools
import json
from pathlib import Path

import pytest

from engine.engine import Engine
from engine.errors import EngineError
from tests.engine.boxes import LASTS, Box, until
from tests.faults.aftermath import until_right
from tests.faults.traces import place_of, running

# Of a starter the parent is the shim, and of that the spawner.
FLAWED = """#!/bin/sh
call() {{ case " $* " in *" {call} "*) rm {armed} 2>/dev/null;; *) false;; esac; }}
end() {{ case $(cat /proc/$1/comm) in lab-*) kill -9 $1;; esac; }}
fail() {{ exit 3; }}
kill_all() {{
    above=$(cut -d' ' -f4 /proc/$PPID/stat)
    echo $PPID $above > {killed}
    end $PPID; end $above
    exit 3
}}
if call "$@"; then
    [ {moment} = after ] && runc "$@"
    {deed}
fi
exec runc "$@"
"""
CALLS = ("create", "start", "exec", "delete")
ROUNDS = [*itertools.product(CALLS, ("before", "after"), ("fail", "kill_all"))]


@pytest.mark.require("root", "overlay", "runc")
@pytest.mark.parametrize(("call", "moment", "deed"), ROUNDS, ids=str)
def test_after_any_flaw_of_a_runtime_the_next_command_sets_it_right(
    call: str,
    moment: str,
    deed: str,
    fresh_root: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    armed, killed = tmp_path / "armed", tmp_path / "killed"
    text = FLAWED.format(
        call=call, moment=moment, deed=deed, armed=armed, killed=killed
    )
    program = tmp_path / "flawed"
    program.write_text(text)
    program.chmod(0o755)
    said = tmp_path / "daemon.json"
    said.write_text(json.dumps({"runtimes": {"flawed": {"path": str(program)}}}))
    monkeypatch.setenv("LABSHELL_CONFIG", str(said))
    box = Box(Engine(fresh_root))
    name = box.create(*LASTS, runtime="flawed").id

    armed.touch()
    killed.touch()
    with contextlib.suppress(EngineError):
        box.engine.start(name)
        box.execute(name, "true")
        box.engine.stop(name, 0)
    assert not armed.exists(), "the flaw has not shown itself"
    pids = [*map(int, killed.read_text().split())]
    until(lambda: not any(map(running, pids)), "the end of who was killed")
    box.engine.containers(all=True)  # the ordinary command
    until_right(fresh_root)

    if not box.engine.container(name).running:
        box.engine.start(name)
    assert box.execute(name, "echo", "on").out == "on\n"
    box.engine.remove(name, force=True)
    until_right(fresh_root)
    assert [*(place_of(box).runtimes / "flawed").iterdir()] == []
