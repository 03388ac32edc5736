"""Build: a tar and a Dockerfile in it come in, lines go out, an image is there.

    POST /build?t=mine          {"stream": "Step 1/2 : FROM busybox"} …
                                {"aux": {"ID": "sha256:…"}}
                                {"stream": "Successfully tagged mine:latest\\n"}

A Dockerfile that cannot be read is answered with 400; a step that fails is a line,
since other lines have been sent by then. A client that goes away ends its build, also
in the middle of a RUN: nobody would hear of what comes of it.

Source: Docker Engine API 1.41, "Build an image"; measured on Docker 20.10
Try it: `DOCKER_BUILDKIT=0 docker -H unix:///run/labshell/labd.sock build -t mine .`
"""

import codecs
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from engine import deadline
from engine.api import credentials
from engine.api.answers import Answer, as_json
from engine.api.asked.build import build_options
from engine.api.call import Call
from engine.api.pipes import Input
from engine.api.routes import Route, Takes
from engine.api.telling import Lines, told
from engine.engine import DockersLines, EngineError, StepReport

if TYPE_CHECKING:
    from engine.engine import Page

_RED, _PLAIN = "\x1b[91m", "\x1b[0m"  # around what comes from stderr, as Docker has it
_MOST_KEPT = 1 << 20  # characters of output, for when a quiet build fails


def build(call: Call) -> Answer:
    """Make an image of what comes."""
    request, options = call.request, build_options(call.request)
    call.engine.check_build(options)
    logins, remote = credentials.of_build(call), request.text("remote")

    def work(lines: Lines) -> None:
        progress = _Quiet(lines) if request.flag("q") else _Told(lines)
        with deadline.as_long_as_heard(lines.fileno()), ExitStack() as opened:
            try:
                stream: Input | Page = call.stream
                if remote:
                    stream = opened.enter_context(call.engine.page(remote))
                image = call.engine.build(stream, options, progress, logins=logins)
            except EngineError:
                progress.give_up()
                raise
        progress.succeeds(image.id)

    return told(work)


class _Told(DockersLines):
    """Tells each line, and what programs print, as it comes."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        decoder = codecs.getincrementaldecoder("utf-8")
        self._decoders = {error: decoder("replace") for error in (False, True)}

    def tell(self, data: dict[str, Any]) -> None:
        """Send a line."""
        self._lines.tell(data)

    def line(self, text: str) -> None:
        """A line of Docker's."""
        self.tell({"stream": f"{text}\n"})

    def output(self, data: bytes, *, error: bool) -> None:
        """What a program has printed; half a letter waits for its other half."""
        text = self._decoders[error].decode(data)
        if text:
            self.tell({"stream": f"{_RED}{text}{_PLAIN}" if error else text})

    def ends(self, report: StepReport) -> None:
        """A step is over; behind the last one the image has its ID."""
        super().ends(report)
        if report.number == report.total:
            self.tell({"aux": {"ID": report.image_id}})

    def give_up(self) -> None:
        """All has been told already."""

    def succeeds(self, image_id: str) -> None:
        """All has been told already."""


class _Quiet(_Told):
    """Keeps what it hears, and tells it only if the build fails."""

    def __init__(self, lines: Lines) -> None:
        super().__init__(lines)
        self._kept: list[dict[str, Any]] = []
        self._size = 0

    def tell(self, data: dict[str, Any]) -> None:
        """Keep it, within bounds."""
        self._size += len(data.get("stream", ""))
        if self._size < _MOST_KEPT:
            self._kept.append(data)

    def give_up(self) -> None:
        """Tell what there was up to the failure."""
        for data in self._kept:
            self._lines.tell(data)

    def succeeds(self, image_id: str) -> None:
        """Tell the ID, which is all that was asked for."""
        self._lines.tell({"stream": f"{image_id}\n"})


def prune(call: Call) -> Answer:
    """The cache of builds is made of images: a prune of those takes it."""
    return as_json({"CachesDeleted": None, "SpaceReclaimed": 0})


ROUTES = (
    Route("POST", "/build", build, Takes.STREAM),
    Route("POST", "/build/prune", prune),
)
