"""Showing: state, list, ps and features.

All of it is for programs as much as for people, so it is JSON where runc's is.

    state       one container, as the runtime specification has it
    list        all of them, a line each; `--format json` as runc writes them
    ps          the numbers of its processes
    features    what of the specification there is here

Source: runtime-spec runtime.md, "State"; features.md
Try it: `labshell-runc state box`
"""

import sys
from pathlib import Path
from typing import Any

from engine import readable
from engine.errors import EngineBroken, NotFound
from engine.kernel import capabilities, cgroups, mount_flags, namespaces
from engine.oci.spec import VERSION
from engine.runtime.command import hooks, records
from engine.runtime.command.records import Container

_COLUMNS = ("ID", "PID", "STATUS", "BUNDLE", "CREATED")


def state(root: Path, identity: str) -> int:
    """Print the state of one container."""
    print(readable.as_json(_state(root, records.read(root, identity))))
    return 0


def _state(root: Path, container: Container) -> dict[str, Any]:
    return container.state(records.status(root, container))


def every(root: Path, *, as_json: bool, quiet: bool) -> int:
    """Print all containers; `quiet`: only their names."""
    found = []
    for name in records.names(root):
        try:
            found.append(_state(root, records.read(root, name)))
        except NotFound:  # it has just been deleted
            continue
        except EngineBroken as error:
            print(f"warning: {error.message}", file=sys.stderr)
    if quiet:
        lines = [one["id"] for one in found]
    elif as_json:
        lines = [readable.as_json(found)]
    else:
        rows = [_COLUMNS, *(_row(one) for one in found)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    print(*lines, sep="\n", end="\n" if lines else "")
    return 0


def _row(one: dict[str, Any]) -> tuple[str, ...]:
    return tuple(str(one[name.lower()]) for name in _COLUMNS)


def processes(root: Path, identity: str) -> int:
    """Print the numbers of the processes in a container."""
    print(readable.as_json(cgroups.members(records.read(root, identity).cgroup)))
    return 0


def features() -> int:
    """Print what of the specification there is here."""
    print(readable.as_json(_FEATURES))
    return 0


_FEATURES = {
    "ociVersionMin": "1.0.0",
    "ociVersionMax": VERSION,
    "hooks": [*hooks.BEFORE, *hooks.AFTER],
    "mountOptions": sorted([*mount_flags.FLAGS, "rw", "private", "rprivate"]),
    "linux": {
        "namespaces": sorted(kind for kind in namespaces.KINDS if kind != "user"),
        "capabilities": capabilities.NAMES,
        "cgroup": {"v1": True, "v2": True, "systemd": False, "systemdUser": False},
        "seccomp": {
            "enabled": True,
            "operators": ["SCMP_CMP_EQ", "SCMP_CMP_MASKED_EQ", "SCMP_CMP_NE"],
        },
        "apparmor": {"enabled": False},
        "selinux": {"enabled": False},
    },
}
