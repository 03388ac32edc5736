"""Being with a container: attach, wait, resize.

`docker run` opens attach and wait before it asks for the start, so that it loses no
byte and no end: both have a shim born, which waits for the start like they do. wait
sends its headers at once; what it waits for comes later, as JSON.

Source: Docker Engine API 1.41, ContainerAttach, ContainerWait, ContainerResize
Try it: `curl -X POST --unix-socket /run/labshell/labd.sock
http://labd/containers/NAME/wait`, and end the container
"""

from contextlib import ExitStack
from typing import TYPE_CHECKING

from engine.api.answers import JSON, Answer, Line, Outgoing, Streamed, line
from engine.api.call import Call
from engine.api.conversing import Wishes, converse, hijacked
from engine.api.frames import STREAMS
from engine.api.problems import Problem
from engine.api.readiness import arrivals, in_thread, readable
from engine.api.routes import Route
from engine.errors import EngineError

if TYPE_CHECKING:
    from engine.engine import LogFollower


def attach(call: Call) -> Answer:
    """Connect the client with the program; before its start, too."""
    asked = call.request
    wishes = Wishes(
        stdin=asked.flag("stdin"),
        stdout=asked.flag("stdout"),
        stderr=asked.flag("stderr"),
        framed=not call.engine.container(call.name).options.tty,
    )
    with ExitStack() as opened:
        session = call.engine.attach(
            call.name, wishes.stdin, asked.text("detachKeys"), early=True
        )
        opened.callback(session.close)
        past = call.engine.log_follower(call.name) if asked.flag("logs") else None
        if past:
            opened.callback(past.close)
        kept = opened.pop_all()

    async def talk(line: Line) -> None:
        if past:
            await _tell_past(line, past, wishes)
        if asked.flag("stream"):
            await converse(line, session.attachment(), wishes)

    return hijacked(asked, talk, kept.close, call.name)


async def _tell_past(line: Line, past: "LogFollower", wishes: Wishes) -> None:
    """Send what was printed before."""
    async for entries in arrivals(past):
        for entry in entries:
            if data := wishes.shown(STREAMS[entry.stream], entry.data):
                await line.send(data)


def wait(call: Call) -> Answer:
    """Tell the exit status when what is waited for has come."""
    waiting = call.engine.waiting(call.name, call.request.text("condition"))

    async def send(outgoing: Outgoing) -> None:
        try:
            while (status := await in_thread(waiting.read)) is None:
                await readable(waiting.fileno())
        except EngineError as error:
            told = {"StatusCode": error.exit_code, "Error": {"Message": error.message}}
            await outgoing.send(line(told))
            return
        await outgoing.send(line({"StatusCode": status, "Error": None}))

    return Answer(200, {"Content-Type": JSON}, Streamed(send, waiting.close, call.name))


def resize(call: Call) -> Answer:
    """Give its terminal another size."""
    rows, columns = size(call)
    call.engine.resize(call.name, rows, columns)
    return Answer()


def size(call: Call) -> tuple[int, int]:
    """Rows and columns that are asked for. Problem (400) if one is missing."""
    rows, columns = call.request.number("h"), call.request.number("w")
    if rows is None or columns is None:
        raise Problem(400, "a size is a height h and a width w, in characters")
    return rows, columns


ROUTES = (
    Route("POST", "/containers/{name}/attach", attach),
    Route("POST", "/containers/{name}/wait", wait),
    Route("POST", "/containers/{name}/resize", resize),
)
