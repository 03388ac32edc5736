"""Mounts as a picture: what is mounted where, container by container.

    the machine
    └── /var/lib/labshell  ext4  private
    web  3f2a91c0d7e4
    ├── on the machine
    │   └── …/containers/3f2a91c0d7e4…/rootfs  overlay of 3 layers
    └── inside
        └── /  overlay of 3 layers
            ├── /proc  proc
            └── /dev  tmpfs
                └── /dev/pts  devpts

The same overlay is seen twice: the machine sees it below the engine's root, the
container sees it as "/". What else the container sees exists in its own mount namespace
only. In a live picture + marks what came with the last change.

Three functions: for the eye, as sentences, for programs.

man: mount_namespaces(7), proc(5) on mountinfo
Try it: `lab mounts`, `lab mounts --plain`, `findmnt -N PID` beside it.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from labshell.views.tables import printable

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.tree import Tree

    from engine.engine import MountPoint

MACHINE = "the machine"
_LONG_ID = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{52}\b")


class Seen(NamedTuple):
    """Mounts, and which of them came last (none if that is not known)."""

    points: "Sequence[MountPoint]"
    new: "frozenset[MountPoint]" = frozenset()


class News:
    """Tells which mounts are new: those that came with the last change."""

    def __init__(self) -> None:
        self._last: frozenset[MountPoint] | None = None
        self._new: frozenset[MountPoint] = frozenset()

    def among(self, points: "Sequence[MountPoint]") -> Seen:
        """These mounts, the new ones among them marked; at the first look, none."""
        now = frozenset(points)
        if self._last is not None and now != self._last:
            self._new = now - self._last
        self._last = now
        return Seen(points, self._new)


def draw(seen: Seen) -> "RenderableType":
    """The mounts as trees, one for the machine and one for each container."""
    from rich.console import Group
    from rich.text import Text
    from rich.tree import Tree

    points = seen.points
    if not points:
        return Text("Nothing of the engine's is mounted.", style="dim")
    trees: list[Tree] = []
    for name, own in _by_container(points).items():
        tree = Tree(Text(name or MACHINE, style="bold cyan"), guide_style="dim")
        for inside, title in ((False, "on the machine"), (True, "inside")):
            some = [point for point in own if point.inside == inside]
            branch = tree if name is None else _branch(tree, title, some)
            _hang(branch, some, seen.new)
        trees.append(tree)
    return Group(*trees)


def _hang(
    tree: "Tree", points: "Sequence[MountPoint]", new: "Collection[MountPoint]"
) -> None:
    """Hang each mount below the one that it is mounted in."""
    branches: dict[str, Tree] = {}
    for point in points:
        above = [path for path in branches if _is_below(point.target, path)]
        parent = branches[max(above, key=len)] if above else tree
        branches[point.target] = parent.add(_label(point, point in new))


def _is_below(path: str, directory: str) -> bool:
    return path != directory and path.startswith(directory.rstrip("/") + "/")


def _branch(tree: "Tree", title: str, points: "Sequence[MountPoint]") -> "Tree":
    from rich.text import Text

    return tree.add(Text(title, style="dim")) if points else tree


def _label(point: "MountPoint", new: bool) -> Any:
    """One line: where, what, and how."""
    from rich.text import Text

    target = _LONG_ID.sub(r"\1…", printable(point.target))
    label = Text("+ " if new else "", style="bold green", overflow="fold")
    label.append(target, style="bold default")
    label.append(f"  {_what(point)}", style="green" if _is_overlay(point) else "yellow")
    label.append(f"  {_how(point)}", style="dim not bold")
    return label


def sentences(seen: Seen) -> list[str]:
    """The mounts in words, one line each."""
    points = seen.points
    if not points:
        return ["Nothing of the engine's is mounted."]
    said = []
    for point in points:
        where = f"Inside {point.container}" if point.inside else "On the machine"
        whose = (
            f" for {point.container}" if point.container and not point.inside else ""
        )
        said.append(
            f"{where}, {_what(point)} is mounted on {printable(point.target)}{whose}"
            f" ({_how(point)}){', which is new' if point in seen.new else ''}."
        )
    return said


def as_json(seen: Seen) -> list[dict[str, Any]]:
    """The mounts as data, options complete."""
    return [
        {
            "container": point.container,
            "inside": point.inside,
            "target": point.target,
            "source": point.source,
            "kind": point.kind,
            "options": point.options,
            "id": point.id,
            "new": point in seen.new,
        }
        for point in seen.points
    ]


def _by_container(
    points: "Iterable[MountPoint]",
) -> "Mapping[str | None, list[MountPoint]]":
    found: dict[str | None, list[MountPoint]] = {}
    for point in points:
        found.setdefault(point.container, []).append(point)
    return found


def _is_overlay(point: "MountPoint") -> bool:
    return point.kind == "overlay"


def _what(point: "MountPoint") -> str:
    """The kind of a mount; of an overlay, how many layers it shows as one."""
    if not _is_overlay(point):
        return point.kind
    options = dict(part.partition("=")[::2] for part in point.options.split(","))
    lower = options.get("lowerdir", "")
    upper = 1 if "upperdir" in options else 0
    return f"overlay of {lower.count(':') + bool(lower) + upper} layers"


def _how(point: "MountPoint") -> str:
    """The options that matter to a reader: read-only or not, and what is forbidden."""
    words = point.options.split(",")  # first how it is mounted, then its file system
    told = [word for word in ("nosuid", "nodev", "noexec") if word in words]
    return ",".join([words[0], *told])
