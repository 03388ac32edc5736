"""daemon.json: what this machine's administrator has said, in the words of Docker.

    /etc/labshell/daemon.json      or the file that $LABSHELL_CONFIG names
      {"registry-mirrors": ["https://mirror.example"],
       "default-runtime": "crun",
       "runtimes": {"strict": {"path": "/opt/runc", "runtimeArgs": ["--debug"]}}}

It need not be there. Whoever wants to know a key reads it anew, so a change needs no
restart of anything. Who understands which keys: registry/settings.py,
containers/options/runtimes.py, and api/settings.py, which knows the names of all.

Source: the reference of dockerd, "daemon.json"
Try it: `LABSHELL_CONFIG=/tmp/daemon.json lab run busybox true`
"""

import json
import os
from pathlib import Path
from typing import NoReturn

from engine import fields
from engine.errors import InvalidArgument

FILE = Path("/etc/labshell/daemon.json")
_LARGEST = 1 << 20  # bytes


def path() -> Path:
    """Where the file is, or would be."""
    return Path(os.environ.get("LABSHELL_CONFIG") or FILE)


class Fields(fields.Fields):
    """The object in the file, or one inside it."""

    __slots__ = ()

    @staticmethod
    def refuse(where: str, expected: str) -> NoReturn:
        """Raise InvalidArgument for a field that is not what is expected."""
        raise InvalidArgument(f"{path()}: {where} is not {expected}", "Correct it.")


def read() -> Fields:
    """What the file says; nothing if there is none. InvalidArgument: not JSON."""
    try:
        with path().open("rb") as file:
            return Fields.of(json.loads(file.read(_LARGEST) or b"{}"), "")
    except FileNotFoundError:
        return Fields({})
    except OSError as error:
        raise InvalidArgument(f"cannot read {path()}: {error.strerror}", "") from error
    except (ValueError, RecursionError) as error:
        raise InvalidArgument(
            f"{path()} is not JSON: {error}", "Correct it."
        ) from error
