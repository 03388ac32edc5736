"""The machine's side of every attachment: what all verbs of networks are given.

Try it: `ls /run/labshell/*/netns; ip link | grep lb`
"""

from pathlib import Path
from typing import NamedTuple

from engine.network.networks import Networks
from engine.runtime.place import Place


class Machine(NamedTuple):
    """One engine root on this machine; `at_once`: somebody is watching the acts."""

    place: Place
    networks: Networks
    at_once: bool = False

    @property
    def lock(self) -> Path:
        """Held by whoever makes a bridge: two roots must not choose one subnet."""
        return self.place.directory.parent / "pools.lock"
