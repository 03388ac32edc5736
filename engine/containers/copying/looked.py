"""Looked at: what is at a path of a container, before anything is copied.

`docker cp` decides by it where a copy goes. Of a link it wants to know both: that it is
one, and where it leads in the end, inside the container.

man: stat(2), readlink(2)
Try it: `curl -I --unix-socket /run/labshell/labd.sock
'http://labd/containers/NAME/archive?path=/etc'`
"""

import os
import posixpath
from typing import NamedTuple

from engine import times
from engine.containers.copying.ends import End
from engine.errors import SyscallError
from engine.kernel import places

_MOST_LINKS = 40  # as the kernel's own limit


class PathStatus(NamedTuple):
    """What is at a path: `mode` as stat(2) has it, `modified` in RFC 3339.

    `target` is where a link leads, whether there is anything or not; "" for no link.
    """

    name: str
    size: int
    mode: int
    modified: str
    target: str


def path_status(end: End) -> PathStatus:
    """What is there. NotFound if nothing is."""
    place = end.find_source(follow=False)
    place.close()
    status = place.status
    assert status is not None, "find_source has found it"
    return PathStatus(
        name=end.name or ("." if end.path != "/" else "/"),
        size=status.st_size,
        mode=status.st_mode,
        modified=times.at(status.st_mtime_ns / 1e9),
        target=_target(end) if place.is_link else "",
    )


def _target(end: End) -> str:
    """Where a link leads in the end, as a path below the container's root."""
    path = end.path
    for _ in range(_MOST_LINKS):
        try:
            place = places.find(end.root, path, follow=False)
        except SyscallError:
            return path  # it leads nowhere
        try:
            if not place.is_link:
                return path
            text = os.readlink(place.name, dir_fd=place.directory)
        finally:
            place.close()
        path = posixpath.normpath(posixpath.join(posixpath.dirname(path), text))
    return path
