"""Images as files to carry away: save, load, import.

    GET  /images/get?names=a&names=b      a tar, as it is written
    POST /images/load                     a tar, as it comes
    POST /images/create?fromSrc=-         a tar of a root file system, or its URL

Nothing is held in memory, whatever it weighs: bytes go from the disk to the client, and
from the client to the disk.

Source: Docker Engine API 1.41, "Images"
Try it: `docker -H unix:///run/labshell/labd.sock save busybox | tar t`
"""

from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

from engine.api.answers import TAR, Answer, Written
from engine.api.call import Call
from engine.api.pipes import Input, Output
from engine.api.problems import Problem
from engine.api.routes import Route, Takes
from engine.api.telling import Lines, told

if TYPE_CHECKING:
    from engine.engine import Page


def save_one(call: Call) -> Answer:
    """One image."""
    return _saved(call, [call.image])


def save(call: Call) -> Answer:
    """Several, in one tar that has each layer once."""
    names = call.request.texts("names")
    if not names:
        raise Problem(400, "no image is named: names=IMAGE")
    return _saved(call, names)


def _saved(call: Call, names: Sequence[str]) -> Answer:
    def write(output: Output) -> None:
        call.engine.save(names, output.fileno())

    return Answer(200, {"Content-Type": TAR}, Written(write))


def load(call: Call) -> Answer:
    """Bring in what somebody saved."""
    stream = call.stream

    def work(lines: Lines) -> None:
        for image in call.engine.load(stream):
            for said in image.lines:
                lines.tell({"stream": f"{said}\n"})

    return told(work)


def import_tree(call: Call) -> Answer:
    """Make an image of one layer of the tar that comes, or is behind a URL."""
    request, source = call.request, call.request.text("fromSrc")
    repository, tag = request.text("repo"), request.text("tag")
    name = f"{repository}:{tag}" if tag else repository

    def work(lines: Lines) -> None:
        with ExitStack() as opened:
            stream: Input | Page = call.stream
            if source != "-":
                url = source if "://" in source else f"http://{source}"
                stream = opened.enter_context(call.engine.page(url))
                lines.tell({"status": f"Downloading from {url}"})
            image = call.engine.import_image(
                stream,
                name or None,
                changes=request.texts("changes"),
                message=request.text("message"),
                platform=request.text("platform"),
            )
        lines.tell({"status": image.id})

    return told(work)


ROUTES = (
    Route("GET", "/images/get", save),
    Route("POST", "/images/load", load, Takes.STREAM),
    Route("GET", "/images/{image}/get", save_one),
)
