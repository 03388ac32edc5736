"""Names in a request, by the specification's grammar: repositories, tags, digests.

    /v2/team/shop/manifests/1.0
        └─ name ─┘          └ reference: a tag, or a digest

A name becomes the name of a directory, so this is where "../../etc" ends. A repository
has one directory, whatever slashes are in its name: they are written as "+", which no
name can hold, and every name begins with a letter or a digit. So a name from a request
is one component of a path, never "..", and at most 255 bytes long.

Source: opencontainers/distribution-spec 1.1, "Pulling manifests"
Try it: `curl http://127.0.0.1:5000/v2/../../etc/tags/list --path-as-is`
"""

import re
from typing import NamedTuple

from engine.oci import digest as digests
from engine.registry.server.problems import Problem

_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_NAME = re.compile(rf"{_PART}(?:/{_PART})*\Z")
_TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}\Z")
_LONGEST_NAME = 255  # also of the name of a file
_SLASH = "+"


class Reference(NamedTuple):
    """What stands behind `manifests/`: one of both is empty."""

    tag: str = ""
    digest: str = ""


def directory_of(name: str) -> str:
    """The name of a repository's directory: "team+shop". Problem if it is no name."""
    if len(name) > _LONGEST_NAME or not _NAME.match(name):
        raise Problem("NAME_INVALID", f"invalid repository name: {name[:80]!a}")
    return name.replace("/", _SLASH)


def repository_of(directory: str) -> str | None:
    """The name of the repository in a directory; None if it is not one of ours."""
    name = directory.replace(_SLASH, "/")
    return name if _NAME.match(name) else None


def check_digest(text: str) -> str:
    """A digest that we can compute. Problem if it is something else."""
    if not digests.valid(text):
        raise Problem("DIGEST_INVALID", f"not a sha256 digest: {text[:80]!a}")
    return text


def reference(text: str) -> Reference:
    """A tag or a digest."""
    if ":" in text:
        return Reference(digest=check_digest(text))
    if not _TAG.match(text):
        raise Problem("MANIFEST_INVALID", f"invalid tag: {text[:80]!a}")
    return Reference(tag=text)
