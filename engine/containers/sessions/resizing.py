"""Resizing: a terminal gets another size, and its program the signal SIGWINCH.

Who is in a session passes the size of the own window on (session.py). Here it is asked
for from outside, of a container's terminal or of that of an exec in it.

man: ioctl_tty(2) on TIOCSWINSZ, signal(7) on SIGWINCH
Try it: `stty size` in a container with a terminal, before and after a resize
"""

from engine.containers.house import House
from engine.containers.lifecycle import refuse_unless_running
from engine.containers.record import Container
from engine.errors import InvalidArgument
from engine.runtime import client

_MOST = 0xFFFF  # the kernel's struct winsize has 16 bits for each


def resize(
    house: House, container: Container, rows: int, columns: int, identity: str = ""
) -> None:
    """Change a size; of the exec that has this ID, if one is named."""
    if not (0 <= rows <= _MOST and 0 <= columns <= _MOST):
        raise InvalidArgument(
            f"no size of a terminal: {rows} rows, {columns} columns",
            f"Each is a number from 0 to {_MOST}.",
        )
    refuse_unless_running(container)
    with client.connect(house.place, container.directory) as connection:
        connection.ask("resize", rows=rows, columns=columns, exec=identity)
