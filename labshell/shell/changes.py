"""What changed: mounts, processes and layers that came or went since the last prompt.

    + mount overlay on …/containers/3f2a…/rootfs (web)
    + process 4712 sleep 1000 (container web, there pid 1)
    + layer read-write and init of web

Two pictures of the engine are compared, one from before the command and one from
after. The picture from before is the one that was taken after the command before: so
a container that ended by itself meanwhile is told of, too.

Nothing is printed when nothing changed, and never more than a few lines: the pictures
themselves are `lab mounts`, `lab tree` and `lab layers`.

Try it: `lab run -d --name box busybox sleep 1000`, then `lab rm -f box`
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labshell.messages import marked, marked_count, translate, translate_count
from labshell.shell.paint import painted
from labshell.views.tables import printable, shorten

if TYPE_CHECKING:
    from engine.engine import Engine, ProcessInfo

MOST_LINES = 5
LAYER, MOUNT, PROCESS = marked("layer"), marked("mount"), marked("process")
_ROLES = {
    "shim": marked("shim of {container}"),
    "container": marked("container {container}"),
    "exec": marked("exec {container}"),
    "porter": marked("porter {container}"),
}
_COUNTED = {
    ("+", LAYER): marked_count("{count} new layer", "{count} new layers"),
    ("+", MOUNT): marked_count("{count} new mount", "{count} new mounts"),
    ("+", PROCESS): marked_count("{count} new process", "{count} new processes"),
    ("-", LAYER): marked_count("{count} layer gone", "{count} layers gone"),
    ("-", MOUNT): marked_count("{count} mount gone", "{count} mounts gone"),
    ("-", PROCESS): marked_count("{count} process ended", "{count} processes ended"),
}

Things = Mapping[str, str]  # what it is recognised by -> how it is described


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """What there was of each kind at one moment."""

    mounts: Things
    processes: Things
    layers: Things


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that came (+) or went (-)."""

    sign: str
    kind: str
    text: str


class Watcher:
    """Remembers the last picture, and tells what is new."""

    def __init__(self, engine: "Engine") -> None:
        self.engine = engine
        self._images: tuple[object, Things] = (None, {})
        self._last: Picture | None = None

    def begin(self) -> None:
        """Take the first picture, before the first command."""
        if self._last is None:
            self.look()

    def look(self) -> list[Change]:
        """What changed since the last look; nothing at the first."""
        picture = Picture(
            mounts=_mounts(self.engine),
            processes=_processes(self.engine),
            layers={**self._image_layers(), **_container_layers(self.engine)},
        )
        before, self._last = self._last, picture
        return between(before, picture) if before else []

    def _image_layers(self) -> Things:
        """The layers of all images, read again only when index.json was replaced."""
        try:
            found = os.stat(self.engine.root / "images" / "index.json")
        except OSError:
            return {}
        stamp = (found.st_ino, found.st_mtime_ns, found.st_size)
        if stamp != self._images[0]:
            layers: dict[str, str] = {}
            for image in self.engine.images(all=True):
                name = next(
                    iter(image.references), image.id.removeprefix("sha256:")[:12]
                )
                for diff_id in image.config.diff_ids:
                    digest = diff_id.removeprefix("sha256:")[:12]
                    says = translate("{digest} of image {name}")
                    layers.setdefault(diff_id, says.format(digest=digest, name=name))
            self._images = (stamp, layers)
        return self._images[1]


def _mounts(engine: "Engine") -> Things:
    """One line for each mount of the host, one for all those inside a container."""
    found: dict[str, str] = {}
    inside: dict[str, int] = {}
    for point in engine.mounts():
        name = point.container
        if point.inside and name is not None:
            inside[name] = inside.get(name, 0) + 1
            continue
        whose = f" ({name})" if name else ""
        says = translate("{kind} on {path}").format(
            kind=point.kind, path=_short_path(engine, point.target)
        )
        found[f"{point.id} {point.target}"] = says + whose
    for name, count in inside.items():
        says = translate("namespace of {name}: {count} mounts inside")
        found[f"inside {name}"] = says.format(name=name, count=count)
    return found


def _short_path(engine: "Engine", target: str) -> str:
    """A path below the root without the root, and without 52 of an ID's 64 digits."""
    text = target.removeprefix(f"{engine.root}/")
    parts = (f"{p[:12]}…" if len(p) == 64 else p for p in text.split("/"))
    return ("" if text == target else "…/") + "/".join(parts)


def _processes(engine: "Engine") -> Things:
    """Shims, and what they have started: process 1 of each container, and execs.

    The spawner comes and goes as it is needed, and what a container's own processes
    start is the container's life, not a change that the last command has made.
    """
    found = {}
    everything = engine.processes()
    shims = {process.pid for process in everything if process.role == "shim"}
    for process in everything:
        if process.pid not in shims and process.parent not in shims:
            continue
        command = shorten(process.command, 40)
        found[f"{process.pid} {process.role}"] = (
            f"{process.pid} {command} ({_what_it_is(process)})"
        )
    return found


def _what_it_is(process: "ProcessInfo") -> str:
    """Whose process this is, and what the container calls it."""
    says = translate(_ROLES.get(process.role, "{role} {container}"))
    said = says.format(role=process.role, container=process.container)
    if process.inside_pid is None:
        return said
    return said + translate(", there pid {pid}").format(pid=process.inside_pid)


def _container_layers(engine: "Engine") -> Things:
    """Each container has two layers of its own, in its directory."""
    says = translate("read-write and init of {container}")
    return {
        container.id: says.format(container=container.name)
        for container in engine.containers(all=True)
    }


def between(before: Picture, after: Picture) -> list[Change]:
    """What is in one picture and not in the other; what went comes first."""
    changes = []
    for sign, old, new in (("-", after, before), ("+", before, after)):
        for kind, had, has in (
            (LAYER, old.layers, new.layers),
            (MOUNT, old.mounts, new.mounts),
            (PROCESS, old.processes, new.processes),
        ):
            gone = (text for key, text in has.items() if key not in had)
            changes += [Change(sign=sign, kind=kind, text=text) for text in gone]
    return changes


def show(changes: Iterable[Change]) -> None:
    """Print the changes, a few lines at most."""
    found = list(changes)
    shown = found if len(found) <= MOST_LINES + 1 else found[:MOST_LINES]
    for change in shown:
        colour = "green" if change.sign == "+" else "red"
        said = f"{change.sign} {translate(change.kind)} {printable(change.text)}"
        print(painted(said, colour))
    if rest := found[len(shown) :]:
        says = translate("and {changes}: `lab mounts`, `lab tree`, `lab layers`")
        said = says.format(changes=translate(", ").join(_counts(rest)))
        print(painted(f"  {said}", "dim"))


def _counts(changes: list[Change]) -> list[str]:
    """How many of each sort: "3 new mounts", "2 processes ended"."""
    kinds = dict.fromkeys((change.sign, change.kind) for change in changes)
    return [
        translate_count(
            *_COUNTED[sign, kind],
            sum((change.sign, change.kind) == (sign, kind) for change in changes),
        )
        for sign, kind in kinds
    ]
