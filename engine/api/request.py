"""A request: what a client asks, and how its words are to be read.

    POST /v1.41/containers/create?name=box HTTP/1.1
         └─ version           └─ query
    Content-Type: application/json

    {"Image": "busybox", "Cmd": ["sleep", "60"]}

A flag is true if it is anything but empty, 0, no, false or none. Filters are JSON in
the query, in one of two shapes: {"status": {"exited": true}} comes from the docker
command, {"status": ["exited"]} from docker-py.

Source: Docker Engine API 1.41; moby, api/server/httputils/form.go
Try it: `curl --unix-socket /run/labshell/labd.sock 'http://labd/containers/json?all=1'`
"""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol
from urllib.parse import parse_qs

from engine.api.problems import Problem

_MOST_FIELDS = 1000  # in a query: a build may have many --build-arg, in one field
_FALSE = ("", "0", "no", "false", "none")


class Body(Protocol):
    """The bytes that follow the headers of a request."""

    def pieces(self) -> AsyncIterator[bytes]:
        """The bytes as they arrive."""

    async def read(self, limit: int) -> bytes:
        """All of a short body. Problem (413) if it has more than `limit` bytes."""


class Request(NamedTuple):
    """What a client asks. Names of headers are in small letters.

    `path` is without the version, and encoded as it came: "%2F" is no separator.
    """

    method: str
    path: str
    query: Mapping[str, Sequence[str]]
    headers: Mapping[str, str]
    version: tuple[int, int]
    body: Body

    def text(self, name: str, default: str = "") -> str:
        """What a field of the query says; of several, the first."""
        return self.query.get(name, (default,))[0]

    def texts(self, name: str) -> tuple[str, ...]:
        """What all fields of this name say."""
        return tuple(self.query.get(name, ()))

    def flag(self, name: str, default: bool = False) -> bool:
        """Whether a field is true; `default` if it is not there."""
        if name not in self.query:
            return default
        return self.text(name).lower().strip() not in _FALSE

    def number(self, name: str) -> int | None:
        """A whole number, None if it is not said. Problem (400) if it is none."""
        text = self.text(name)
        try:
            return int(text) if text else None
        except ValueError as error:
            raise Problem(400, f"{name} is not a number: {text!r}") from error

    def seconds(self, name: str) -> float | None:
        """A point in time, seconds since 1970 with a fraction; None if not said."""
        text = self.text(name)
        try:
            return float(text) if text else None
        except ValueError as error:
            raise Problem(400, f"{name} is not a time: {text!r}") from error

    def filters(self, name: str = "filters") -> dict[str, list[str]]:
        """Filters, in either of their shapes. Problem (400) if it is neither."""
        text = self.text(name)
        if not text:
            return {}
        data = read_json(text.encode())
        if not all(isinstance(values, (dict, list)) for values in data.values()):
            raise Problem(400, "invalid filter")
        return {
            key: [str(value) for value in values if _is_on(values, value)]
            for key, values in data.items()
        }


def _is_on(values: Any, value: Any) -> bool:
    return bool(values[value]) if isinstance(values, dict) else True


def read_json(content: bytes) -> dict[str, Any]:
    """The object in a body. Problem (400) if there is none."""
    try:
        data = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise Problem(400, f"invalid JSON: {error}") from error
    if not isinstance(data, dict):
        raise Problem(400, "invalid JSON: an object is expected")
    return data


def read_query(text: str) -> dict[str, list[str]]:
    """What stands behind the question mark."""
    try:
        return parse_qs(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError as error:
        raise Problem(400, f"too many fields in the query: {error}") from error
