"""Settings: what labd is told by its options, and by the machine's administrator.

    /etc/labshell/daemon.json        Docker's own keys; --config-file names another
      {"hosts": ["unix:///run/labshell/labd.sock", "tcp://0.0.0.0:2376"],
       "tlsverify": true, "tlscacert": "/etc/labshell/ca.pem",
       "tlscert": "/etc/labshell/cert.pem", "tlskey": "/etc/labshell/key.pem",
       "labels": ["room=12"], "registry-mirrors": ["https://mirror.example"]}

A key that labd does not know is an error, and no wish that is silently not granted: a
`tlsverfy` would leave a door open. So is what is said twice, here and by an option,
since nobody could tell which of both counts.

Keys of the engine's own (registries, runtimes) are read where they are needed, each
time, so a change of those needs no new labd.

Source: the reference of dockerd, "daemon.json"
Try it: `echo '{"colour": "red"}' >/tmp/d.json; labd --config-file /tmp/d.json`
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from engine import daemon_json
from engine.errors import InvalidArgument

DEFAULT_HOST = "unix:///run/labshell/labd.sock"
_LARGEST = 1 << 20  # bytes

_OF_LABD: dict[str, type] = {
    "hosts": list,
    "data-root": str,
    "group": str,
    "labels": list,
    "tlsverify": bool,
    "tlscacert": str,
    "tlscert": str,
    "tlskey": str,
}
_OF_THE_ENGINE: dict[str, type] = {
    "registry-mirrors": list,
    "insecure-registries": list,
    "max-concurrent-downloads": int,
    "max-concurrent-uploads": int,
    "default-runtime": str,
    "runtimes": dict,
}
_KEYS = {**_OF_LABD, **_OF_THE_ENGINE}
_KINDS = {
    list: "a list of strings",
    str: "a string",
    bool: "true or false",
    dict: "an object",
}


class Settings(NamedTuple):
    """Where labd listens, for whom, and what it says of itself.

    `root` None: the engine's usual one. `group` None: `labshell`, if there is such a
    group. The three files are PEM; "" if they were not named. `trace`: print requests.
    """

    hosts: tuple[str, ...] = (DEFAULT_HOST,)
    root: Path | None = None
    group: str | None = None
    labels: tuple[str, ...] = ()
    tlsverify: bool = False
    tlscacert: str = ""
    tlscert: str = ""
    tlskey: str = ""
    trace: bool = False


def settings(options: Mapping[str, Any], file: str | None) -> Settings:
    """What options (by the keys of the file) and file say together.

    `file` None: $LABSHELL_CONFIG, else the usual one, which need not be there.
    InvalidArgument if it makes no sense.
    """
    path = Path(file) if file else daemon_json.path()
    said = _read(path, must_be_there=file is not None)
    asked = {key: value for key, value in options.items() if value is not None}
    if twice := sorted(set(said) & set(asked)):
        raise InvalidArgument(
            f"said both by an option and in {path}: {', '.join(twice)}",
            "Leave one of them out.",
        )
    both = {**said, **asked}
    root = both.get("data-root")
    _check_labels(both.get("labels", ()))
    return Settings(
        hosts=tuple(both.get("hosts") or (DEFAULT_HOST,)),
        root=Path(root) if root else None,
        group=both.get("group"),
        labels=tuple(both.get("labels", ())),
        tlsverify=both.get("tlsverify", False),
        tlscacert=both.get("tlscacert", ""),
        tlscert=both.get("tlscert", ""),
        tlskey=both.get("tlskey", ""),
        trace=both.get("trace", False),
    )


def _read(path: Path, *, must_be_there: bool) -> dict[str, Any]:
    """What the file says of labd itself."""
    try:
        with path.open("rb") as file:
            data = json.loads(file.read(_LARGEST) or b"{}")
    except FileNotFoundError as error:
        if must_be_there:
            raise InvalidArgument(f"{path} is not there", "Name another.") from error
        return {}
    except OSError as error:
        raise InvalidArgument(f"cannot read {path}: {error.strerror}", "") from error
    except (ValueError, RecursionError) as error:
        raise InvalidArgument(f"{path} is not JSON: {error}", "Correct it.") from error
    if not isinstance(data, dict):
        raise InvalidArgument(f"{path} is not an object of JSON", "As in {}.")
    if unknown := sorted(set(data) - set(_KEYS)):
        raise InvalidArgument(
            f"{path}: the following directives don't match any configuration option: "
            f"{', '.join(unknown)[:200]}",
            f"There are: {', '.join(_KEYS)}.",
        )
    for key, value in data.items():
        _check(path, key, value)
    return {key: data[key] for key in _OF_LABD if key in data}


def _check(path: Path, key: str, value: Any) -> None:
    """InvalidArgument if the value is of another kind than the key's."""
    kind = _KEYS[key]
    fits = type(value) is kind
    if kind is list:
        fits = fits and all(isinstance(one, str) for one in value)
    if kind is int:
        fits = fits and value > 0
    if not fits:
        wanted = _KINDS.get(kind, "a number above 0")
        raise InvalidArgument(f"{path}: {key} is not {wanted}", "Correct it.")


def _check_labels(labels: Any) -> None:
    for label in labels:
        if "=" not in label:
            raise InvalidArgument(f"bad attribute format: {label}", "As in room=12.")
