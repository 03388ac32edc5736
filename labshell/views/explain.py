"""Acts as plain text, for `lab run --explain`: what was done, how, and by whom.

    ID=3c05019b6d77… C=/var/lib/labshell/containers/$ID
    Mounts: what a process sees when it looks at a path
      mount -t overlay overlay -o lowerdir=… $C/rootfs
        mount(2) = 0, 57 µs, asked by engine.runtime.rootfs:apply

The first line of each act could be typed into a shell instead. A heading stands
wherever the concept changes, so the order of steps stays visible. What would make
every line long, the container's ID and directory, is given a name first.

Try it: `lab run --explain busybox true 2>&1 | less`
"""

from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from labshell.views.tables import printable

HEADINGS = {
    "mounts": "Mounts: what a process sees when it looks at a path",
    "namespaces": "Namespaces: what a process has to itself",
    "processes": "Processes: who runs, and who started whom",
    "cgroups": "Control groups: how much a container may use",
    "scope": "Scope: the control group that systemd leaves to the engine",
    "parameters": "Kernel parameters: numbers that its namespaces have to themselves",
    "devices": "Devices: which device nodes may be opened",
    "capabilities": "Capabilities: root's powers, piece by piece",
    "seccomp": "Seccomp: which system calls may be made at all",
    "terminal": "Terminal: a pty for the program",
    "links": "Network links: the interfaces it has",
}


def names(directory: Path) -> str:
    """The names that stand for a container's ID and directory below."""
    return f"ID={directory.name} C={directory.parent}/$ID"


def explained(acts: Sequence[Mapping[str, Any]], directory: Path) -> str:
    """The acts in their order, under a heading for each stretch of one concept."""
    lines = []
    for concept, together in groupby(acts, lambda act: str(act["concept"])):
        lines.append(HEADINGS.get(concept, concept.capitalize()))
        for act in together:
            shell = str(act["shell"]).replace(str(directory), "$C")
            lines.append(f"  {printable(shell.replace(directory.name, '$ID'))}")
            lines.append(
                f"    {act['call']} = {act['result']}, {act['microseconds']} µs, "
                f"asked by {act['symbol']}"
            )
    return "\n".join(lines)
