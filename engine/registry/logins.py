"""Logins: who one is at a registry. The file is Docker's, so that both know the same.

    ~/.docker/config.json     or $DOCKER_CONFIG/config.json; mode 0600
      {"auths": {"localhost:5000": {"auth": base64("name:password")}},
       "credsStore": "pass",                     all of them are kept by a program …
       "credHelpers": {"registry.lan": "x"}}     … or those of one registry

base64 hides nothing: whoever reads the file has the password. A credential helper is
a program, `docker-credential-pass`, that keeps it elsewhere. It is told and asked
through pipes: what stands on a command line, everybody can read in /proc.

An *identity token* stands in for a password where a registry gives one.

Source: docker/cli, cli/config; docker/docker-credential-helpers, README
Try it: `lab login localhost:5000; cat ~/.docker/config.json; lab logout localhost:5000`
"""

import base64
import binascii
import json
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from engine import files
from engine.errors import EngineBroken, EngineError, ImageError
from engine.oci.fields import Fields
from engine.oci.reference import DEFAULT_REGISTRY

_HUB = "https://index.docker.io/v1/"  # what docker.io is called in the file
_PATIENCE = 120  # seconds for a helper, which may ask somebody for a passphrase
_LARGEST = 4 << 20  # bytes of the file
_TOKEN_NAME = "<token>"  # the name under which helpers keep identity tokens
_HELPER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\Z")


class Login(NamedTuple):
    """Who one is. With an `identity_token` there is no password."""

    name: str = ""
    password: str = ""
    identity_token: str = ""

    def __repr__(self) -> str:
        """Without the secrets: this may come into a log."""
        return f"Login({self.name!r})"

    @property
    def basic(self) -> str:
        """name:password, as HTTP and the file want it."""
        return base64.b64encode(f"{self.name}:{self.password}".encode()).decode()


# Who one is at a registry, as far as is known: `find`, or what somebody brings along.
Known = Callable[[str], Login | None]


def config_path() -> Path:
    """Docker's configuration of whoever we are."""
    directory = os.environ.get("DOCKER_CONFIG")
    return (Path(directory) if directory else Path.home() / ".docker") / "config.json"


def find(registry: str) -> Login | None:
    """Who one is at `registry`; None if one is nobody there."""
    config = _read()
    helper = _helper(config, registry)
    if helper:
        return _ask_helper(helper, _key(registry))
    entries = config.object("auths")
    wanted = {_key(registry), registry, f"https://{registry}", f"http://{registry}"}
    for key in entries.data:
        if key in wanted or _host_of(key) == registry:
            return _decoded(entries.object(key), key)
    return None


def brought(entries: Mapping[str, Login]) -> Known:
    """Logins that somebody brings along for once, under what the file calls registries.

    Nothing of them is kept.
    """
    hosts = {
        DEFAULT_REGISTRY if key == _HUB else _host_of(key): login
        for key, login in entries.items()
    }
    return hosts.get


def keep(registry: str, login: Login) -> Path | None:
    """Remember who one is; the file in which the password now stands, if in one."""
    config = _read()
    helper = _helper(config, registry)
    data = dict(config.data)
    auths = dict(config.object("auths").data)
    if helper:
        name = _TOKEN_NAME if login.identity_token else login.name
        secret = login.identity_token or login.password
        entry = {"ServerURL": _key(registry), "Username": name, "Secret": secret}
        _run_helper(helper, "store", json.dumps(entry))
        auths[_key(registry)] = {}  # that there is one, and nothing of it
    else:
        token = login.identity_token
        hidden = login._replace(password="") if token else login
        auths[_key(registry)] = {
            "auth": hidden.basic,
            **({"identitytoken": token} if token else {}),
        }
    _write({**data, "auths": auths})
    return None if helper else config_path()


def forget(registry: str) -> bool:
    """Forget who one is; False if nobody knew."""
    config = _read()
    helper = _helper(config, registry)
    if helper:
        _run_helper(helper, "erase", _key(registry))
    auths = dict(config.object("auths").data)
    known = [k for k in auths if k == _key(registry) or _host_of(k) == registry]
    for key in known:
        del auths[key]
    if known:
        _write({**config.data, "auths": auths})
    return bool(known)


def _key(registry: str) -> str:
    return _HUB if registry == DEFAULT_REGISTRY else registry


def _host_of(key: str) -> str:
    """Older Dockers wrote a URL: "https://registry.lan:5000/v1/"."""
    return key.partition("://")[2].partition("/")[0] or key.partition("/")[0]


def _read() -> Fields:
    path = config_path()
    try:
        with path.open("rb") as file:
            text = file.read(_LARGEST + 1)
        return Fields.parse(text or b"{}", str(path))
    except FileNotFoundError:
        return Fields({}, str(path))
    except ImageError as error:
        raise _damaged(error.message) from error


def _write(data: dict[str, Any]) -> None:
    """A link stays one: what it leads to is written."""
    path = Path(os.path.realpath(config_path()))
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    text = json.dumps(data, indent="\t") + "\n"
    files.atomic_write(path, text.encode(), mode=0o600)


def _decoded(entry: Fields, key: str) -> Login | None:
    try:
        text = base64.b64decode(entry.text("auth"), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError) as error:
        raise _damaged(f"auths of {key} is no base64 of name:password") from error
    name, _, password = text.partition(":")
    token = entry.text("identitytoken")
    if not (name or token):
        return None
    return Login(name, password.strip("\0"), token)


def _helper(config: Fields, registry: str) -> str:
    helpers = config.text_map("credHelpers")
    return helpers.get(_key(registry)) or config.text("credsStore")


def _ask_helper(helper: str, key: str) -> Login | None:
    answer = _run_helper(helper, "get", key)
    if answer is None:
        return None
    fields = Fields.parse(answer, f"the answer of docker-credential-{helper}")
    name, secret = fields.text("Username"), fields.text("Secret")
    if name == _TOKEN_NAME:
        return Login(identity_token=secret)
    return Login(name, secret) if name else None


def _run_helper(helper: str, verb: str, said: str) -> bytes | None:
    """What a helper answers; None if it knows nothing of that registry."""
    import subprocess

    program = f"docker-credential-{helper}"
    if not _HELPER.match(helper):
        raise _damaged(f"{program[:100]!r} is not the name of a program")
    try:
        done = subprocess.run(
            [program, verb],
            input=said.encode(),
            capture_output=True,
            timeout=_PATIENCE,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        reason = getattr(error, "strerror", None) or "it does not answer"
        raise EngineError(
            f"credential helper {program}: {reason}",
            f"Install it, or take it out of {config_path()}.",
        ) from error
    if done.returncode == 0:
        return done.stdout
    reason = (done.stdout or done.stderr).decode(errors="replace").strip()
    if verb != "store" and "credentials not found" in reason:
        return None
    raise EngineError(
        f"credential helper {program} {verb}: {reason[:200]}",
        "It is a program of its own: try it by hand.",
    )


def _damaged(message: str) -> EngineBroken:
    return EngineBroken(message, f"Correct {config_path()}, or move it away.")
