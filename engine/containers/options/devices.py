"""Devices that were asked for: `--device` and `--device-cgroup-rule`.

    --device /dev/fuse                 the same node, may be read, written and made
    --device /dev/sda:/dev/disk:r      under another name, only to be read
    --device /dev/snd                  all nodes in a directory
    --device-cgroup-rule 'c 10:* rmw'  may be opened, if somebody makes a node for it

Two walls stand before a device. The node must be there: it is made in the container's
/dev. And the control group must let it be opened (see kernel/devices.py).

man: mknod(1); runtime-spec config-linux.md "Devices"
Try it: `lab run --rm --device /dev/null:/dev/nothing:r busybox ls -l /dev/nothing`
"""

import os
import re
import stat
from collections.abc import Iterator

from engine.containers.options.asked import ContainerOptions
from engine.containers.options.mount_request import place
from engine.errors import InvalidArgument
from engine.oci.resources import DeviceNode, DeviceRule

_ACCESS = r"(?!.*(.).*\1)[rwm]{1,3}\Z"
_RULE = r"([acb]) ([0-9]{1,9}|\*):([0-9]{1,9}|\*) ([rwm]{1,3})\Z"
_MOST = 1000  # nodes in a directory


def parse(text: str) -> tuple[str, str, str]:
    """The node of the machine, the path inside and the access that --device names."""
    parts = text.split(":")
    if not 0 < len(parts) <= 3 or not parts[0]:
        raise InvalidArgument(f"bad format for path: {text}", "SOURCE[:TARGET[:rwm]]")
    source, target, access = parts[0], parts[0], "rwm"
    if len(parts) == 2 and re.match(_ACCESS, parts[1]):
        access = parts[1]
    elif len(parts) > 1:
        target = parts[1] or source
    if len(parts) == 3:
        access = parts[2]
    if not re.match(_ACCESS, access):
        raise InvalidArgument(
            f"bad mode specified: {access}", "r: read, w: write, m: make the node."
        )
    return source, place(target), access


def rule(text: str) -> DeviceRule:
    """What follows --device-cgroup-rule: "c 10:* rmw"."""
    match = re.match(_RULE, text)
    if not match:
        raise InvalidArgument(
            f"invalid device cgroup format '{text}'", "As in 'c 1:3 rwm'; * is any."
        )
    kind, major, minor, access = match.groups()
    return DeviceRule(
        allow=True,
        type=kind,
        major=None if major == "*" else int(major),
        minor=None if minor == "*" else int(minor),
        access=access,
    )


def check(options: ContainerOptions) -> None:
    """Raise InvalidArgument for what cannot be read, or is no device."""
    for text in options.device_rules:
        rule(text)
    nodes(options)


def nodes(options: ContainerOptions) -> tuple[tuple[DeviceNode, str], ...]:
    """The nodes that were asked for, each with its access."""
    found: dict[str, tuple[DeviceNode, str]] = {}
    for text in options.devices:
        source, target, access = parse(text)
        for node in _nodes_at(source, target):
            found[node.path] = (node, access)
    return tuple(found.values())


def rules(options: ContainerOptions) -> tuple[DeviceRule, ...]:
    """What may be opened beyond what every container may."""
    named = tuple(
        DeviceRule(allow=True, type=n.type, major=n.major, minor=n.minor, access=access)
        for n, access in nodes(options)
    )
    return (*named, *map(rule, options.device_rules))


def of_machine() -> tuple[DeviceNode, ...]:
    """Every device node of the machine's /dev, for --privileged."""
    entries = sorted(os.scandir("/dev"), key=lambda entry: entry.name)
    nodes = (_node(e.path, e.stat(follow_symlinks=False)) for e in entries)
    return tuple(n for n in nodes if n is not None and n.path != "/dev/console")


def _nodes_at(source: str, target: str) -> Iterator[DeviceNode]:
    try:
        status = os.stat(source)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "no such file or directory"
        raise _no_device(source, why.lower()) from error
    if stat.S_ISDIR(status.st_mode):
        yield from _nodes_below(source, target)
        return
    node = _node(target, status)
    if node is None:
        raise _no_device(source, "not a device node")
    yield node


def _nodes_below(source: str, target: str) -> Iterator[DeviceNode]:
    count = 0
    for folder, _, names in os.walk(source):
        for name in sorted(names):
            inside = os.path.normpath(
                f"{target}/{os.path.relpath(folder, source)}/{name}"
            )
            node = _node(inside, os.lstat(os.path.join(folder, name)))
            if node:
                count += 1
                yield node
            if count > _MOST:
                raise _no_device(source, f"more than {_MOST} devices")
    if not count:
        raise _no_device(source, "not a device node")


def _node(path: str, status: os.stat_result) -> DeviceNode | None:
    kind = {stat.S_IFCHR: "c", stat.S_IFBLK: "b"}.get(stat.S_IFMT(status.st_mode))
    if kind is None:
        return None
    return DeviceNode(
        path=path,
        type=kind,
        major=os.major(status.st_rdev),
        minor=os.minor(status.st_rdev),
        mode=stat.S_IMODE(status.st_mode),
    )


def _no_device(path: str, why: str) -> InvalidArgument:
    return InvalidArgument(
        "error gathering device information while adding custom device "
        f'"{path}": {why}',
        "It must be a device of this machine: `ls -l /dev`.",
    )
