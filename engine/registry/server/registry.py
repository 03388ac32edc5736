"""A registry as its owner sees it: serve it, look into it, tidy it.

    serve      for others, over HTTP, until somebody ends it
    contents   repositories, tags, digests, sizes
    collect    the bytes that no manifest names any more

All three work on one directory of plain files, and the last two beside the first.

Try it: `lab registry serve`, and in another terminal `lab registry ls`
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from engine.errors import NotFound, told_as_engine_errors
from engine.registry.server import collecting, service, summary


class Registry:
    """The private registry in a directory, which need not be there yet."""

    def __init__(self, root: Path) -> None:
        self.root = Path(os.path.realpath(root))

    @told_as_engine_errors()
    def serve(
        self,
        settings: service.ServerSettings,
        ready: Callable[[str], None],
        told: Callable[[service.Served], None],
    ) -> NoReturn:
        """Serve it until a signal's handler raises something.

        `ready` is told the address, `told` each request; the latter in several threads.
        """
        service.serve(self.root, settings, ready, told)

    @told_as_engine_errors()
    def contents(self) -> list[summary.TaggedManifest]:
        """All manifests, by repository and tag."""
        self._must_exist()
        return list(summary.summarise(self.root))

    @told_as_engine_errors()
    def collect(
        self, *, age: float = collecting.HOUR, untagged: bool = False
    ) -> collecting.Collected:
        """Remove what no manifest names, and nobody has needed for `age` seconds.

        With `untagged`, manifests too that have no tag, unless a tagged one needs them.
        """
        self._must_exist()
        return collecting.collect(self.root, age=age, untagged=untagged)

    def _must_exist(self) -> None:
        if not self.root.is_dir():
            raise NotFound(
                f"there is no registry in {self.root}",
                "`lab registry serve` makes one; --root says where it is.",
            )
