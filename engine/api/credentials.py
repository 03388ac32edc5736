"""Credentials: a client says in a header who it is at a registry.

    X-Registry-Auth     base64 of {"username": …, "password": …}       one registry
    X-Registry-Config   base64 of {"localhost:5000": {…}, …}           those of a build

They are used for the one request that brings them, and neither kept nor printed. What
root of this machine has logged in to does not count: the client decides who it is.

Source: Docker Engine API 1.41, "Authentication"; RFC 4648, section 5
Try it: `docker -H unix:///run/labshell/labd.sock login localhost:5000`
"""

import base64
import binascii
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from engine.api.call import Call
from engine.api.problems import Problem
from engine.api.request import read_json
from engine.fields import Fields

if TYPE_CHECKING:
    from engine.engine import Known, Login


def of_image(call: Call, name: str) -> "Known":
    """Who the client is at the registry of an image; nobody, if it says nothing."""
    from engine.engine import brought

    login = login_of(_header(call, "x-registry-auth"))
    return brought({call.engine.registry_of(name): login} if login else {})


def of_build(call: Call) -> "Known":
    """Who the client is at the registries from which bases may come."""
    from engine.engine import brought

    entries = _header(call, "x-registry-config")
    logins = {key: login_of(entries[key]) for key in entries}
    return brought({key: login for key, login in logins.items() if login})


def login_of(data: Any) -> "Login | None":
    """Who an entry says that one is; None if it says nothing."""
    from engine.engine import Login

    entry = Fields.of(data, "authentication")
    login = Login(
        entry.text("username"), entry.text("password"), entry.text("identitytoken")
    )
    return login if any(login) else None


def _header(call: Call, name: str) -> Mapping[str, Any]:
    """The object in a header; {} if there is none. Problem (400) if it is damaged."""
    text = call.request.headers.get(name, "").strip()
    if not text:
        return {}
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars="-_")
    except (binascii.Error, ValueError) as error:
        raise Problem(400, f"{name} is no base64") from error
    return read_json(raw)
