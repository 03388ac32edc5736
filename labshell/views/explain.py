"""Acts as plain text, for `lab run --explain`: what was done, how, and by whom.

    Mounts: what a process sees when it looks at a path
      mount -t overlay overlay -o lowerdir=… /…/rootfs
        mount(2) = 0, 57 µs, asked by engine.runtime.rootfs:apply

The first line of each act could be typed into a shell instead. A heading stands
wherever the concept changes, so the order of steps stays visible.

Try it: `lab run --explain busybox true 2>&1 | less`
"""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from labshell.views.tables import printable

HEADINGS = {
    "mounts": "Mounts: what a process sees when it looks at a path",
    "namespaces": "Namespaces: what a process has to itself",
    "processes": "Processes: who runs, and who started whom",
    "cgroups": "Control groups: how much a container may use",
    "devices": "Devices: which device nodes may be opened",
    "capabilities": "Capabilities: root's powers, piece by piece",
    "seccomp": "Seccomp: which system calls may be made at all",
    "terminal": "Terminal: a pty for the program",
    "links": "Network links: the interfaces it has",
}


def explained(acts: Sequence[Mapping[str, Any]]) -> str:
    """The acts in their order, under a heading for each stretch of one concept."""
    lines = []
    for concept, together in groupby(acts, lambda act: str(act["concept"])):
        lines.append(HEADINGS.get(concept, concept.capitalize()))
        for act in together:
            lines.append(f"  {printable(str(act['shell']))}")
            lines.append(
                f"    {act['call']} = {act['result']}, {act['microseconds']} µs, "
                f"asked by {act['symbol']}"
            )
    return "\n".join(lines)
