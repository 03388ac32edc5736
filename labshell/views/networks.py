"""Networks: rows of a table, fields for templates, JSON.

    NETWORK ID     NAME      DRIVER    SCOPE
    2945159...     bridge    bridge    local

Try it: `lab network ls --format '{{.Name}} {{.Internal}}'`
"""

from typing import TYPE_CHECKING, Any

from labshell.templates.listing import Listing, Row
from labshell.views.amounts import local_time
from labshell.views.containers import pairs

if TYPE_CHECKING:
    from engine.engine import Network

NETWORKS = Listing(
    headings={
        "ID": "NETWORK ID",
        "Name": "NAME",
        "Driver": "DRIVER",
        "Scope": "SCOPE",
        "IPv6": "IPV6",
        "Internal": "INTERNAL",
        "Labels": "LABELS",
        "CreatedAt": "CREATED AT",
    },
    columns=("ID", "Name", "Driver", "Scope"),
    gives_way="Name",
)


def network_row(network: "Network", *, whole: bool) -> Row:
    """The fields of one network; `whole` cuts nothing."""
    return {
        "ID": network.id if whole else network.id[:12],
        "Name": network.name,
        "Driver": network.driver,
        "Scope": "local",
        "IPv6": "false",
        "Internal": str(network.internal).lower(),
        "Labels": pairs(network.labels),
        "Label": lambda key: network.labels.get(key, ""),
        "CreatedAt": local_time(network.created) if network.created else "",
    }


def network_json(network: "Network") -> dict[str, Any]:
    """One network for programs."""
    return network.to_json()
