"""Layers as a picture: the stack that a container sees as one file system.

    ╭ read-write · web ────────────────────────────────╮   the only one that changes
    │ A /srv/note                                      │
    │ D /etc/group                                     │
    ╰──────────────────────────────────────────── 12B ─╯
    ╭ init · 3c05019b6d77 ─────────────────────────────╮   made by the engine, never
    │ A /etc/hosts                                     │   committed
    ╰───────────────────────────────────────────── 0B ─╯
    ╭ image · 5f70bf18a086 ────────────────────────────╮   shared by many containers,
    │ A /bin/sh                                        │   never changed
    ╰───────────────────────────────────────── 1.98MB ─╯

Looked at from above: the topmost layer that has a file is the one that shows it. A file
is marked by what its layer does to those below: A added, C changed (the whole file was
copied up), D deleted (a whiteout lies there).

man: mount(8), "overlay"; https://docs.kernel.org/filesystems/overlayfs.html
Try it: `lab layers web --paths`, then `ls` one of the directories.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from labshell.views.amounts import size
from labshell.views.tables import printable, shorten

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

    from engine.engine import Change, LayerView

MOST_FILES = 8  # of each layer, unless all are asked for
_STYLES = {"A": "green", "C": "yellow", "D": "red"}
_BORDERS = {"read-write": "green", "init": "yellow"}
_WORDS = {"A": "adds", "C": "changes", "D": "deletes"}


def draw(
    layers: "Sequence[LayerView]", *, paths: bool = False, files: int = MOST_FILES
) -> "RenderableType":
    """The stack, topmost layer first; `paths` adds where each lies on the disk."""
    from rich.console import Group
    from rich.panel import Panel
    from rich.text import Text

    if not layers:
        return Text("There are no layers.", style="dim")
    parts: list[RenderableType] = []
    for layer in reversed(layers):
        if paths:  # outside the frame and on one line, so that it can be copied
            where = str(layer.directory)
            parts.append(Text(where, style="cyan", no_wrap=True, overflow="ignore"))
        parts.append(
            Panel(
                _body(layer, files),
                title=Text(_title(layer), style="bold"),
                title_align="left",
                subtitle=Text(size(layer.size), style="dim"),
                subtitle_align="right",
                border_style=_BORDERS.get(layer.kind, "blue"),
            )
        )
    return Group(*parts)


def _body(layer: "LayerView", files: int) -> "Text":
    from rich.text import Text

    body = Text(overflow="fold")
    if layer.kind == "image" and layer.created_by:
        body.append(f"{printable(shorten(layer.created_by, 120))}\n", style="italic")
    changes = layer.changes()
    shown = _most_telling(changes, files)
    for change in shown:
        body.append(f"{change.kind} ", style=_STYLES.get(change.kind, "none"))
        body.append(f"{printable(change.path)}\n")
    if len(changes) > len(shown):
        body.append(f"… {len(changes)} in all\n", style="dim")
    if not changes:
        body.append("empty\n", style="dim")
    body.right_crop(1)
    return body


def _most_telling(changes: "Sequence[Change]", most: int) -> "list[Change]":
    """The first few; a directory that is only on the way to another says nothing."""
    on_the_way = {
        change.path
        for change in changes
        if change.kind == "C" and _leads(change, changes)
    }
    telling = [change for change in changes if change.path not in on_the_way]
    return (telling if len(changes) > most else list(changes))[:most]


def _leads(change: "Change", changes: "Sequence[Change]") -> bool:
    return any(other.path.startswith(change.path + "/") for other in changes)


def _title(layer: "LayerView") -> str:
    identity = layer.id.removeprefix("sha256:")[:12]
    name = layer.created_by if layer.kind == "read-write" else identity
    return f"{layer.kind} · {printable(name)}"


def sentences(
    layers: "Sequence[LayerView]", *, paths: bool = False, files: int = MOST_FILES
) -> list[str]:
    """The stack in words, topmost layer first."""
    said = []
    for height, layer in reversed(list(enumerate(layers, 1))):
        place = f" It lies in {layer.directory}." if paths else ""
        changes = layer.changes()
        said.append(
            f"Layer {height} of {len(layers)} ({_title(layer)}) holds "
            f"{size(layer.size)} and {_tally(changes)}.{place}"
        )
        for change in _most_telling(changes, files):
            said.append(f"  It {_WORDS[change.kind]} {printable(change.path)}.")
    return said


def _tally(changes: "Sequence[Change]") -> str:
    kinds: list[str] = [change.kind for change in changes]
    return ", ".join(f"{word} {kinds.count(kind)}" for kind, word in _WORDS.items())


def as_json(layers: "Sequence[LayerView]") -> list[dict[str, Any]]:
    """The stack as data, bottom first, with every file."""
    return [
        {
            "kind": layer.kind,
            "id": layer.id,
            "created_by": layer.created_by,
            "size": layer.size,
            "directory": str(layer.directory),
            "changes": [
                {"kind": change.kind, "path": change.path} for change in layer.changes()
            ],
        }
        for layer in layers
    ]
