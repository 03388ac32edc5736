"""Telling: what takes long is told of while it goes on, one line of JSON after another.

    {"status": "Pulling from library/busybox", "id": "latest"}
    {"status": "Downloading", "progressDetail": {"current": 524288, "total": 4 …}, …}
    {"stream": "Step 1/3 : FROM busybox\\n"}
    {"errorDetail": {"message": "no space left"}, "error": "no space left"}

The status of the answer is sent with the first line. What fails before it has a status
of its own; what fails later is a line, behind which nothing follows, and 200 stays.

Source: Docker Engine API 1.41, CreateImageInfo, BuildInfo; moby, pkg/jsonmessage
Try it: `curl --unix-socket /run/labshell/labd.sock -X POST
'http://labd/images/create?fromImage=localhost:5000/busybox&tag=latest'`
"""

import threading
from collections.abc import Callable
from typing import Any

from engine.api.answers import JSON, Answer, Written, line
from engine.api.pipes import Output
from engine.engine import EngineError, TransferProgress

_OFTEN = 512 << 10  # bytes of a layer after which one hears of it again


class Lines:
    """Where lines go; several threads may tell. BrokenPipeError: nobody listens."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._lock = threading.Lock()
        self.begun = False

    def tell(self, data: Any) -> None:
        """Send one line."""
        with self._lock:
            self.begun = True
            self._output.write(line(data))

    def fileno(self) -> int:
        """The descriptor, which becomes readable when nobody listens any more."""
        return self._output.fileno()


def told(work: Callable[[Lines], None]) -> Answer:
    """An answer that `work` tells, line by line, in a thread."""

    def write(output: Output) -> None:
        lines = Lines(output)
        try:
            work(lines)
        except EngineError as error:
            if not lines.begun:
                raise
            lines.tell(_failure(error))

    return Answer(200, {"Content-Type": JSON}, Written(write))


def _failure(error: EngineError) -> dict[str, Any]:
    """The last line; of a command that failed it has the exit status, too."""
    detail: dict[str, Any] = {"message": error.message}
    if getattr(error, "scene", ""):
        detail = {"code": error.exit_code, **detail}
    return {"errorDetail": detail, "error": error.message}


class Transfer(TransferProgress):
    """A pull or a push; `moving` is what Docker calls it while bytes move."""

    def __init__(self, lines: Lines, moving: str) -> None:
        self._lines, self._moving = lines, moving
        self._told: dict[str, int] = {}  # bytes, at the last line of a layer
        self._sizes: dict[str, int] = {}  # bytes

    def says(self, line: str) -> None:
        """A line about all of it."""
        self._lines.tell({"status": line})

    def titled(self, name: str, line: str) -> None:
        """A line about one image."""
        self._lines.tell({"status": line, "id": name})

    def layer(self, name: str, status: str) -> None:
        """A layer is now in this state.

        A state that passes has numbers: by them clients know it for one, and where
        nobody would see it pass they leave it out.
        """
        detail, size = {}, self._sizes.get(name)
        if status == "Extracting" and size:
            detail = {"current": size, "total": size}
        self._lines.tell({"status": status, "progressDetail": detail, "id": name})

    def moved(self, name: str, done: int, total: int) -> None:
        """So many of a layer's bytes have come or gone: told now and then."""
        if done < total and done - self._told.get(name, 0) < min(_OFTEN, total // 100):
            return
        self._told[name], self._sizes[name] = done, total
        detail = {"current": done, "total": total}
        self._lines.tell({"status": self._moving, "progressDetail": detail, "id": name})
