"""Containers: create, list, inspect, update, remove.

What is asked is translated in asked/; what is answered has the shape that `lab inspect`
shows, since that is Docker's own.

Source: Docker Engine API 1.41, "Containers"
Try it: `curl --unix-socket /run/labshell/labd.sock 'http://labd/containers/json?all=1'`
"""

import time

from engine.api.answers import Answer, as_json, nothing
from engine.api.asked.container import container_options
from engine.api.asked.limits import update_options
from engine.api.call import Call
from engine.api.problems import Problem
from engine.api.routes import Route, Takes
from engine.errors import NotFound
from engine.filters import to_prune


def create(call: Call) -> Answer:
    """Make a container.

    An image that is not here is for the client to fetch, and nothing else is 404: the
    docker command would ask a registry for the image, whatever the message says.
    """
    options = container_options(call.data, call.request.text("name"))
    image = call.engine.image(options.image)
    if call.data.get("Entrypoint") == [] and not options.command:
        options = options._replace(command=image.config.defaults.cmd)
    if platform := call.request.text("platform"):
        _refuse_another(platform, options.image, call)
    try:
        made = call.engine.create(options)
    except NotFound as error:
        raise Problem(400, error.message) from error
    return as_json({"Id": made.id, "Warnings": call.engine.notices}, 201)


def _refuse_another(platform: str, name: str, call: Call) -> None:
    """Problem (404) if the image is for another platform than that."""
    config = call.engine.image(name).config
    own = (config.os, config.architecture)
    system, _, machine = platform.lower().partition("/")
    if (system, machine or own[1]) != own:
        raise Problem(
            404,
            f"image with reference {name} was found but does not match the specified "
            f"platform: wanted {platform}, actual: {'/'.join(own)}",
        )


def listed(call: Call) -> Answer:
    """A list of them, the newest first."""
    request = call.request
    limit = request.number("limit") or 0
    return as_json(
        call.engine.summaries(
            all=request.flag("all"),
            most=max(limit, 0),
            filters=request.filters(),
            size=request.flag("size"),
        )
    )


def inspect(call: Call) -> Answer:
    """All that there is to say of one."""
    size = call.request.flag("size")
    return as_json(call.engine.inspect(call.name, "container", size=size))


def remove(call: Call) -> Answer:
    """Remove it; `force` if it runs, `v` with its volumes that have no name."""
    request = call.request
    call.engine.remove(
        call.name, force=request.flag("force"), volumes=request.flag("v")
    )
    return nothing()


def prune(call: Call) -> Answer:
    """Remove all that do not run, or those of them that filters name."""
    wanted = to_prune(call.request.filters(), time.time())
    removed, freed = call.engine.prune_containers(wanted)
    return as_json({"ContainersDeleted": removed, "SpaceReclaimed": freed})


def update(call: Call) -> Answer:
    """Give it other limits, or another restart policy."""
    call.engine.update(call.name, update_options(call.data))
    return as_json({"Warnings": call.engine.notices})


def top(call: Call) -> Answer:
    """Its processes; `ps_args` are options of ps(1)."""
    options = call.request.text("ps_args", "-ef").split()
    table = call.engine.top(call.name, options)
    return as_json({"Titles": table.titles, "Processes": table.rows})


ROUTES = (
    Route("POST", "/containers/create", create, Takes.JSON),
    Route("GET", "/containers/json", listed),
    Route("POST", "/containers/prune", prune, slow=True),
    Route("GET", "/containers/{name}/json", inspect),
    Route("DELETE", "/containers/{name}", remove, slow=True),
    Route("POST", "/containers/{name}/update", update, Takes.JSON),
    Route("GET", "/containers/{name}/top", top),
)
