"""Routes: which request is which call.

    GET    /containers/{name}/json      {name}: one part of a path, decoded
    POST   /images/{image}/push         {image}: the name of an image, which has slashes

The first route that fits is the right one, so special paths stand before general ones:
`/images/json` before `/images/{image}/json`. Each file of calls/ has its ROUTES.

A call is a plain function that may wait: it runs in a thread. What it returns says
whether more is to come.

Source: Docker Engine API 1.41
Try it: `curl -i --unix-socket /run/labshell/labd.sock http://labd/nosuch`
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum, auto
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from engine.api.answers import Answer

if TYPE_CHECKING:
    from engine.api.call import Call


class Takes(Enum):
    """What a call does with the body of its request."""

    NOTHING = auto()
    JSON = auto()  # an object, or nothing
    STREAM = auto()  # reads it piece by piece, in its thread


class Route(NamedTuple):
    """A method and a pattern of paths, and the call for them.

    `slow`: it may wait for seconds, as for a program that is to end.
    """

    method: str
    path: str
    call: Callable[["Call"], Answer]
    takes: Takes = Takes.NOTHING
    slow: bool = False


class Routes:
    """A table of routes."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._routes = [(_pattern(route.path), route) for route in routes]

    def find(self, method: str, path: str) -> tuple[Route, Mapping[str, str]] | None:
        """The route for a request, and what its path names; None if there is none."""
        for pattern, route in self._routes:
            if route.method != method:
                continue
            if match := pattern.fullmatch(path):
                names = match.groupdict()
                return route, {name: unquote(text) for name, text in names.items()}
        return None


def _pattern(path: str) -> re.Pattern[str]:
    """A pattern for a path: {image} may have slashes, other names have none."""
    parts: Sequence[str] = re.split(r"\{([a-z]+)\}", path)
    pattern = ""
    for place, part in enumerate(parts):
        if place % 2 == 0:
            pattern += re.escape(part)
        else:
            pattern += f"(?P<{part}>{'.+' if part == 'image' else '[^/]+'})"
    return re.compile(pattern)
