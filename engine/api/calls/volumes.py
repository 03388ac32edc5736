"""Volumes: make, list, inspect, remove.

Source: Docker Engine API 1.41, "Volumes"
Try it: `curl --unix-socket /run/labshell/labd.sock http://labd/volumes`
"""

import time

from engine.api.answers import Answer, as_json, nothing
from engine.api.call import Call
from engine.api.problems import Problem
from engine.api.routes import Route, Takes
from engine.fields import Fields
from engine.filters import to_prune, truth

_ALL_SINCE = (1, 42)  # from this version on a prune leaves what somebody has named


def listed(call: Call) -> Answer:
    """A list of them, by name."""
    names = [one.name for one in call.engine.volumes(call.request.filters())]
    volumes = [call.engine.inspect(name, "volume") for name in names]
    return as_json({"Volumes": volumes, "Warnings": call.engine.notices or None})


def create(call: Call) -> Answer:
    """Make one, unless it is there; without a name it gets one."""
    asked = Fields(call.data)
    name, driver = asked.text("Name"), asked.text("Driver")
    if driver not in ("", "local"):
        raise Problem(
            404,
            f"create {name}: error looking up volume plugin {driver}: "
            f'plugin "{driver}" not found',
        )
    volume = call.engine.create_volume(
        name or None, asked.text_map("Labels"), asked.text_map("DriverOpts")
    )
    return as_json(call.engine.inspect(volume.name, "volume"), 201)


def inspect(call: Call) -> Answer:
    """All that there is to say of one."""
    return as_json(call.engine.inspect(call.name, "volume"))


def remove(call: Call) -> Answer:
    """Remove one that nobody uses."""
    call.engine.remove_volume(call.name, force=call.request.flag("force"))
    return nothing()


def prune(call: Call) -> Answer:
    """Remove those that nobody uses: named ones too, for clients older than 1.42."""
    filters = call.request.filters()
    everything = call.request.version < _ALL_SINCE or bool(truth(filters, "all"))
    others = {key: filters[key] for key in filters if key != "all"}
    removed, freed = call.engine.prune_volumes(
        everything, to_prune(others, time.time())
    )
    return as_json({"VolumesDeleted": removed, "SpaceReclaimed": freed})


ROUTES = (
    Route("GET", "/volumes", listed),
    Route("POST", "/volumes/create", create, Takes.JSON),
    Route("POST", "/volumes/prune", prune, slow=True),
    Route("GET", "/volumes/{name}", inspect),
    Route("DELETE", "/volumes/{name}", remove, slow=True),
)
