"""Users: the names in an image's /etc/passwd and /etc/group, as numbers.

The kernel knows numbers only. Which name means which number is written in two files,
and a container has its own: `-u www-data` asks the *image* who that is. The files are
read through the container's root (see kernel/paths.py), never with the machine's own
functions, which would read the machine's files.

    user                what it means
    (nothing)           0, root
    alice               her number and group in /etc/passwd, her groups in /etc/group
    1000                the same if the number is listed, else the number, group 0
    alice:staff, 5:6    this group instead of her own, and no others

man: passwd(5), group(5), credentials(7)
Try it: `lab run -u nobody busybox id`
"""

from typing import NamedTuple

from engine.errors import InvalidArgument
from engine.kernel import paths
from engine.oci.spec import Identities

_LARGEST = 2**32 - 2  # the highest user number that the kernel takes


class Identity(NamedTuple):
    """A user as the kernel knows it, and the home directory that goes with it."""

    uid: int
    gid: int
    groups: tuple[int, ...]
    home: str


def resolve(
    root: int,
    user: str,
    also_in: tuple[str, ...] = (),
    identities: Identities | None = None,
) -> Identity:
    """Who `user` is inside the open directory `root`. InvalidArgument if nobody.

    `also_in` are more groups that the user shall be in, as with --group-add;
    `identities` are those that there are, in a user namespace.
    """
    name, colon, group = user.partition(":")
    passwd, groups = _lines(root, "/etc/passwd", 7), _lines(root, "/etc/group", 4)
    entry = _find(passwd, name or "0")
    uid = _number(entry[2] if entry else name or "0")
    if uid is None:
        raise InvalidArgument(
            f"unable to find user {name}: no matching entries in passwd file",
            "`cat /etc/passwd`, run inside, shows them; numbers to 2147483647 work.",
        )
    gid = (_number(entry[3]) if entry else None) or 0
    also: tuple[int, ...] = ()
    if colon:
        gid = _group(groups, group)
    elif entry:
        numbers = (_number(g[2]) for g in groups if entry[0] in g[3].split(","))
        also = tuple(number for number in numbers if number is not None)
    # Its own group is among them too: else a file that is closed to the group but
    # open to others could be read by leaving the group (CVE-2022-36109).
    more = (_group(groups, name) for name in also_in)
    groups_held = tuple(dict.fromkeys((gid, *also, *more)))
    home = (entry[5] if entry else "") or "/"
    highest = max(uid, *groups_held)
    if identities and highest >= identities.size:
        raise InvalidArgument(
            f"user or group {highest} is outside of the user namespace",
            f"With --userns auto there are those from 0 to {identities.size - 1}.",
        )
    return Identity(uid=uid, gid=gid, groups=groups_held, home=home)


def _group(groups: list[list[str]], name: str) -> int:
    entry = _find(groups, name)
    gid = _number(entry[2] if entry else name)
    if gid is None:
        raise InvalidArgument(
            f"unable to find group {name}: no matching entries in group file",
            "`cat /etc/group`, run inside, shows them; a number always works.",
        )
    return gid


def _find(lines: list[list[str]], name: str) -> list[str] | None:
    """The line with this name, or else with this number."""
    by_name = (line for line in lines if line[0] == name)
    by_number = (line for line in lines if line[2] == name)
    return next(by_name, None) or next(by_number, None)


def _number(text: str) -> int | None:
    """The number in `text`, if it is one of a user; of a million digits none is."""
    if text.isascii() and text.isdigit() and len(text) <= 20:
        return int(text) if int(text) <= _LARGEST else None
    return None


def _lines(root: int, path: str, fields: int) -> list[list[str]]:
    data = paths.read_inside(root, path) or b""
    lines = (line.split(":") for line in data.decode(errors="replace").splitlines())
    return [line for line in lines if len(line) == fields]
