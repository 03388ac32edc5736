"""The bundle: what the runtime is given, and all that it knows of a container.

    bundle/
      config.json     the OCI runtime specification: runc reads the same file
      layers.json     the directories of the overlay, topmost first
      shim.json       what only a shim must know
      seccomp.bpf     the system call policy of config.json, compiled

Source: runtime-spec bundle.md
Try it: `cat /var/lib/labshell/containers/*/bundle/config.json`
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine import files
from engine.oci.spec import Spec


@dataclass(frozen=True, slots=True, kw_only=True)
class Layers:
    """The directories of the overlay; none if the bundle brings its own rootfs.

    `lower` is topmost first.
    """

    lower: tuple[Path, ...]
    upper: Path
    work: Path

    def to_json(self) -> dict[str, Any]:
        """As in bundle/layers.json."""
        return {
            "lower": [str(path) for path in self.lower],
            "upper": str(self.upper),
            "work": str(self.work),
        }

    @staticmethod
    def from_json(data: dict[str, Any]) -> "Layers":
        """The layers that bundle/layers.json names."""
        return Layers(
            lower=tuple(Path(path) for path in data["lower"]),
            upper=Path(data["upper"]),
            work=Path(data["work"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """A container as the runtime sees it.

    `layers` is None where the bundle brings its own root file system; `interactive`
    keeps standard input open; `auto_remove` removes the container once it has ended.
    """

    spec: Spec
    layers: Layers | None
    seccomp: bytes
    interactive: bool
    auto_remove: bool

    def write(self, directory: Path) -> None:
        """Put the bundle into a new directory."""
        directory.mkdir(mode=0o700)
        files.write_json(directory / "config.json", self.spec.to_json())
        if self.layers:
            files.write_json(directory / "layers.json", self.layers.to_json())
        files.write_json(
            directory / "shim.json",
            {"interactive": self.interactive, "auto_remove": self.auto_remove},
        )
        files.atomic_write(directory / "seccomp.bpf", self.seccomp)

    @staticmethod
    def read(directory: Path) -> "Bundle":
        """The bundle in `directory`."""
        shim = files.read_json(directory / "shim.json")
        layers = directory / "layers.json"
        return Bundle(
            spec=Spec.from_json(files.read_json(directory / "config.json")),
            layers=Layers.from_json(files.read_json(layers))
            if layers.exists()
            else None,
            seccomp=(directory / "seccomp.bpf").read_bytes(),
            interactive=shim["interactive"],
            auto_remove=shim["auto_remove"],
        )
