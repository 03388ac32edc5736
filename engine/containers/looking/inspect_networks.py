"""Networks as Docker's tools describe them: those of a container, and one by itself.

    NetworkSettings            of a container: its addresses, network by network
    network inspect            of a network: its subnet, who is attached

A container has addresses while it runs. Before and after it only belongs to networks,
and all that tells of an address is empty.

Source: Docker Engine API 1.41, NetworkSettings, EndpointSettings and Network
Try it: `lab inspect -f '{{json .NetworkSettings.Networks}}' NAME`
"""

from collections.abc import Sequence
from typing import Any

from engine.containers.looking import inspect_ports
from engine.containers.record import Container
from engine.network.membership import HOST, NONE, OTHER, Membership
from engine.network.networks import Network
from engine.runtime.sandbox import Endpoint, Sandbox

_NO_ADDRESS = {
    "EndpointID": "",
    "Gateway": "",
    "GlobalIPv6Address": "",
    "GlobalIPv6PrefixLen": 0,
    "IPAddress": "",
    "IPPrefixLen": 0,
    "IPv6Gateway": "",
    "MacAddress": "",
}


def settings(container: Container) -> dict[str, Any]:
    """The networks of a container; on the default one its address is there twice."""
    sandbox = Sandbox.read(container.directory)
    endpoints = _endpoints(sandbox)
    return {
        "Bridge": "",
        "SandboxID": container.id if sandbox else "",
        "HairpinMode": False,
        "LinkLocalIPv6Address": "",
        "LinkLocalIPv6PrefixLen": 0,
        "Ports": inspect_ports.opened(container),
        "SandboxKey": _key(container, sandbox),
        "SecondaryIPAddresses": None,
        "SecondaryIPv6Addresses": None,
        **_address(endpoints.get("bridge")),
        "Networks": _networks(container, endpoints),
    }


def of_container(container: Container) -> dict[str, Any]:
    """The networks of a container by name, with its addresses while it runs."""
    sandbox = Sandbox.read(container.directory) if container.active else None
    return _networks(container, _endpoints(sandbox))


def _endpoints(sandbox: Sandbox | None) -> dict[str, Endpoint]:
    return {one.network: one for one in (sandbox.endpoints if sandbox else ())}


def _key(container: Container, sandbox: Sandbox | None) -> str:
    """Where its network namespace can be entered: `nsenter --net=…`."""
    if sandbox:
        return sandbox.namespace
    return f"/proc/{container.state.pid}/ns/net" if container.running else ""


def _networks(container: Container, endpoints: dict[str, Endpoint]) -> dict[str, Any]:
    mode = container.options.network
    if mode.startswith(OTHER):
        return {}
    if mode in (HOST, NONE):
        return {mode: _endpoint(container, Membership(network=mode), None)}
    return {
        one.network: _endpoint(container, one, endpoints.get(one.network))
        for one in container.memberships
    }


def _endpoint(
    container: Container, wanted: Membership, endpoint: Endpoint | None
) -> dict[str, Any]:
    named = endpoint is not None and wanted.network != "bridge"
    aliases = [*wanted.aliases, *([container.short_id] if named else [])]
    asked = {"IPv4Address": wanted.address} if wanted.address else None
    return {
        "IPAMConfig": asked,
        "Links": None,
        "Aliases": aliases or None,
        "NetworkID": endpoint.network_id if endpoint else "",
        **_address(endpoint),
        "DriverOpts": None,
    }


def _address(endpoint: Endpoint | None) -> dict[str, Any]:
    if endpoint is None:
        return dict(_NO_ADDRESS)
    return {
        **_NO_ADDRESS,
        "EndpointID": endpoint.id,
        "Gateway": endpoint.gateway,
        "IPAddress": endpoint.address,
        "IPPrefixLen": endpoint.prefix,
        "MacAddress": endpoint.mac,
    }


def network(
    one: Network, bridge: str, containers: Sequence[Container]
) -> dict[str, Any]:
    """A network, its interface, and those of the containers that are attached to it."""
    named = {"com.docker.network.bridge.name": bridge} if bridge else {}
    pools = [{"Subnet": one.subnet, "Gateway": one.gateway}] if one.subnet else []
    if one.ip_range:
        pools[0]["IPRange"] = one.ip_range
    return {
        "Name": one.name,
        "Id": one.id,
        "Created": one.created or "0001-01-01T00:00:00Z",
        "Scope": "local",
        "Driver": one.driver,
        "EnableIPv6": False,
        "IPAM": {"Driver": "default", "Options": None, "Config": pools},
        "Internal": one.internal,
        "Attachable": False,
        "Ingress": False,
        "ConfigFrom": {"Network": ""},
        "ConfigOnly": False,
        "Containers": dict(_attached(one, containers)),
        "Options": {**named, **one.options},
        "Labels": dict(one.labels),
    }


def _attached(
    network: Network, containers: Sequence[Container]
) -> list[tuple[str, dict[str, str]]]:
    found = []
    for container in containers:
        sandbox = Sandbox.read(container.directory)
        for endpoint in sandbox.endpoints if sandbox else ():
            if endpoint.network_id == network.id:
                shown = {
                    "Name": container.name,
                    "EndpointID": endpoint.id,
                    "MacAddress": endpoint.mac,
                    "IPv4Address": f"{endpoint.address}/{endpoint.prefix}",
                    "IPv6Address": "",
                }
                found.append((container.id, shown))
    return found
