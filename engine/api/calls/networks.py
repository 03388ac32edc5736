"""Networks: make, list, inspect, remove; who belongs to one.

Source: Docker Engine API 1.41, "Networks"
Try it: `curl --unix-socket /run/labshell/labd.sock http://labd/networks/bridge`
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from engine.api.answers import Answer, as_json, nothing
from engine.api.call import Call
from engine.api.problems import Problem
from engine.api.routes import Route, Takes
from engine.errors import Conflict
from engine.fields import Fields
from engine.filters import to_prune

_PREDEFINED = ("bridge", "host", "none", "default")


def listed(call: Call) -> Answer:
    """A list of them, by name; who belongs to one, only `inspect` says."""
    return as_json(call.engine.network_summaries(call.request.filters()))


def inspect(call: Call) -> Answer:
    """All that there is to say of one."""
    return as_json(call.engine.inspect_network(call.name))


def create(call: Call) -> Answer:
    """Make one."""
    asked = Fields(call.data)
    _refuse_what_is_not_here(asked)
    pool, name = _pool(asked.object("IPAM")), asked.text("Name")
    with _forbidden_if_predefined(name):
        network = call.engine.create_network(
            name,
            subnet=pool.text("Subnet"),
            gateway=pool.text("Gateway"),
            ip_range=pool.text("IPRange"),
            internal=asked.truth("Internal"),
            labels=asked.text_map("Labels"),
            options=asked.text_map("Options"),
        )
    return as_json({"Id": network.id, "Warning": ""}, 201)


@contextmanager
def _forbidden_if_predefined(name: str) -> Iterator[None]:
    """What conflicts with a network that is always there is 403."""
    try:
        yield
    except Conflict as error:
        if name in _PREDEFINED:
            raise Problem(403, error.message) from error
        raise


def _refuse_what_is_not_here(asked: Fields) -> None:
    """Problem for what Docker can do with a network, and this engine cannot."""
    driver = asked.text("Driver")
    if driver not in ("", "bridge"):
        raise Problem(404, f'plugin "{driver}" not found')
    for key in ("EnableIPv6", "Ingress", "ConfigOnly"):
        if asked.truth(key):
            raise Problem(400, f"networks with {key} are not supported here")
    if asked.text("Scope") not in ("", "local"):
        raise Problem(400, "networks of several machines are not supported here")


def _pool(addresses: Fields) -> Fields:
    """The block of addresses that is asked for. Problem (400) if it is two."""
    driver, pools = addresses.text("Driver"), addresses.objects("Config")
    if driver not in ("", "default"):
        raise Problem(404, f'plugin "{driver}" not found')
    if len(pools) > 1:
        raise Problem(400, "a network with several subnets is not supported here")
    pool = pools[0] if pools else Fields({})
    if pool.text_map("AuxiliaryAddresses"):
        raise Problem(400, "addresses that are set aside are not supported here")
    return pool


def remove(call: Call) -> Answer:
    """Remove one to which nobody is connected."""
    with _forbidden_if_predefined(call.name):
        call.engine.remove_network(call.name)
    return nothing()


def connect(call: Call) -> Answer:
    """Let a container belong to it."""
    asked = Fields(call.data)
    endpoint = asked.object("EndpointConfig")
    if endpoint.texts("Links"):
        raise Problem(
            400, "links are not supported here: use a network, where names are known"
        )
    wanted = {
        "aliases": endpoint.texts("Aliases"),
        "address": endpoint.object("IPAMConfig").text("IPv4Address"),
        "mac": endpoint.text("MacAddress"),
    }
    call.engine.connect(call.name, asked.text("Container"), wanted)
    return nothing(200)


def disconnect(call: Call) -> Answer:
    """Let a container belong to it no more."""
    asked = Fields(call.data)
    call.engine.disconnect(
        call.name, asked.text("Container"), force=asked.truth("Force")
    )
    return nothing(200)


def prune(call: Call) -> Answer:
    """Remove those to which no container belongs."""
    wanted = to_prune(call.request.filters(), time.time())
    return as_json({"NetworksDeleted": call.engine.prune_networks(wanted) or None})


ROUTES = (
    Route("GET", "/networks", listed),
    Route("POST", "/networks/create", create, Takes.JSON),
    Route("POST", "/networks/prune", prune, slow=True),
    Route("GET", "/networks/{name}", inspect),
    Route("DELETE", "/networks/{name}", remove),
    Route("POST", "/networks/{name}/connect", connect, Takes.JSON),
    Route("POST", "/networks/{name}/disconnect", disconnect, Takes.JSON),
)
