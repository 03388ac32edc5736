"""Processes as a picture: who started whom, and what each is called inside.

    4690  docker run web               client of labd
    4700  labd                         labd
    └── 4711  lab-spawner              spawner
        └── 4720  lab-shim             shim of web
            ├── 4722 → 1   sleep 1000  web
            └── 4810 → 7   sh          exec in web

The number in front is the machine's; behind the arrow stands the number that the same
process has inside its pid namespace. A process is never copied into a container: it is
one process, and has two numbers. What an exec started hangs below the shim, beside
process 1 and not below it. A client of labd is nobody's parent here: it only asks.

Behind its role stand the namespaces that a process does not share with the machine, as
`net1 pid1`. The same number, in the same colour, is the same namespace.

man: pid_namespaces(7), pstree(1)
Try it: `lab tree`, and `ps -ef --forest` beside it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from labshell.views.tables import printable

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text
    from rich.tree import Tree

    from engine.engine import ProcessInfo

_STYLES = {
    "labd": "blue",
    "client": "blue",
    "spawner": "dim",
    "shim": "yellow",
    "porter": "yellow",
    "starter": "magenta",
    "container": "green",
    "exec": "cyan",
}


_OUTSIDE = ("labd", "client", "spawner", "shim")  # they are the machine's own
_COLOURS = ("cyan", "magenta", "yellow", "green", "blue", "red")

Walls = Mapping[int, Mapping[str, int]]  # of a process, each namespace's number


def draw(processes: "Sequence[ProcessInfo]") -> "RenderableType":
    """The processes as a tree, parents above their children."""
    from rich.console import Group
    from rich.text import Text
    from rich.tree import Tree

    if not processes:
        return Text("No process of the engine's runs.", style="dim")
    known = {process.pid for process in processes}
    walls = _walls(processes)
    trees = []
    for process in processes:
        if process.parent not in known:
            tree = Tree(_label(process, walls), guide_style="dim")
            _grow(tree, process, processes, walls)
            trees.append(tree)
    return Group(*trees)


def _grow(
    tree: "Tree", parent: "ProcessInfo", all_: "Sequence[ProcessInfo]", walls: Walls
) -> None:
    for process in all_:
        if process.parent == parent.pid and process is not parent:
            _grow(tree.add(_label(process, walls)), process, all_, walls)


def _label(process: "ProcessInfo", walls: Walls) -> "Text":
    from rich.text import Text

    label = Text(str(process.pid), style="bold", overflow="fold")
    if process.inside_pid is not None:
        label.append(f" → {process.inside_pid}", style="bold magenta")
    label.append(f"  {printable(process.command)}", style="not bold")
    label.append(f"  {_role(process)}", style=_STYLES.get(process.role, "none"))
    for kind, number in walls.get(process.pid, {}).items():
        colour = _COLOURS[(number - 1) % len(_COLOURS)]
        label.append(f" {kind}{number}", style=f"not bold {colour}")
    return label


def _walls(processes: "Iterable[ProcessInfo]") -> Walls:
    """Of each process, the namespaces that no shim is in, numbered by kind."""
    everything = list(processes)
    shared = {
        inode
        for process in everything
        if process.role in _OUTSIDE
        for inode in process.namespaces.values()
    }
    known: dict[str, list[int]] = {}
    found: dict[int, dict[str, int]] = {}
    for process in everything:
        walls = found[process.pid] = {}
        for kind, inode in process.namespaces.items():
            numbers = known.setdefault(kind, [])
            if inode not in shared:
                if inode not in numbers:
                    numbers.append(inode)
                walls[kind] = numbers.index(inode) + 1
    return found


def _role(process: "ProcessInfo") -> str:
    """What the process is to the engine."""
    if process.role == "client":
        return "client of labd"
    if process.container is None:
        return process.role
    match process.role:
        case "shim":
            return f"shim of {process.container}"
        case "porter":
            return f"porter of {process.container}"
        case "starter":
            return f"starts {process.container}"
        case "exec":
            return f"exec in {process.container}"
        case _:
            return process.container


def sentences(processes: "Sequence[ProcessInfo]") -> list[str]:
    """The processes in words, one line each."""
    if not processes:
        return ["No process of the engine's runs."]
    by_pid = {process.pid: process for process in processes}
    walls = _walls(processes)
    said = []
    for process in processes:
        words = (
            f"Process {process.pid} ({_role(process)}) is {printable(process.command)}"
        )
        if process.inside_pid is not None:
            words += f"; inside, its number is {process.inside_pid}"
        parent = by_pid.get(process.parent)
        owner = f" ({_role(parent)})" if parent else ""
        if own := walls[process.pid]:
            named = ", ".join(f"{kind} {number}" for kind, number in own.items())
            words += f"; its namespaces are {named}"
        said.append(f"{words}; its parent is {process.parent}{owner}.")
    return said


def as_json(processes: "Iterable[ProcessInfo]") -> list[dict[str, Any]]:
    """The processes as data, with their namespaces."""
    return [
        {
            "pid": process.pid,
            "parent": process.parent,
            "inside_pid": process.inside_pid,
            "command": process.command,
            "role": process.role,
            "container": process.container,
            "namespaces": process.namespaces,
        }
        for process in processes
    ]
