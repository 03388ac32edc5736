"""What a registry says when it says no, in one line: who, of what, and which status.

    404 {"errors": [{"code": "MANIFEST_UNKNOWN", "message": "manifest unknown"}]}
    ─►  manifest for localhost:5000/shop:1 not found: manifest unknown
        (404 Not Found from localhost:5000, repository shop)

A registry answers 401 and 403 also for what is not there, lest strangers learn what
there is; and so the words are "does not exist or may require".

Source: opencontainers/distribution-spec, "Error Codes"; moby distribution/errors.go
Try it: `lab pull localhost:5000/nosuch`
"""

import http
import json

from engine.errors import RegistryError
from engine.registry.endpoints import Endpoint
from engine.registry.settings import host_name

_LONGEST = 300  # characters of what a registry says
_HINTS = {
    401: "`lab login {registry}`, if you have an account there. Is the name right?",
    403: "Your account may not do that there: `lab login {registry}` as another one.",
    404: "Is it spelled right? What was never pushed there cannot be pulled.",
    405: "It only hands out: push to another, or serve it without --read-only.",
    413: "The registry, or a proxy before it, takes nothing that large.",
    429: "The registry has had enough of you for now: try again later, or log in.",
}
# What openssl says is wrong with a certificate: what to do. The first that fits.
_OF_TLS = {
    "Hostname mismatch": "Its certificate is for another name: call it by that one, "
    "which `openssl s_client -connect {host}` shows.",
    "IP address mismatch": "Its certificate is not for this address: call it by name.",
    "certificate has expired": "Its owner has to renew it. Or is this machine's clock "
    "wrong? See `date`.",
    "CERTIFICATE_VERIFY_FAILED": "If you trust it, the certificate of its authority "
    "goes to /etc/labshell/certs.d/{host}/ca.crt; one that is there is another's.",
}
# What it says when it wants one of us, and there is none, or not the right one.
_WHO_ARE_YOU = ("CERTIFICATE_REQUIRED", "ALERT_BAD_CERTIFICATE", "ALERT_UNKNOWN_CA")
_OF_TLS |= dict.fromkeys(
    _WHO_ARE_YOU,
    "It wants to know who you are: your certificate goes to "
    "/etc/labshell/certs.d/{host}/client.cert, and its key to client.key beside it.",
)


def refusal(
    endpoint: Endpoint, repository: str, what: str, status: int, body: bytes
) -> RegistryError:
    """The error for an answer that is no; `what` was asked for, in Docker's words."""
    said = _said(body)
    colon = f": {said}" if said else ""
    if status in (401, 403):
        message = (
            f"{what}: access denied, repository does not exist or may require "
            f"'lab login'{colon}"
        )
    elif status == 404:
        message = f"{what} not found{colon}"
    else:
        message = f"{what}: received unexpected HTTP status{colon}"
    error = RegistryError(
        f"{message} ({_phrase(status)} from {_place(endpoint, repository)})",
        _hint(endpoint, status),
    )
    error.status = status
    return error


def broken(endpoint: Endpoint, repository: str, what: str, why: str) -> RegistryError:
    """The error for an answer that makes no sense, or stopped half way."""
    return RegistryError(
        f"{what}: {why} (from {_place(endpoint, repository)})",
        "The registry is at fault, or somebody between here and there: try again.",
    )


def unreachable(endpoint: Endpoint, why: str) -> RegistryError:
    """The error for a registry that nobody answers for."""
    called = endpoint.host
    if endpoint.registry != endpoint.host:
        called = f"{endpoint.registry} ({endpoint.host})"
    error = RegistryError(
        f"registry {called} could not be reached: {why}", _way_out(endpoint, why)
    )
    error.unreachable = True
    return error


def asks_who_we_are(why: str) -> bool:
    """Whether it has hung up for want of a certificate of ours: in TLS 1.3, later."""
    return any(sign in why for sign in _WHO_ARE_YOU)


def _way_out(endpoint: Endpoint, why: str) -> str:
    """What to do where nobody answers as a registry does."""
    host = host_name(endpoint.host)
    for sign, way in _OF_TLS.items():
        if sign in why:
            return way.format(host=endpoint.host)
    if "WRONG_VERSION_NUMBER" in why:
        where = '"insecure-registries" in /etc/labshell/daemon.json'
        return f"It speaks HTTP without TLS. If that is meant, name it under {where}."
    if host == "localhost" or host.startswith("127."):
        return "Is one running there? `lab registry serve` starts one at port 5000."
    return (
        "Is there a network? Without one: `lab run busybox` (made of this machine's "
        "own files), `lab load` what was saved elsewhere, `lab images -a`."
    )


def _place(endpoint: Endpoint, repository: str) -> str:
    return f"{endpoint.host}" + (f", repository {repository}" if repository else "")


def _phrase(status: int) -> str:
    try:
        return f"{status} {http.HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _hint(endpoint: Endpoint, status: int) -> str:
    default = "The registry is in trouble: try again later." if status >= 500 else ""
    return _HINTS.get(status, default).format(registry=endpoint.registry)


def _said(body: bytes) -> str:
    """What the registry itself says was wrong; "" if that cannot be read."""
    try:
        errors = json.loads(body)["errors"]
        texts = [str(one.get("message") or one.get("code") or "") for one in errors]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return ""
    return "; ".join(dict.fromkeys(filter(None, texts)))[:_LONGEST]
