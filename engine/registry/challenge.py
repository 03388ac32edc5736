"""The challenge: how a registry says that it wants to know who asks.

    401 Unauthorized
    WWW-Authenticate: Bearer realm="https://auth.docker.io/token",
                      service="registry.docker.io",scope="repository:me/shop:pull"
    WWW-Authenticate: Basic realm="my registry"

Bearer: fetch a token at `realm`, for `service`. Basic: name and password, each time.
A header may hold several challenges, and quoted strings may hold commas.

Source: RFC 9110, 11.6.1; distribution/distribution docs/spec/auth/token.md
Try it: `curl -si https://registry-1.docker.io/v2/ | grep -i www-auth`
"""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

_LONGEST = 8192  # characters of a header that are looked at
_SCHEME = re.compile(
    r"\s*,?\s*([A-Za-z][A-Za-z0-9-]*)(?:\s+(?=[^=\s]+\s*=)|\s*(?=,|$))"
)
_PARAMETER = re.compile(
    r'\s*,?\s*([A-Za-z0-9_.-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))\s*'
)


class Challenge(NamedTuple):
    """One way to be let in: "bearer" or "basic", and what belongs to it."""

    scheme: str
    parameters: Mapping[str, str] = {}


def challenges(headers: Iterable[str]) -> list[Challenge]:
    """All challenges in WWW-Authenticate headers; what cannot be read is left out."""
    found = []
    for header in headers:
        rest = header[:_LONGEST]
        while match := _SCHEME.match(rest):
            rest = rest[match.end() :]
            parameters, rest = _parameters(rest)
            found.append(Challenge(match[1].lower(), parameters))
    return found


def _parameters(text: str) -> tuple[dict[str, str], str]:
    """The parameters at the beginning of `text`, and what follows them."""
    found: dict[str, str] = {}
    while match := _PARAMETER.match(text):
        quoted, plain = match[2], match[3]
        value = plain if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
        found.setdefault(match[1].lower(), value)
        text = text[match.end() :]
    return found, text
