"""What can be done with registries: images come from there, and go there.

Try it: `lab pull localhost:5000/me/shop`, `lab push localhost:5000/me/shop`
"""

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine import events
from engine.errors import (
    InvalidArgument,
    NotFound,
    RegistryError,
    told_as_engine_errors,
)
from engine.images.stored import StoredImage
from engine.oci.reference import DEFAULT_REGISTRY, Reference
from engine.verbs.archives import ArchiveVerbs

if TYPE_CHECKING:
    from engine.registry.logins import Known, Login
    from engine.registry.pulling import Guard, Pulled
    from engine.registry.pushing import Pushed
    from engine.registry.telling import TransferProgress


class RegistryVerbs(ArchiveVerbs):
    """The verbs of registries. `progress` hears, in Docker's words, how it goes on.

    `logins` says who one is at a registry; without it, what this machine knows counts.
    """

    @told_as_engine_errors()
    def pull(
        self,
        name: str,
        progress: "TransferProgress",
        platform: str = "",
        logins: "Known | None" = None,
    ) -> "Pulled":
        """Bring an image from its registry; for `platform`, else for this machine."""
        self._house.prepare()
        return self._pull(name, progress, platform, self._nothing_half_done, logins)

    def _pull(
        self,
        name: str,
        progress: "TransferProgress",
        platform: str = "",
        guarded: "Guard" = nullcontext,
        logins: "Known | None" = None,
    ) -> "Pulled":
        """The same for who holds the store: nothing is collected if it fails."""
        from engine.registry import pulling, service
        from engine.registry.manifests import Platform

        reference = Reference.parse(name)
        wanted = Platform.parse(platform) if platform else None
        with service.of(reference.registry, logins) as registry:
            pulled = pulling.pull(
                self._house.images, registry, reference, wanted, progress, guarded
            )
        self._tell_of_transfer(pulled.image, "pull", reference)
        for line in pulled.lines:
            progress.says(line)
        return pulled

    @told_as_engine_errors()
    def pull_all(
        self,
        name: str,
        progress: "TransferProgress",
        platform: str = "",
        logins: "Known | None" = None,
    ) -> "list[Pulled]":
        """Bring every tag of a repository."""
        from engine.registry import finding, service

        _refuse_tag(name)
        reference = Reference.parse(name)
        with service.of(reference.registry, logins) as registry:
            tags = finding.all_tags(registry, reference)
        names = [reference._replace(tag=tag) for tag in tags]
        return [self.pull(str(one), progress, platform, logins) for one in names]

    @told_as_engine_errors()
    def push(
        self,
        name: str,
        progress: "TransferProgress",
        logins: "Known | None" = None,
    ) -> "Pushed":
        """Bring an image to the registry in its name."""
        from engine.registry import pushing, service

        reference = Reference.parse(name)
        if reference.digest:
            raise InvalidArgument(
                "cannot push a digest reference", "Push it by a name and a tag."
            )
        self.images()  # the base image is made at first use
        store = self._house.images
        pushing.tags_here(store, reference)
        progress.says(f"The push refers to repository [{reference.full_repository}]")
        with service.of(reference.registry, logins) as registry:
            pushed = pushing.push(store, registry, reference, progress)
        self._tell_of_transfer(pushed.image, "push", reference)
        progress.says(pushed.line)
        return pushed

    @told_as_engine_errors()
    def push_all(
        self,
        name: str,
        progress: "TransferProgress",
        logins: "Known | None" = None,
    ) -> "list[Pushed]":
        """Bring every tag that a repository has here to its registry."""
        from engine.registry import pushing

        _refuse_tag(name)
        found = pushing.tags_here(self._house.images, Reference.parse(name))
        return [self.push(one.familiar, progress, logins) for one in found]

    def missing(self, here: NotFound, there: RegistryError) -> RegistryError:
        """An error for an image that is not here, and its registry could not be asked.

        If it is only spelled like one that is here, that is what to say.
        """
        if there.unreachable:
            there.message = f"{here.message}, and {there.message}"
            if here.hint.startswith("Did you mean"):
                there.hint = f"{here.hint} Else: {there.hint}"
        return there

    @told_as_engine_errors()
    def manifest(self, name: str) -> bytes:
        """A manifest or an index, as the registry has it."""
        from engine.registry import finding, service

        reference = Reference.parse(name)
        with service.of(reference.registry) as registry:
            return finding.manifest(registry, reference).raw

    @told_as_engine_errors()
    def distribution(self, name: str, logins: "Known | None" = None) -> dict[str, Any]:
        """What a registry has under a name, for which machines, in Docker's shape."""
        from engine.registry import finding, service

        reference = Reference.parse(name)
        with service.of(reference.registry, logins) as registry:
            return finding.described(registry, reference)

    def registry_of(self, name: str) -> str:
        """The registry that is asked for an image of this name."""
        return Reference.parse(name).registry

    @told_as_engine_errors()
    def try_login(self, registry: str, login: "Login") -> "Login":
        """Try a login at a registry, and keep nothing; what may be kept of it."""
        from engine.registry import joining

        return joining.tried(registry_called(registry), login)

    @told_as_engine_errors()
    def login(self, registry: str, name: str, password: str) -> Path | None:
        """Try name and password at a registry, and keep them.

        The file in which the password now stands, None if a helper keeps it.
        """
        from engine.registry.joining import log_in
        from engine.registry.logins import Login

        return log_in(registry_called(registry), Login(name, password))

    @told_as_engine_errors()
    def logout(self, registry: str) -> bool:
        """Forget who one is at a registry; False if nobody knew."""
        from engine.registry import logins

        return logins.forget(registry_called(registry))

    def known_login(self, registry: str) -> "Login | None":
        """Who one is at a registry, as far as is known."""
        from engine.registry import logins

        return logins.find(registry_called(registry))

    def _tell_of_transfer(
        self, image: StoredImage, action: str, reference: Reference
    ) -> None:
        labels = image.config.defaults.labels
        notes = {**labels, "name": reference.repository_familiar}
        events.record(self._house.root, "image", action, reference.familiar, notes)


def _refuse_tag(name: str) -> None:
    if {":", "@"} & set(name.rpartition("/")[2]):
        raise InvalidArgument(
            "tag can't be used with --all-tags/-a", "Name the repository only."
        )


def registry_called(typed: str) -> str:
    """What is typed after `login`: a host, a URL as in older Dockers, or nothing."""
    host = typed.partition("://")[2] if "://" in typed else typed
    host = host.partition("/")[0]
    if host in ("", "index.docker.io", "registry-1.docker.io"):
        return DEFAULT_REGISTRY
    if Reference.parse(f"{host}/x").registry != host:
        raise InvalidArgument(
            f"{typed[:200]!a} is no registry",
            "A registry is HOST[:PORT], with a dot or a port, or localhost.",
        )
    return host
