"""The bundle: what the runtime is given, and all that it knows of a container.

    bundle/
      config.json     the OCI runtime specification: runc reads the same file
      layers.json     the directories of the overlay, topmost first
      shim.json       what only a shim must know
      seccomp.bpf     the system call policy of config.json, compiled
      lock            held by whoever changes config.json, or starts what it says

Source: runtime-spec bundle.md
Try it: `cat /var/lib/labshell/containers/*/bundle/config.json`
"""

import os
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NamedTuple

from engine import entries, files
from engine.errors import EngineBroken
from engine.oci.health import UNASKED, Healthcheck
from engine.oci.spec import Identities, Process, Spec
from engine.runtime.logs import EVERYTHING, LogKeeping
from engine.runtime.sandbox import Published


class Layers(NamedTuple):
    """The directories of the overlay; none if the bundle brings its own rootfs.

    `lower` is topmost first. `shared_memory` is the size of the /dev/shm that other
    containers may join, as tmpfs takes it; "" if there is none. `volatile`: what is
    written need not survive a power cut, so nobody waits for the disk at its end.
    """

    lower: tuple[Path, ...]
    upper: Path
    work: Path
    shared_memory: str = ""
    volatile: bool = False

    def to_json(self) -> dict[str, Any]:
        """As in bundle/layers.json."""
        return {
            "lower": [str(path) for path in self.lower],
            "upper": str(self.upper),
            "work": str(self.work),
            "shared_memory": self.shared_memory,
            "volatile": self.volatile,
        }

    @staticmethod
    def from_json(data: dict[str, Any]) -> "Layers":
        """The layers that bundle/layers.json names."""
        return Layers(
            lower=tuple(Path(path) for path in data["lower"]),
            upper=Path(data["upper"]),
            work=Path(data["work"]),
            shared_memory=str(data.get("shared_memory", "")),
            volatile=bool(data.get("volatile", False)),
        )


class ShimFacts(NamedTuple):
    """What a shim must know of its container, for as long as it lives: little.

    The whole specification is read by the starters only, which soon end: memory that a
    shim touches is memory that it no longer shares with all other shims. `runtime` are
    the words that call another runtime than ours: see foreign.py.
    """

    root: str
    layered: bool
    cgroup: str
    namespaces: tuple[str, ...]
    joined: tuple[str, ...]
    terminal: bool
    interactive: bool
    auto_remove: bool
    health: Healthcheck
    log: LogKeeping
    published: tuple[Published, ...] = ()
    runtime: tuple[str, ...] = ()
    identities: Identities | None = None

    def to_json(self) -> dict[str, Any]:
        """As in bundle/shim.json."""
        fields = self._asdict()
        return {**fields, "health": self.health.to_json(), "log": self.log.to_json()}

    @staticmethod
    def read(directory: Path) -> "ShimFacts":
        """The facts in the bundle `directory`; EngineBroken also if it has none."""

        def parse(data: Any) -> ShimFacts:
            data["namespaces"] = tuple(data["namespaces"])
            data["joined"] = tuple(data.get("joined", ()))
            data["health"] = Healthcheck.from_json(data["health"])
            data["log"] = LogKeeping(**data["log"])
            data["runtime"] = tuple(data.get("runtime", ()))
            asked = data.get("published", ())
            data["published"] = tuple(Published(*fields) for fields in asked)
            if shifted := data.get("identities"):
                data["identities"] = Identities(*shifted)
            return ShimFacts(**data)

        try:
            return files.read_record(directory / "shim.json", parse)
        except FileNotFoundError as error:
            raise EngineBroken(
                f"{error.filename} is missing", "`lab rm -f` removes what is left."
            ) from error


class Bundle(NamedTuple):
    """A container as the runtime sees it.

    `layers` is None where the bundle brings its own root file system; `seccomp` is the
    compiled policy, b"" for none.
    """

    spec: Spec
    layers: Layers | None
    seccomp: bytes

    def write(
        self,
        directory: Path,
        *,
        interactive: bool = False,
        auto_remove: bool = False,
        health: Healthcheck = UNASKED,
        log: LogKeeping = EVERYTHING,
        published: tuple[Published, ...] = (),
        runtime: tuple[str, ...] = (),
    ) -> None:
        """Put the bundle into a new directory."""
        entries.make_directory(directory)
        files.write_new_json(directory / "config.json", self.spec.to_json())
        if self.layers:
            files.write_new_json(directory / "layers.json", self.layers.to_json())
        files.write_new(directory / "seccomp.bpf", self.seccomp)
        facts = ShimFacts(
            root=self.spec.root,
            layered=self.layers is not None,
            cgroup=self.spec.cgroup,
            namespaces=self.spec.namespaces,
            joined=tuple(self.spec.joined),
            terminal=self.spec.process.terminal,
            interactive=interactive,
            auto_remove=auto_remove,
            health=health,
            log=log,
            published=published,
            runtime=runtime,
            identities=self.spec.identities,
        )
        files.write_new_json(directory / "shim.json", facts.to_json())

    @staticmethod
    def read(directory: Path) -> "Bundle":
        """The bundle in `directory`."""
        try:
            layers = files.read_record(directory / "layers.json", Layers.from_json)
        except FileNotFoundError:
            layers = None
        return Bundle(
            spec=files.read_record(directory / "config.json", Spec.from_json),
            layers=layers,
            seccomp=read_filter(directory),
        )


def held(directory: Path, *, shared: bool = False) -> AbstractContextManager[int]:
    """Hold a bundle: alone to change it, `shared` while a start makes use of it."""
    return files.locked(directory / "lock", shared=shared)


def version_of(directory: Path) -> tuple[int, int]:
    """Two numbers that change when config.json is replaced by another."""
    now = os.stat(directory / "config.json")
    return now.st_ino, now.st_mtime_ns


def read_process(directory: Path) -> Process:
    """Process 1 as the bundle in `directory` describes it, and no more of that."""
    return files.read_record(
        directory / "config.json", lambda data: Process.from_json(data["process"])
    )


def read_filter(directory: Path) -> bytes:
    """The compiled system call policy of the bundle in `directory`; b"" for none."""
    return (directory / "seccomp.bpf").read_bytes()
