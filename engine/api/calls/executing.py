"""Exec: one more process in a container that runs; in three requests.

The JSON of a start comes before the connection is hijacked. What cannot be executed is
told on the stream of its output, as by Docker, since the client listens there by then;
its exit status says the same: 126.

Source: Docker Engine API 1.41, "Exec"
Try it: `docker exec -it NAME sh`, and `lab events` meanwhile
"""

from typing import TYPE_CHECKING

from engine.api.answers import Answer, Line, as_json
from engine.api.call import Call
from engine.api.calls.attaching import size
from engine.api.conversing import Wishes, converse, hijacked
from engine.api.executions import Execution
from engine.api.frames import STDOUT
from engine.api.routes import Route, Takes
from engine.engine import ExecOptions
from engine.errors import EngineError, NotExecutable, ProgramNotFound
from engine.fields import Fields

if TYPE_CHECKING:
    from engine.engine import Session

_STREAMS = ("stdin", "stdout", "stderr")


def create(call: Call) -> Answer:
    """Remember what is to be executed: its ID."""
    asked = Fields(call.data)
    streams = {name for name in _STREAMS if asked.truth(f"Attach{name.capitalize()}")}
    options = ExecOptions(
        command=asked.texts("Cmd"),
        interactive="stdin" in streams,
        tty=asked.truth("Tty"),
        user=asked.text("User") or None,
        working_directory=asked.text("WorkingDir") or None,
        environment=asked.texts("Env"),
        privileged=asked.truth("Privileged"),
        detach_keys=asked.text("DetachKeys") or None,
    )
    announced = call.engine.announce_exec(call.name, options)
    made = Execution(announced.id, announced.container, options, frozenset(streams))
    call.server.executions.add(made)
    return as_json({"Id": made.id}, 201)


def start(call: Call) -> Answer:
    """Execute it, and connect the client with it, unless it is to be detached."""
    detached = Fields(call.data).truth("Detach")
    found = call.server.executions.claim(call.names["id"])
    options = found.options._replace(
        detach=detached, interactive=found.options.interactive and not detached
    )
    try:
        session = call.engine.execute(found.container, options, found.id)
    except (NotExecutable, ProgramNotFound) as error:
        return _failed(call, found, error, detached)
    except EngineError:
        found.started = False
        raise
    try:
        found.pid = session.start(screen=None) or 0
    except EngineError as error:
        session.close()
        return _failed(call, found, error, detached)
    if detached:
        session.close()
        return Answer()
    return _talking(call, found, session)


def _wishes(found: Execution) -> Wishes:
    return Wishes(
        stdin="stdin" in found.streams,
        stdout="stdout" in found.streams,
        stderr="stderr" in found.streams,
        framed=not found.options.tty,
    )


def _talking(call: Call, found: Execution, session: "Session") -> Answer:
    attachment = session.attachment()

    async def talk(line: Line) -> None:
        try:
            await converse(line, attachment, _wishes(found))
        finally:
            found.exit_code = attachment.exit_status

    return hijacked(call.request, talk, session.close)


def _failed(call: Call, found: Execution, error: EngineError, detached: bool) -> Answer:
    """It could not be executed: tell where the client listens."""
    found.exit_code = error.exit_code
    if detached:
        raise error

    async def talk(line: Line) -> None:
        message = f"{error.message}\r\n".encode()
        if data := _wishes(found).shown(STDOUT, message):
            await line.send(data)

    return hijacked(call.request, talk)


def inspect(call: Call) -> Answer:
    """What it is, and whether it runs, or how it has ended."""
    found = call.server.executions.find(call.names["id"])
    found.refresh(call.engine)
    return as_json(found.to_json())


def resize(call: Call) -> Answer:
    """Give its terminal another size."""
    found = call.server.executions.find(call.names["id"])
    rows, columns = size(call)
    call.engine.resize(found.container, rows, columns, found.id)
    return Answer()


ROUTES = (
    Route("POST", "/containers/{name}/exec", create, Takes.JSON),
    Route("POST", "/exec/{id}/start", start, Takes.JSON),
    Route("POST", "/exec/{id}/resize", resize),
    Route("GET", "/exec/{id}/json", inspect),
)
