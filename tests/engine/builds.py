"""Builds in a line: a Dockerfile as text, some files, and what came of it.

built = builds.of("FROM busybox\\nRUN touch /a", {"b": "text"})
built.image         the image
built.steps         a StepReport each
built.notes         what was told in between
builds.tree(image)  what a container of it sees: path -> (mode, uid, gid, content)
"""

import io
import os
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.engine import (
    BuildOptions,
    ContainerOptions,
    Engine,
    Progress,
    StepReport,
    StoredImage,
)
from tests.engine.boxes import content, in_memory


class Heard(Progress):
    """Keeps all that it is told."""

    def __init__(self) -> None:
        self.steps: list[StepReport] = []
        self.notes: list[str] = []
        self.printed = b""

    def note(self, line: str) -> None:
        """Kept."""
        self.notes.append(line)

    def output(self, data: bytes, *, error: bool) -> None:
        """Kept."""
        self.printed += data

    def ends(self, report: StepReport) -> None:
        """Kept."""
        self.steps.append(report)

    def warns(self, line: str) -> None:
        """Kept, as a note."""
        self.notes.append(line)


@dataclass
class Built:
    """What came of a build."""

    image: StoredImage
    heard: Heard = field(default_factory=Heard)

    @property
    def history(self) -> list[str]:
        """What each step of the image said, oldest first."""
        return [step.created_by for step in self.image.config.history]

    @property
    def cached(self) -> list[bool]:
        """Which steps came from the cache."""
        return [step.cached for step in self.heard.steps]


class Builds:
    """Builds with one engine, each in a directory of its own."""

    def __init__(self, engine: Engine, directory: Path) -> None:
        self.engine, self.directory = engine, directory
        self.heard = Heard()

    def context(self, text: str, files: Mapping[str, str | bytes] = {}) -> Path:
        """Write a Dockerfile and files; b"target" is a link to the target."""
        self.directory.mkdir(exist_ok=True)
        (self.directory / "Dockerfile").write_text(text)
        for name, data in files.items():
            path = self.directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(data, bytes):
                path.unlink(missing_ok=True)
                path.symlink_to(os.fsdecode(data))
            else:
                path.write_text(data)
        return self.directory

    def of(
        self, text: str, files: Mapping[str, str | bytes] = {}, **options: Any
    ) -> Built:
        """Build it. `options` are fields of BuildOptions."""
        self.heard = Heard()
        place = str(self.context(text, files))
        image = self.engine.build(place, BuildOptions(**options), self.heard)
        return Built(image=image, heard=self.heard)

    def tree(self, image: StoredImage) -> dict[str, tuple[int, int, int, str]]:
        """All files that a container of the image begins with."""
        container = self.engine.create(
            ContainerOptions(image=image.id, command=("none",))
        )
        try:
            with in_memory() as out:
                self.engine.export(container.id, out)
                return dict(_listed(content(out)))
        finally:
            self.engine.remove(container.id, volumes=True)


def _listed(data: bytes) -> Any:
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        for member in tar:
            what = member.linkname
            if member.isreg():
                file = tar.extractfile(member)
                assert file is not None
                what = file.read(4096).decode(errors="replace")
            yield (
                member.name.rstrip("/"),
                (member.mode & 0o7777, member.uid, member.gid, what),
            )
