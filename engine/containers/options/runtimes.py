"""Runtimes that can be asked for: --runtime, and what daemon.json says of them.

    labshell        our own: no program, the shim's child does it
    runc, crun      looked for in the PATH, when a container of theirs is started
    others          {"runtimes": {"strict": {"path": "/opt/runc", "runtimeArgs": []}}}
    default         {"default-runtime": "crun"}; else labshell

A container keeps the one that it was made with, also when the file says otherwise.

Source: the reference of dockerd, "runtimes" and "default-runtime"
Try it: `lab create --name box --runtime crun busybox`, then
`lab inspect -f '{{.HostConfig.Runtime}}' box`
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from engine import daemon_json
from engine.containers.options.asked import ContainerOptions
from engine.daemon_json import Fields
from engine.errors import InvalidArgument

OURS = "labshell"
_USUAL = {"runc": ("runc",), "crun": ("crun",)}


class Runtimes(NamedTuple):
    """The name of the default; by name, the program of each and its arguments.

    Ours has no program.
    """

    default: str
    words: Mapping[str, tuple[str, ...]]


def known() -> Runtimes:
    """Those that there are. InvalidArgument if daemon.json makes no sense."""
    said = daemon_json.read()
    more = said.object("runtimes")
    words = {name: _words(more, name) for name in more.data}
    default = said.text("default-runtime") or OURS
    runtimes = Runtimes(default, {OURS: (), **_USUAL, **words})
    if default not in runtimes.words:
        Fields.refuse(f"default-runtime {default!r}", "the name of a runtime")
    return runtimes


def _words(more: Fields, name: str) -> tuple[str, ...]:
    one = more.object(name)
    if name == OURS or not re.fullmatch(r"[A-Za-z0-9][\w.-]{0,63}", name, re.ASCII):
        Fields.refuse(f"runtimes: {name[:80]!r}", "a name for one more runtime")
    if not one.text("path"):
        Fields.refuse(one.where("path"), "the path of a program")
    return (one.text("path"), *one.texts("runtimeArgs"))


def resolved(options: ContainerOptions) -> ContainerOptions:
    """The options, with the name of a runtime. InvalidArgument if there is none."""
    runtimes = known()
    name = options.runtime or runtimes.default
    if name not in runtimes.words:
        raise InvalidArgument(
            f"unknown or invalid runtime name: {name}",
            f"There are: {', '.join(runtimes.words)}. daemon.json may name others.",
        )
    return options._replace(runtime=name)


def command(options: ContainerOptions, records: Path) -> tuple[str, ...]:
    """The words that call the runtime of resolved options; none for our own.

    What it keeps of its containers it is to keep in `records`.
    """
    name = options.runtime or OURS
    if name == OURS:
        return ()
    return (*known().words[name], "--root", str(records / name))
