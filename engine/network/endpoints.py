"""Endpoints: a container is attached to its networks, and detached from them.

    attach   before each start, by the command that starts it; nothing happens if all is
             still there from before, as after a restart by policy
    join     one more network, while it runs
    leave    one network less, while it runs
    (end)    runtime/sandbox.py: whoever sees the container end takes all away

What else must be done for an attached container (published ports, names) is done by
engine/containers/networking.py, which gets from here a `Attached`: the sandbox as it is
in network.json, and a descriptor of the network namespace, in which sockets can be
made by a helper that enters it.

(signatures only: the code follows)
"""

from pathlib import Path
from typing import NamedTuple

from engine.network.membership import Membership
from engine.network.networks import Network, Networks
from engine.runtime.place import Place
from engine.runtime.sandbox import Endpoint, Sandbox


class Attached(NamedTuple):
    """What `attach` has made: close `namespace` when it is not needed any more."""

    sandbox: Sandbox
    namespace: int  # an open descriptor of the container's network namespace
    channel: int  # a netlink socket that was opened inside it
    new: bool  # False: all was there already (restart by policy): ports are, too


def attach(
    place: Place,
    networks: Networks,
    directory: Path,
    memberships: tuple[Membership, ...],
) -> Attached: ...


def join(
    place: Place, networks: Networks, directory: Path, membership: Membership
) -> Endpoint: ...


def leave(
    place: Place, networks: Networks, directory: Path, network: Network
) -> Endpoint: ...
