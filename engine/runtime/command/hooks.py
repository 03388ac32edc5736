"""Hooks: programs of the machine that are run at moments of a container's life.

    prestart, createRuntime   its namespaces are there, its root is still the machine's
    poststart                 it has been started
    poststop                  it has been deleted

Each gets the state of the container as JSON on its standard input. So somebody who is
no engine can plug in a network, or a graphics card: the process in the state leads to
the namespaces. If one of the first two fails there is no container; after that it is
too late, and a failure is only told.

Two more, createContainer and startContainer, would run inside the namespaces: they are
refused (refusing.py), because nothing of the machine's is started in a container here.

Source: runtime-spec config.md, "POSIX-platform Hooks"
Try it: `"hooks": {"poststart": [{"path": "/bin/tee", "args": ["tee", "/tmp/state"]}]}`
"""

import json
import sys
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from engine.errors import EngineError, InvalidArgument
from engine.fields import Fields

BEFORE = ("prestart", "createRuntime")
AFTER = ("poststart", "poststop")


class Hook(NamedTuple):
    """One program. `timeout` in seconds, None to wait for ever."""

    path: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    timeout: int | None

    @staticmethod
    def from_json(fields: Fields) -> "Hook":
        """The hook that config.json describes. InvalidArgument if it is none."""
        path, timeout = fields.text("path"), fields.integer("timeout")
        entries = fields.texts("env")
        if not path.startswith("/"):
            Fields.refuse(fields.where("path"), "an absolute path")
        if any("=" not in entry for entry in entries):
            Fields.refuse(fields.where("env"), "a list of NAME=VALUE")
        if timeout is not None and timeout <= 0:
            Fields.refuse(fields.where("timeout"), "a number of seconds")
        return Hook(
            path=path,
            arguments=fields.texts("args") or (path,),
            environment=dict(entry.split("=", 1) for entry in entries),
            timeout=timeout,
        )


def read(hooks: Mapping[str, Any], *moments: str) -> list[Hook]:
    """Those of some moments, in order."""
    fields = Fields.of(hooks, "hooks")
    return [Hook.from_json(one) for name in moments for one in fields.objects(name)]


def run(hooks: Iterable[Hook], state: Mapping[str, Any]) -> None:
    """Run one after the other. EngineError if one fails."""
    for hook in hooks:
        _run(hook, state)


def run_all(hooks: Iterable[Hook], state: Mapping[str, Any]) -> None:
    """Run each of them, and only say on standard error which of them fail."""
    for hook in hooks:
        try:
            _run(hook, state)
        except EngineError as error:
            print(f"warning: {error.message}", file=sys.stderr)


def _run(hook: Hook, state: Mapping[str, Any]) -> None:
    import subprocess  # few containers have hooks

    try:
        done = subprocess.run(
            hook.arguments,
            executable=hook.path,
            env=hook.environment,
            cwd=state["bundle"],
            input=json.dumps(state).encode(),
            capture_output=True,
            timeout=hook.timeout,
        )
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise InvalidArgument(
            f"hook {hook.path}: {error}", "It was asked for in config.json."
        ) from error
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().partition("\n")[0][:200]
        raise EngineError(
            f"hook {hook.path} ended with {done.returncode}: {said or 'silently'}",
            "It was asked for in config.json.",
        )
