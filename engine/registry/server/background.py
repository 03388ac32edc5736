"""A registry's server in the background: see engine/serving/background.py.

Try it: `lab registry serve -d; ps -o pid,ppid,sid,tty,comm -C lab-registry`
"""

import contextlib
import signal
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.serving import background
from engine.serving.running import Running

if TYPE_CHECKING:
    from engine.registry.server.service import ServerSettings


def begin(root: Path, settings: "ServerSettings") -> Running:
    """Start a server of `root`, and wait until it serves."""
    program = background.Program(
        serve=f"{__name__}:serve",
        name="lab-registry",
        settings={"root": str(root), "settings": settings.to_json()},
    )
    return background.begin(program, {}, "Without --detach it says why.")


def serve(asked: dict[str, Any], ready: Callable[[Running], None]) -> None:
    """What the new process does: serve until a signal ends it. Requests go untold."""
    from engine.registry.server import running, service  # they need what it was told

    wanted = service.ServerSettings.from_json(asked["settings"])
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt):
        service.serve(
            Path(asked["root"]),
            wanted,
            lambda address: ready(running.this_process(address)),
            lambda _: None,
        )
