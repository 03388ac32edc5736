"""A registry as its owner sees it: serve it, look into it, tidy it.

    serve      for others, over HTTP, until somebody ends it
    begin      the same in the background; `stop` ends it, `find` tells whether one runs
    contents   repositories, tags, digests, sizes
    remove     a whole repository
    collect    the bytes that no manifest names any more

All of it works on one directory of plain files; the last three beside a server.

Try it: `lab registry serve`, and in another terminal `lab registry ls`
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from engine.errors import NotFound, told_as_engine_errors
from engine.registry.server import background, collecting, running, summary
from engine.registry.server.repository import all_repositories
from engine.serving.running import Running

if TYPE_CHECKING:
    from engine.registry.server.service import Served, ServerSettings


class Registry:
    """The private registry in a directory, which need not be there yet."""

    def __init__(self, root: Path) -> None:
        self.root = Path(os.path.realpath(root))

    @told_as_engine_errors()
    def serve(
        self,
        settings: "ServerSettings",
        ready: Callable[[str], None],
        told: "Callable[[Served], None]",
    ) -> NoReturn:
        """Serve it until a signal's handler raises something.

        `ready` is told the address, `told` each request; the latter in several threads.
        """
        from engine.registry.server import service  # HTTP is long to import

        service.serve(self.root, settings, ready, told)

    @told_as_engine_errors()
    def begin(self, settings: "ServerSettings") -> Running:
        """Serve it in a process of its own; the server, which is ready to be asked."""
        return background.begin(self.root, settings)

    @told_as_engine_errors()
    def stop(self) -> Running:
        """End the server, wherever it was started; NotFound if nobody serves."""
        return running.stop(self.root)

    @told_as_engine_errors()
    def find(self) -> Running | None:
        """The server that runs; None if none does."""
        return running.find(self.root)

    @told_as_engine_errors()
    def repositories(self) -> list[str]:
        """The names of all repositories; none if the registry is not there yet."""
        return [repository.name for repository in all_repositories(self.root)]

    @told_as_engine_errors()
    def remove(self, name: str) -> None:
        """Remove a repository with all its manifests and tags. NotFound if not there.

        Its bytes go too, but for those of others; while a server runs, with a later
        `collect`, because somebody may be sending the same ones.
        """
        for repository in all_repositories(self.root):
            if repository.name == name:
                repository.remove()
                served = self.find() is not None
                collecting.collect(self.root, age=collecting.HOUR if served else 0.0)
                return
        raise NotFound(
            f"there is no repository {name}", "`lab registry ls` lists them all."
        )

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
