"""References: the names of images, and what Docker adds to a short one.

    localhost:5000/team/shop:1.2@sha256:9f86…
    └─ registry ─┴─ repository ┴ tag ┴ digest

    busybox                 is docker.io/library/busybox:latest
    team/shop               is docker.io/team/shop:latest
    localhost/shop          has a registry: the first part is "localhost", or holds
                            a dot or a colon
    shop@sha256:9f86…       has no tag: a digest never moves, a tag may

`latest` is what is meant when nothing is said. It is not the newest of anything.
What Docker adds for itself it leaves out again when it prints: the *familiar* name.

Source: distribution/reference, reference.go (the grammar) and normalize.go
Try it: `lab tag busybox localhost:5000/me/box:1; lab images`
"""

import re
from typing import NamedTuple

from engine.errors import InvalidReference
from engine.oci import digest as digests

DEFAULT_REGISTRY = "docker.io"
DEFAULT_TAG = "latest"
_OFFICIAL = "library/"
_LONGEST_NAME = 255

_HOST = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_REGISTRY = rf"(?:{_HOST}(?:\.{_HOST})*|\[[0-9a-fA-F:]+\])(?::[0-9]+)?\Z"
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"{_PART}(?:/{_PART})*\Z")
_TAG = re.compile(r"\w[\w.-]{0,127}\Z", re.ASCII)
_IMAGE_ID = re.compile(r"[0-9a-f]{64}\Z")

_HINT = "A name is [registry/]repository[:tag], as in busybox:latest or me/shop:1.0."


class Reference(NamedTuple):
    """The full name of an image. `tag` is None where only a digest was given."""

    registry: str
    repository: str
    tag: str | None = None
    digest: str | None = None

    @staticmethod
    def parse(text: str) -> "Reference":
        """What `text` means to Docker. Raises InvalidReference in Docker's words."""
        if _IMAGE_ID.match(text):
            raise InvalidReference(
                f"invalid repository name ({text}), "
                "cannot specify 64-byte hexadecimal strings",
                "64 hex digits are an image ID, not a name.",
            )
        name, at, digest = text.partition("@")
        if at and not digests.valid(digest):
            raise _invalid("invalid reference format")
        name, tag = _split_tag(name)
        registry, repository = _split_registry(name)
        reference = Reference(
            registry=registry,
            repository=repository,
            tag=tag or (None if at else DEFAULT_TAG),
            digest=digest or None,
        )
        reference.check()
        return reference

    def check(self) -> None:
        """InvalidReference if a part of it breaks the grammar."""
        if self.repository != self.repository.lower():
            raise _invalid(
                "invalid reference format: repository name must be lowercase"
            )
        registry_is_bad = self.registry != DEFAULT_REGISTRY and not re.match(
            _REGISTRY, self.registry
        )
        tag_is_bad = self.tag is not None and not _TAG.match(self.tag)
        if registry_is_bad or tag_is_bad or not _REPOSITORY.match(self.repository):
            raise _invalid("invalid reference format")
        if len(self.full_repository) > _LONGEST_NAME:
            raise _invalid("repository name must not be more than 255 characters")

    @property
    def full_repository(self) -> str:
        """With the registry: "docker.io/library/busybox"."""
        return f"{self.registry}/{self.repository}"

    @property
    def repository_familiar(self) -> str:
        """As Docker's tables print it: "busybox"."""
        if self.registry == DEFAULT_REGISTRY:
            return self.repository.removeprefix(_OFFICIAL)
        return self.full_repository

    @property
    def familiar(self) -> str:
        """As Docker prints it, without what it adds for itself: "busybox:latest"."""
        return self.repository_familiar + self._ending

    @property
    def _ending(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        return tag + (f"@{self.digest}" if self.digest else "")

    def __str__(self) -> str:
        return self.full_repository + self._ending


def _split_tag(name: str) -> tuple[str, str]:
    """The tag is behind the last colon, unless a slash follows: then it is a port."""
    before, colon, tag = name.rpartition(":")
    if not colon or "/" in tag:
        return name, ""
    if not tag:
        raise _invalid("invalid reference format")
    return before, tag


def _split_registry(name: str) -> tuple[str, str]:
    """The first part is a registry if it cannot be the name of a user."""
    first, slash, rest = name.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        # An old name of the same registry, which still turns up.
        registry = DEFAULT_REGISTRY if first == "index.docker.io" else first
    else:
        registry, rest = DEFAULT_REGISTRY, name
    if registry == DEFAULT_REGISTRY and "/" not in rest:
        rest = _OFFICIAL + rest
    return registry, rest


def _invalid(message: str) -> InvalidReference:
    return InvalidReference(message, _HINT)
