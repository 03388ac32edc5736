"""Bundled: the containers whose bundle lies below a directory.

Nobody looks after what `labshell-runc` has made. So who takes a directory away that
bundles are in, a volume for example, asks here whose they are, and ends those first.

Try it: `labshell-runc list`, the column BUNDLE
"""

import contextlib
import os
from pathlib import Path
from typing import NamedTuple

from engine.errors import EngineError
from engine.runtime.command import ending, records
from engine.runtime.command.records import Container


class Bundled(NamedTuple):
    """A container of `labshell-runc`: what is written down, and what it is now."""

    container: Container
    status: str

    @classmethod
    def below(cls, directory: Path) -> list["Bundled"]:
        """Those made of a bundle below `directory`; a damaged record is nobody's."""
        found = []
        for name in records.names(records.ROOT):
            with contextlib.suppress(EngineError):
                container = records.read(records.ROOT, name)
                if Path(os.path.realpath(container.bundle)).is_relative_to(directory):
                    found.append(
                        cls(container, records.status(records.ROOT, container))
                    )
        return found

    def delete(self) -> None:
        """End it and take it away, in whatever state it is."""
        ending.delete(records.ROOT, self.container.id, force=True)
