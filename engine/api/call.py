"""A call: what a function of calls/ is given.

Try it: read calls/system.py, whose functions are the shortest
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from engine.api.executions import Executions
from engine.api.pipes import Input
from engine.api.request import Request
from engine.engine import Engine

VERSION, OLDEST = (1, 41), (1, 24)  # of the API


class Server(NamedTuple):
    """What is true of the server as a whole; `clients`: the processes connected now."""

    root: Path
    executions: Executions
    labels: tuple[str, ...] = ()
    clients: Callable[[], list[int]] = list


class Call(NamedTuple):
    """One request, understood: an engine to ask, the names in its path, its body.

    `data` is the body of a call that takes JSON, {} if it was empty; `input` that of
    one that takes a stream.
    """

    server: Server
    request: Request
    engine: Engine
    names: Mapping[str, str]
    data: Mapping[str, Any]
    input: Input | None

    @property
    def stream(self) -> Input:
        """The body of a call that takes a stream."""
        assert self.input is not None, "its route says that it takes a stream"
        return self.input

    @property
    def name(self) -> str:
        """The container, network or volume that the path names."""
        return self.names["name"]

    @property
    def image(self) -> str:
        """The image that the path names."""
        return self.names["image"]
