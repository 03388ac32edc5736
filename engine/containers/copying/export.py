"""Export: what a container sees as its root, as one tar: no layers, no history.

    commit    the read-write layer     ──►  one layer more, history, Env, Cmd …
    export    all layers, seen as one  ──►  a tar of files, and nothing else

The tree is that of the layers: the image's, the init layer (`.dockerenv`, an empty
/etc/hosts), the container's own. Deleted files are simply not there. What is mounted
over it (volumes, /proc) is not in it. The container is not paused: as under Docker, a
file that changes meanwhile is caught as it is when its turn comes.

Source: docker export, as measured
Try it: `lab export box | lab import - flat; lab history flat`
"""

from functools import partial
from pathlib import Path

from engine import files
from engine.containers.copying import shifting
from engine.containers.copying.view import whole_tree
from engine.containers.house import House
from engine.containers.record import Container
from engine.storage.owners import AS_IS
from engine.storage.pack import pack


def export(house: House, container: Container, out: int) -> None:
    """Write the tar of a container's tree to the descriptor `out`."""
    house.prepare()
    with whole_tree(house, container) as seen:
        shift = shifting.inward(container) if seen.shifted else AS_IS
        root = Path(f"/proc/self/fd/{seen.root}")
        pack(root, partial(files.write_all, out), shift=shift)
