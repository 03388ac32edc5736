"""Mount requests: what was asked to be mounted, before anything is looked up or made.

    -v data:/var/lib/x:ro                  a volume, read-only
    -v /srv/www:/www                       a directory or file of the machine
    -v /cache                              a volume that nobody has named
    --tmpfs /run:size=64m                  a file system in memory
    --mount type=bind,src=/srv,dst=/www    any of them, in words (see mount_option.py)

The refusals are Docker's. Two mounts at one place are refused; what an image asks for
(VOLUME) and what comes from another container (--volumes-from) gives way.

Source: Docker's "volumes" and "bind mounts" guides; man: mount(8)
Try it: `lab create -v data:/d --tmpfs /d busybox`
"""

import posixpath
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from engine.errors import InvalidArgument

BIND, VOLUME, TMPFS = "bind", "volume", "tmpfs"

# Of each group one word may stand behind the second colon of -v.
_MODES = (
    ("ro", "rw"),
    ("z", "Z"),  # labels of SELinux, which is not here: they change nothing
    ("private", "rprivate", "shared", "rshared", "slave", "rslave"),
    ("nocopy",),
    ("consistent", "cached", "delegated"),  # of Docker on a Mac; they change nothing
)
_PROPAGATION = _MODES[2]
_TMPFS_WORD = (
    r"(ro|rw|(no)?(exec|suid|dev|atime)|relatime|strictatime|r?private"
    r"|size=\d+[kmgt%]?|mode=[0-7]{1,4}|[ug]id=\d{1,10}|nr_(blocks|inodes)=\d+[kmgt]?)\Z"
)


class MountRequest(NamedTuple):
    """One mount that was asked for.

    `source` is a path of the machine for a bind, a name or "" for a volume. `mode` is
    what stood behind the second colon of -v. `make_source`: -v makes a directory that
    is not there, --mount refuses. `words` are the options of a tmpfs.
    """

    type: str
    destination: str
    source: str = ""
    read_only: bool = False
    mode: str = ""
    make_source: bool = False
    recursive: bool = True
    propagation: str = ""
    fill: bool = True
    labels: Mapping[str, str] = {}
    driver_options: Mapping[str, str] = {}
    words: tuple[str, ...] = ()


def without_duplicates(requests: Iterable[MountRequest]) -> tuple[MountRequest, ...]:
    """The requests; InvalidArgument if two want one place."""
    found: dict[str, MountRequest] = {}
    for request in requests:
        if request.destination in found:
            raise InvalidArgument(
                f"Duplicate mount point: {request.destination}",
                "Only one thing can be mounted at one place: leave one of them out.",
            )
        found[request.destination] = request
    return tuple(found.values())


def place(path: str) -> str:
    """A destination without detours. InvalidArgument if it can be none."""
    if not path.startswith("/") or "\0" in path:
        raise InvalidArgument(
            f"invalid mount path: '{path}' mount path must be absolute",
            "It is a path inside the container: begin it with /.",
        )
    clean = posixpath.normpath(path).replace("//", "/")
    if clean == "/":
        raise InvalidArgument(
            "invalid specification: destination can't be '/'",
            "The root is the image's: mount somewhere below it.",
        )
    return clean


def volume_option(text: str) -> MountRequest:
    """What follows -v: [SOURCE:]DESTINATION[:MODE]."""
    source, destination, mode = _split(text)
    try:
        destination = place(destination)
    except InvalidArgument as error:
        raise _invalid(text, error.message) from error
    words = _mode_words(mode)
    propagation = next((word for word in words if word in _PROPAGATION), "")
    is_bind = source.startswith("/")
    if propagation and not is_bind:
        raise _invalid(text, "a volume has no mount propagation")
    if "nocopy" in words and is_bind:
        raise _invalid(text, "nocopy is for volumes: nothing is copied into a bind")
    check_propagation(propagation)
    return MountRequest(
        type=BIND if is_bind else VOLUME,
        source=posixpath.normpath(source) if is_bind else source,
        destination=destination,
        read_only="ro" in words,
        mode=mode,
        make_source=True,
        propagation=propagation,
        fill="nocopy" not in words,
    )


def _split(text: str) -> tuple[str, str, str]:
    parts = text.split(":")
    if not text:
        raise InvalidArgument("invalid empty volume spec", "-v VOLUME:/path")
    if not all(parts):
        raise InvalidArgument(
            f"invalid spec: {text}: empty section between colons",
            "[SOURCE:]DESTINATION[:OPTIONS]",
        )
    if len(parts) > 3:
        raise InvalidArgument(
            f"invalid spec: {text}: too many colons", "[SOURCE:]DESTINATION[:OPTIONS]"
        )
    if len(parts) == 1:
        return "", parts[0], ""
    return parts[0], parts[1], parts[2] if len(parts) == 3 else ""


def _mode_words(mode: str) -> list[str]:
    words = mode.split(",") if mode else []
    known = {word for group in _MODES for word in group}
    doubled = any(sum(word in group for word in words) > 1 for group in _MODES)
    if doubled or not known.issuperset(words):
        raise InvalidArgument(
            f"invalid mode: {mode}",
            "ro or rw, nocopy, z or Z, private; with commas, one of each kind.",
        )
    return words


def check_propagation(word: str) -> None:
    """Refuse mounts that would travel between the machine and a container."""
    if word not in ("", *_PROPAGATION):
        raise InvalidArgument(
            f"invalid propagation mode: {word}", f"There are: {', '.join(_PROPAGATION)}"
        )
    if word not in ("", "private", "rprivate"):
        raise InvalidArgument(
            f"mount propagation {word} is not supported",
            "No mount travels in or out of a container here: leave it out (rprivate).",
        )


def _invalid(text: str, reason: str) -> InvalidArgument:
    return InvalidArgument(
        f"invalid volume specification: '{text}': {reason}",
        "-v VOLUME:/path, -v /directory:/path, and :ro at the end for read-only.",
    )


def tmpfs_option(text: str) -> MountRequest:
    """What follows --tmpfs: "/run" or "/run:size=64m,mode=755"."""
    path, _, rest = text.partition(":")
    words = tuple(filter(None, rest.split(",")))
    flags = re.IGNORECASE | re.ASCII
    unknown = [word for word in words if not re.match(_TMPFS_WORD, word, flags)]
    if unknown:
        raise InvalidArgument(
            f'invalid tmpfs option ["{unknown[0]}"] for {path}',
            "size=64m, mode=755, uid=1, gid=1, ro, exec; with commas between them.",
        )
    return MountRequest(
        type=TMPFS, destination=place(path), words=words, read_only="ro" in words
    )


def shared_option(text: str) -> tuple[str, bool]:
    """What follows --volumes-from: a container, and whether all is read-only."""
    name, colon, mode = text.partition(":")
    words = _mode_words(mode)
    if not name or (colon and not mode):
        raise InvalidArgument(
            f"malformed volumes-from specification: {text!r}", "CONTAINER[:ro|rw]"
        )
    if any(word not in ("ro", "rw", "z", "Z") for word in words):
        raise InvalidArgument(f"invalid mode: {mode}", "CONTAINER[:ro|rw]")
    return name, "ro" in words
