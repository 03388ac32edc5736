"""The life of a container: start, stop, kill, restart, pause, rename.

What is so already is answered with 304: a start of what runs, a stop of what does not.

Source: Docker Engine API 1.41, "Containers"
Try it: `curl -i -X POST --unix-socket /run/labshell/labd.sock
http://labd/containers/NAME/stop?t=1`
"""

import contextlib

from engine.api.answers import Answer, nothing
from engine.api.call import Call
from engine.api.problems import Problem
from engine.api.routes import Route, Takes
from engine.errors import EngineError, InvalidState


def start(call: Call) -> Answer:
    """Run it. A container of --rm that cannot start has ended, too: it is removed."""
    container = call.engine.container(call.name)
    if container.state.status == "paused":
        raise Problem(409, "cannot start a paused container, try unpause instead")
    if container.active:
        return nothing(304)
    try:
        call.engine.start(container.id)
    except EngineError:
        if container.options.auto_remove:
            with contextlib.suppress(EngineError):  # others may be faster
                call.engine.remove(container.id, volumes=True)
        raise
    return nothing()


def stop(call: Call) -> Answer:
    """End it politely, by force after `t` seconds."""
    if not call.engine.container(call.name).active:
        return nothing(304)
    call.engine.stop(call.name, call.request.number("t"))
    return nothing()


def restart(call: Call) -> Answer:
    """End it, and run it again."""
    call.engine.restart(call.name, call.request.number("t"))
    return nothing()


def kill(call: Call) -> Answer:
    """Send it a signal."""
    call.engine.kill(call.name, call.request.text("signal", "KILL"))
    return nothing()


def pause(call: Call) -> Answer:
    """Take the CPU away from it."""
    call.engine.pause(call.name)
    return nothing()


def unpause(call: Call) -> Answer:
    """Give it the CPU back."""
    try:
        call.engine.unpause(call.name)
    except InvalidState as error:  # to which Docker gives no status of its own
        raise Problem(500, error.message) from error
    return nothing()


def rename(call: Call) -> Answer:
    """Give it another name."""
    call.engine.rename(call.name, call.request.text("name"))
    return nothing()


ROUTES = (
    Route("POST", "/containers/{name}/start", start, Takes.JSON, slow=True),
    Route("POST", "/containers/{name}/stop", stop, slow=True),
    Route("POST", "/containers/{name}/restart", restart, slow=True),
    Route("POST", "/containers/{name}/kill", kill, slow=True),
    Route("POST", "/containers/{name}/pause", pause),
    Route("POST", "/containers/{name}/unpause", unpause),
    Route("POST", "/containers/{name}/rename", rename),
)
