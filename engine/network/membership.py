"""A membership: that a container belongs to a network, and what it wants there.

It is kept in the container's config.json, whether the container runs or not:
`network connect` adds one, `network disconnect` takes one away. What comes of it while
it runs, an address and a pair of interfaces, is an endpoint: see runtime/sandbox.py.

Try it: `lab inspect -f '{{json .NetworkSettings.Networks}}' box`
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

BRIDGE, HOST, NONE, OTHER = "bridge", "host", "none", "container:"
DEFAULT = "default"  # what is taken if nothing is said: no network is called so


class Membership(NamedTuple):
    """Of which network, under which further names, with which address.

    `address` and `mac` are "" where any will do.
    """

    network: str
    aliases: tuple[str, ...] = ()
    address: str = ""
    mac: str = ""

    def to_json(self) -> dict[str, Any]:
        """As in config.json: what was not said is left out."""
        fields = {**self._asdict(), "aliases": list(self.aliases)}
        return {name: value for name, value in fields.items() if value}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "Membership":
        """The membership that config.json holds."""
        return Membership(
            network=str(data["network"]),
            aliases=tuple(data.get("aliases", ())),
            address=str(data.get("address", "")),
            mac=str(data.get("mac", "")),
        )


def has_own_namespace(mode: str) -> bool:
    """Whether a container with --network `mode` gets a pinned namespace."""
    return mode not in (HOST, NONE) and not mode.startswith(OTHER)
