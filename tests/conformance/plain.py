"""What two engines must say differently, made plain, so that the rest can be compared.

    c0ffee…  (64 or 12 letters)     ID1     the same ordinal wherever it comes again
    2026-11-21T11:44:42.1Z          TIME    but year 1 stays: it means "never"
    3 seconds ago, Up 3 seconds     AGO, Up AGE
    /var/tmp/…/docker/work          HERE    the folder in which a side works
    columns that are two wide       two spaces
    {"b": 1, "a": 2}                {"a": 2, "b": 1}, over several lines or in one

An ordinal is given at an ID's first appearance in a scene: if `lab ps -q` lists the
containers in another order than they were made in, it still shows.
"""

import json
import re
from dataclasses import dataclass, field

_ID = re.compile(r"(?<![0-9a-zA-Z])(sha256:)?([0-9a-f]{64}|[0-9a-f]{12})(?![0-9a-z])")
_TIME = re.compile(
    r"(?!0001)\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z| ?[+-]\d\d:?\d\d)?( UTC)?"
)
_AGE = r"(Less than a second|About an? \w+|\d+ (seconds?|minutes?|hours?))"


@dataclass(slots=True)
class Plain:
    """What one side has said so far in a scene."""

    folder: str
    _known: list[str] = field(default_factory=list)

    def text(self, said: str) -> str:
        """`said`, with what must differ made plain."""
        said = _in_order(said.replace(self.folder, "HERE"))
        said = _ID.sub(lambda found: self._ordinal(found[2]), said)
        said = _TIME.sub("TIME", said)
        said = re.sub(rf"{_AGE} ago", "AGO", said)
        said = re.sub(rf"Up {_AGE}", "Up AGE", said)
        lines = [re.sub(r" {2,}", "  ", line.rstrip()) for line in said.splitlines()]
        return "\n".join(lines)

    def _ordinal(self, found: str) -> str:
        for number, known in enumerate(self._known, 1):
            if known.startswith(found) or found.startswith(known):
                return f"ID{number}"
        self._known.append(found)
        return f"ID{len(self._known)}"


def _in_order(said: str) -> str:
    """JSON with its keys in order, whether it is all that was said or a line of it."""
    ordered = _json_in_order(said)
    return ordered or "\n".join(_json_in_order(x) or x for x in said.splitlines())


def _json_in_order(said: str) -> str | None:
    if not said.startswith(("{", "[")):
        return None
    try:
        return json.dumps(json.loads(said), indent=1, sort_keys=True)
    except ValueError:
        return None
