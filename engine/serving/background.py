"""A server in the background: it outlives the shell in which it was started.

    lab registry serve -d                        a bare Python, in a session of its own
       begin ──── posix_spawn ─────────────────▶ become
         ◀── a pipe: {"running": …} or {"error": …} ──┘
       prints it, and ends                       serves on

It has no terminal, so that no Ctrl-C and no closing of a window reaches it; it works in
"/", so that no directory is kept from being unmounted. What it prints goes into a log,
or to nobody. Whoever starts it waits for one line, and so hears of an error as in the
foreground.

A server that starts containers also leaves the control group of whoever began it: the
end of a login would end it, and the limits of a login would be its own.

man: posix_spawn(3), setsid(2), pipe(2)
Try it: `lab registry serve -d; ps -o pid,ppid,sid,tty,comm -C lab-registry`
"""

import contextlib
import importlib
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from engine import files
from engine.errors import EngineBroken, EngineError, told_as_engine_errors
from engine.kernel import cgroups, processes
from engine.runtime import interpreter
from engine.serving.running import Running

_REPORT = 3  # the descriptor of the pipe, in the new process


class Program(NamedTuple):
    """What a new process is to be.

    `serve` is a function, "module:name", which is given `settings` and a function to
    call with its Running when it serves; `name` is what ps(1) calls it. `log`: the file
    to which its output is appended; `group`: the control group into which it goes.
    """

    serve: str
    name: str
    settings: dict[str, Any]
    log: Path | None = None
    group: str = ""


def begin(program: Program, environment: dict[str, str], instead: str) -> Running:
    """Start it, and wait until it serves; `instead`: how to hear why it does not."""
    asked = {**program._asdict(), "log": str(program.log or ""), "path": sys.path}
    command = interpreter.python_command(__name__, "become", json.dumps(asked))
    ours, theirs = os.pipe()
    with files.closing(ours):
        with files.closing(theirs):
            interpreter.launch(command, {_REPORT: theirs}, environment=environment)
        with os.fdopen(os.dup(ours), "rb") as report:
            told = json.loads(report.readline() or b"{}")
    if "error" in told:
        raise EngineError.from_json(told["error"])
    if "running" not in told:
        raise EngineBroken("the server has ended before it served", instead)
    return Running(**told["running"])


def become(asked: str) -> NoReturn:
    """What the new process does: serve until a signal ends it."""
    processes.close_all_but({_REPORT})
    os.set_inheritable(_REPORT, False)
    processes.reset_signals()
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)  # a client may hang up at any time
    request = json.loads(asked)
    sys.path[:] = request["path"]  # where this engine's libraries are
    take_name(request["name"])
    os.umask(0o022)
    os.chdir("/")
    try:
        with told_as_engine_errors():
            _serve(request)
    except EngineError as error:
        _report({"error": error.to_json()})
    processes.leave(0)


def take_name(name: str) -> None:
    """What ps(1) calls this process from now on: it was a Python like any other."""
    processes.name_process(name)


def _serve(request: dict[str, Any]) -> None:
    """Settle as it was asked, and serve."""
    if request["log"]:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        with files.closing(os.open(request["log"], flags, 0o600)) as log:
            os.dup2(log, 1)
            os.dup2(log, 2)
    if request["group"]:
        with contextlib.suppress(EngineError):  # no control groups: then where it is
            cgroups.settle(request["group"])
    module, _, name = request["serve"].partition(":")
    serve = getattr(importlib.import_module(module), name)
    serve(request["settings"], lambda one: _report({"running": one._asdict()}))


def _report(told: dict[str, Any]) -> None:
    """Tell whoever waits, who then waits no longer."""
    with contextlib.suppress(BrokenPipeError):  # Ctrl-C: nobody waits any more
        os.write(_REPORT, json.dumps(told).encode() + b"\n")
    os.close(_REPORT)
