"""Section 2, the layers: the same ones below, and a read-write layer of its own.

    "$work"/lower/1 …    links to the layers, topmost first: the options of a mount must
                         fit in a page, and a name may hold what divides them
    "$work"/upper work   what this container writes
    "$work"/rootfs       where it will all be seen together
    "$work"/hosts …      copies of the files that each container has for itself

The overlay itself is mounted later, in the container's own mount namespace: so it ends
with the last process there, whatever becomes of the script.

man: Documentation/filesystems/overlayfs.rst, mount(8)
Try it: `lab layers box --paths`
"""

from pathlib import Path

from engine.by_hand import words
from engine.kernel.mounts import WHOLE
from engine.notes import quote
from engine.runtime.bundle import Layers

_ABOUT = """
The image's layers are directories, unpacked once, that nobody changes. An overlay shows
them as one tree, with a directory on top that takes all that is written. Links stand
for the layers, topmost first: the options of a mount must fit in a page. Originally:
engine.containers.create:create, engine.containers.network_files:write
"""


def lines(layers: Layers, directory: Path) -> list[str]:
    """The section: directories, links to the layers, and copies of files."""
    return [
        *words.heading(2, "The layers", _ABOUT),
        "rootfs=$work/rootfs",
        'mkdir -m 755 "$work"/lower "$work"/upper "$work"/work "$rootfs"',
        *(
            f'ln -s {quote(str(layer))} "$work"/lower/{number}'
            for number, layer in enumerate(layers.lower, 1)
        ),
        *(
            f'cp -p {quote(str(directory / name))} "$work"/{name}'
            for name in words.OWN_FILES
        ),
        *(['mkdir -m 755 "$work"/shm'] if layers.shared_memory else ()),
    ]


def overlay(layers: Layers) -> list[str]:
    """The mount; relative names are those of the directory it is done in.

    Memory that other containers could join is mounted beside it.
    """
    lower = ":".join(f"lower/{number}" for number, _ in enumerate(layers.lower, 1))
    options = f"lowerdir={lower},upperdir=upper,workdir=work,{WHOLE}"
    found = ['cd "$work"', f"mount -t overlay overlay -o {options} rootfs", "cd /"]
    if size := layers.shared_memory:
        memory = f"nosuid,nodev,noexec,mode=1777,size={size}"
        found.append(f'mount -t tmpfs -o {quote(memory)} shm "$work"/shm')
    return found
