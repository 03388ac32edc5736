"""An engine and a progress file of their own for one proof, or one demonstration.

The proof and a demonstration happen in a room: nothing of the student's own is touched,
and nothing is left. A room is on a real disk, because an overlay's upper directory must
not be on tmpfs.

Try it: `lab learn --play`, and in another terminal `ls /var/tmp/labshell-room-*`
"""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from engine.engine import Engine
from labshell.lessons.progress import Progress
from labshell.lessons.servers import forget_login, serving


@contextlib.contextmanager
def room(seed: str) -> Iterator[tuple[Engine, Progress]]:
    """An engine and a progress file for the student with this seed, removed at the end.

    Raises EngineError if something in the engine refuses to go.
    """
    with tempfile.TemporaryDirectory(prefix="labshell-room-", dir="/var/tmp") as place:
        engine = Engine(Path(place) / "root")
        progress = Progress(Path(place) / "progress.json")
        progress.seed = seed
        try:
            yield engine, progress
        finally:
            for server in serving(engine):  # logins are the only thing not in the room
                forget_login(engine, server.address)
            engine.destroy()
