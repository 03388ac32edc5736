"""`--mount`: a mount in words, as key=value pairs with commas between them.

    --mount type=bind,source=/srv,target=/www,readonly
    --mount type=volume,source=data,target=/d,volume-nocopy,volume-label=a=b
    --mount type=tmpfs,target=/run,tmpfs-size=64m,tmpfs-mode=1770

The line is one record of CSV, so a value with a comma is written in quotes:
'type=bind,"source=/a,b",target=/c'. More is refused here than after -v: a bind's source
must be there, and a key that does not fit the type is an error.

Source: Docker's reference of `docker run --mount`; RFC 4180 for CSV
Try it: `lab run --rm --mount type=tmpfs,target=/m,tmpfs-size=1m busybox df /m`
"""

import re
from collections.abc import Callable
from typing import Any

from engine.containers.options import mount_request
from engine.containers.options.mount_request import BIND, TMPFS, VOLUME, MountRequest
from engine.containers.options.sizes import read_size
from engine.errors import InvalidArgument

_HINT = "type=bind|volume|tmpfs,source=…,target=… and options: `lab run --help`."
_TRUE = ("1", "t", "T", "true", "TRUE", "True")
_FALSE = ("0", "f", "F", "false", "FALSE", "False")
_NAMES = {"src": "source", "dst": "target", "destination": "target", "ro": "readonly"}


def mount_option(text: str) -> MountRequest:
    """The mount that --mount asks for. InvalidArgument, in Docker's words."""
    fields = _fields(text)
    kind = fields.single.get("type", VOLUME)
    _check_kinds(text, kind, fields.single.keys() | fields.several.keys())
    target = fields.single.get("target", "")
    if not target:
        raise _refused(text, "target is required")
    if kind not in (BIND, VOLUME, TMPFS):
        raise _misfit(kind, "mount type unknown")
    try:
        destination = mount_request.place(target)
    except InvalidArgument as error:
        raise _misfit(kind, error.message) from error
    return _BY_KIND[kind](fields, destination)


class _Fields:
    """The pairs of one --mount: those that may come once, and those several times."""

    def __init__(self) -> None:
        self.single: dict[str, Any] = {}
        self.several: dict[str, dict[str, str]] = {}


def _fields(text: str) -> _Fields:
    fields = _Fields()
    for pair in _pairs(text):
        name, equals, value = pair.partition("=")
        name = name.strip().lower()
        name = _NAMES.get(name, name)
        if name in _SWITCHES:
            fields.single[name] = _truth(text, name, value if equals else "true")
        elif not equals:
            raise _refused(text, f"invalid field '{pair}' must be a key=value pair")
        elif name in ("volume-label", "volume-opt"):
            key, _, inner = value.partition("=")
            fields.several.setdefault(name, {})[key] = inner
        elif name in _READERS:
            fields.single[name] = _READERS[name](text, value)
        else:
            raise _refused(text, f"unexpected key '{name}' in '{pair}'")
    return fields


def _pairs(text: str) -> list[str]:
    """The record's fields, quotes taken off."""
    import csv  # only --mount needs it

    try:
        records = list(csv.reader([text], strict=True))
    except csv.Error as error:
        raise _refused(text, str(error)) from error
    if len(records) != 1 or not records[0]:
        raise _refused(text, "it is empty, or more than one line")
    return records[0]


def _text(text: str, value: str) -> str:
    return value


def _kind(text: str, value: str) -> str:
    return value.lower()


def _size(text: str, value: str) -> int:
    size = read_size(value)
    if size is None:
        raise _refused(text, f"invalid value for tmpfs-size: {value}")
    return size


def _mode(text: str, value: str) -> int:
    if not re.fullmatch("[0-7]{1,4}", value):
        raise _refused(text, f"invalid value for tmpfs-mode: {value}")
    return int(value, 8)


def _recursion(text: str, value: str) -> bool:
    if value in ("enabled", "disabled"):
        return value == "enabled"
    raise _refused(text, f"invalid value for bind-recursive: {value}")


def _driver(text: str, value: str) -> str:
    if value != "local":
        raise InvalidArgument(
            f'error looking up volume plugin {value}: plugin "{value}" not found',
            "There is one driver here: local.",
        )
    return value


_READERS: dict[str, Callable[[str, str], Any]] = {
    "type": _kind,
    "source": _text,
    "target": _text,
    "consistency": _text,
    "bind-propagation": _text,
    "bind-recursive": _recursion,
    "volume-driver": _driver,
    "tmpfs-size": _size,
    "tmpfs-mode": _mode,
}
_SWITCHES = ("readonly", "volume-nocopy", "bind-nonrecursive")


def _truth(text: str, name: str, value: str) -> bool:
    if value not in _TRUE + _FALSE:
        raise _refused(text, f"invalid value for {name}: {value}")
    return value in _TRUE


def _check_kinds(text: str, kind: str, names: set[str]) -> None:
    """An option of one kind of mount must not be given to another."""
    for other in (BIND, VOLUME, TMPFS):
        if other != kind and any(name.startswith(f"{other}-") for name in names):
            raise _refused(text, f"cannot mix '{other}-*' options with type '{kind}'")


def _bind(fields: _Fields, destination: str) -> MountRequest:
    source = fields.single.get("source", "")
    if not source:
        raise _misfit(BIND, "field Source must not be empty")
    if not source.startswith("/") or "\0" in source:
        raise _misfit(BIND, f"invalid mount path: '{source}' must be absolute")
    propagation = fields.single.get("bind-propagation", "")
    mount_request.check_propagation(propagation)
    return MountRequest(
        type=BIND,
        source=source,
        destination=destination,
        read_only=fields.single.get("readonly", False),
        propagation=propagation,
        recursive=fields.single.get("bind-recursive", True)
        and not fields.single.get("bind-nonrecursive", False),
    )


def _volume(fields: _Fields, destination: str) -> MountRequest:
    return MountRequest(
        type=VOLUME,
        source=fields.single.get("source", ""),
        destination=destination,
        read_only=fields.single.get("readonly", False),
        fill=not fields.single.get("volume-nocopy", False),
        labels=fields.several.get("volume-label", {}),
        driver_options=fields.several.get("volume-opt", {}),
    )


def _tmpfs(fields: _Fields, destination: str) -> MountRequest:
    if fields.single.get("source"):
        raise _misfit(TMPFS, "field Source must not be specified")
    words = []
    if fields.single.get("tmpfs-size"):
        words.append(f"size={fields.single['tmpfs-size']}")
    if fields.single.get("tmpfs-mode"):
        words.append(f"mode={fields.single['tmpfs-mode']:o}")
    if fields.single.get("readonly"):
        words.append("ro")
    return MountRequest(
        type=TMPFS,
        destination=destination,
        words=tuple(words),
        read_only="ro" in words,
    )


_BY_KIND = {BIND: _bind, VOLUME: _volume, TMPFS: _tmpfs}


def _refused(text: str, reason: str) -> InvalidArgument:
    return InvalidArgument(f'invalid argument "{text}" for "--mount": {reason}', _HINT)


def _misfit(kind: str, reason: str) -> InvalidArgument:
    return InvalidArgument(f'invalid mount config for type "{kind}": {reason}', _HINT)
