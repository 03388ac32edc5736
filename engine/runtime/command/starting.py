"""Starting: a byte into the fifo, and what waits there becomes the program.

All else is done by then, so this imports nothing of what makes containers.

Source: runtime-spec runtime.md, "Start"
Try it: `labshell-runc create box; strace labshell-runc start box`
"""

from pathlib import Path

from engine.errors import InvalidState
from engine.runtime.command import fifo, records


def start(root: Path, identity: str) -> int:
    """Let a created container become its program."""
    with records.held(root, identity) as (directory, container):
        status = records.status(root, container)
        if status != records.CREATED:
            raise InvalidState(
                f"cannot start a container in the {status} state",
                "Only one that was created, and not yet started, can be.",
            )
        fifo.let_go(directory)
    records.tell_started(container)
    return 0
