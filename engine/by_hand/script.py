"""The whole script: its sections, one after the other.

What it is made of is data: the acts of a start, and the bundle. What comes out is text;
a byte of a name that is no UTF-8 is in it as Python keeps such bytes (os.fsdecode).

Try it: `lab acts box --sh`
"""

from collections.abc import Sequence
from pathlib import Path

from engine.by_hand import (
    cables,
    frame,
    groups,
    last_start,
    layers,
    ports,
    program,
    root,
    tree,
    walls,
)
from engine.by_hand.cables import Cable
from engine.by_hand.words import Act
from engine.containers.record import Container
from engine.errors import InvalidArgument
from engine.oci.spec import Spec
from engine.runtime.bundle import Bundle, Layers, ShimFacts


def of_container(
    container: Container, acts: Sequence[Act], network: Sequence[Cable] = ()
) -> str:
    """The last start of a container that is there; see `script`."""
    directory = container.directory
    bundle = Bundle.read(directory / "bundle")
    facts = ShimFacts.read(directory / "bundle")
    return script(
        acts,
        bundle.spec,
        bundle.layers,
        directory,
        name=container.name,
        image=container.image,
        interactive=facts.interactive,
        network=tuple(network),
    )


def script(
    acts: Sequence[Act],
    spec: Spec,
    stack: Layers | None,
    directory: Path,
    *,
    name: str,
    image: str,
    interactive: bool,
    network: tuple[Cable, ...] = (),
) -> str:
    """The last start of the container in `directory`, as a script of sh(1).

    `network`: how it is plugged in, if it has a network of the engine's.

    InvalidState if no whole start is recorded, InvalidArgument if no script can do it.
    """
    spec, pinned = _unpinned(spec)
    layered = _layers(spec, stack, name)
    start = last_start.find(acts, name)
    own = groups.read(start, spec.cgroup)
    attended = interactive or spec.process.terminal
    lines = [
        *frame.head(name, image, spec, own.version),
        *frame.clean_up(own),
        *frame.begin(directory),
        *groups.lines(start, own),
        *layers.lines(layered, directory),
        *walls.lines(spec, own, attended),
        *(cables.lines(network) if pinned else ()),
        *(ports.lines(acts, network) if pinned else ()),
        *tree.lines(spec, layered, start, directory),
        *root.lines(),
        *program.lines(spec.process, attended),
    ]
    return "\n".join(lines) + "\n"


def _unpinned(spec: Spec) -> tuple[Spec, bool]:
    """The specification with a new network namespace in place of a pinned one.

    And whether there was one; that of another container stays as it is.
    """
    path = spec.joined.get("network", "")
    if not path or Path(path).parent.name == "ns":
        return spec, False
    joined = {kind: at for kind, at in spec.joined.items() if kind != "network"}
    kinds = (*spec.namespaces, "network")
    return spec._replace(namespaces=kinds, joined=joined), True


def _layers(spec: Spec, stack: Layers | None, name: str) -> Layers:
    """Its layers; InvalidArgument for what would be another thing in a script."""
    if spec.joined:
        kinds = ", ".join(spec.joined)
        raise InvalidArgument(
            f"container {name} shares namespaces of another container ({kinds})",
            "A script cannot know that one's processes: write down the other one.",
        )
    if spec.identities:
        raise InvalidArgument(
            f"container {name} has a user namespace, and its files are shifted",
            "mount(8) can do that from util-linux 2.39 on (X-mount.idmap), and no "
            "script here yet: `lab acts` lists what was done.",
        )
    if stack is None:
        raise InvalidArgument(
            f"container {name} has no layers", "Its bundle brings its own root."
        )
    return stack
