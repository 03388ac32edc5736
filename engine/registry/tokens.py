"""Tokens: a challenge is met, and whoever asks is let in.

    we  ──GET /v2/me/shop/manifests/1──►  registry      401, Bearer realm=…
    we  ──GET realm?service=…&scope=repository:me/shop:pull──►  its token server
        ◄── {"token": "eyJ…", "expires_in": 300} ──
    we  ──GET …, Authorization: Bearer eyJ… ──►  registry      200

A token is good for one scope (which repository, to do what) and some minutes. Without a
login one asks as nobody: many registries let everybody pull. With an identity token it
is a POST, and that token stands in for the password.

A password goes to the realm that the registry names, but never from https to http.

Source: distribution/distribution docs/spec/auth/token.md, oauth.md
Try it: `lab login localhost:5000`
"""

import threading
import time
import urllib.parse
from collections.abc import Callable
from typing import NamedTuple

from engine.errors import ImageError, RegistryError
from engine.oci.fields import Fields
from engine.registry.challenge import Challenge
from engine.registry.endpoints import Endpoint
from engine.registry.logins import Login
from engine.registry.refusals import broken, refusal
from engine.registry.wire import Request

_CLIENT = "labshell"
_SHORTEST = 60  # seconds that a token is good for, if its maker does not say
_LONGEST_TOKEN = 64 << 10


class Answer(NamedTuple):
    """A whole answer to a small question."""

    status: int
    body: bytes


class Token(NamedTuple):
    """What stands behind "Authorization:", and until when it is good."""

    header: str
    until: float


Ask = Callable[[Request], Answer]


class Tokens:
    """What opens the doors of one registry. Several threads may use it."""

    def __init__(self, endpoint: Endpoint, login: Login | None, ask: Ask) -> None:
        """`ask` fetches something small from anywhere."""
        self._endpoint, self._login, self._ask = endpoint, login, ask
        self._tokens: dict[str, Token] = {}  # by scope
        self._basic = False
        self._lock = threading.Lock()
        self.wants_identity = False  # ask for what may be kept instead of a password
        self.identity_token = ""  # … and what was given

    def header(self, scope: str) -> str:
        """What to say for this scope; "" if nothing is known to be needed."""
        with self._lock:
            if self._basic and self._login:
                return f"Basic {self._login.basic}"
            token = self._tokens.get(scope)
            if token and time.monotonic() < token.until:
                return token.header
            return ""

    def meet(self, found: list[Challenge], scope: str, secure: bool) -> bool:
        """Answer a challenge; False if we cannot. `secure`: it came by https."""
        for challenge in found:
            if challenge.scheme == "bearer":
                token = self._fetch(challenge, scope, secure)
                with self._lock:
                    self._tokens[scope] = token
                return True
            if challenge.scheme == "basic" and self._login and self._login.name:
                with self._lock:
                    self._basic = True
                return True
        return False

    def forget(self, scope: str) -> None:
        """A token was refused: it is no good any more."""
        with self._lock:
            self._tokens.pop(scope, None)

    def _fetch(self, challenge: Challenge, scope: str, secure: bool) -> Token:
        realm = challenge.parameters.get("realm", "")
        parts = urllib.parse.urlsplit(realm)
        allowed = ("https",) if secure else ("https", "http")
        if parts.scheme not in allowed or not parts.hostname or parts.username:
            raise broken(
                self._endpoint,
                "",
                "authentication",
                f"the token server {realm[:200]!a} is not one to be trusted",
            )
        answer = self._ask(self._question(realm, challenge, scope))
        if answer.status != 200:
            raise refusal(
                self._endpoint, "", f"token of {realm}", answer.status, answer.body
            )
        return self._read(answer.body)

    def _question(self, realm: str, challenge: Challenge, scope: str) -> Request:
        service = challenge.parameters.get("service", "")
        asked = [("service", service)] if service else []
        scopes = scope or challenge.parameters.get("scope", "")
        login = self._login
        if login and login.identity_token:
            form = [
                *asked,
                ("scope", scopes),
                ("grant_type", "refresh_token"),
                ("client_id", _CLIENT),
                ("refresh_token", login.identity_token),
            ]
            kind = {"Content-Type": "application/x-www-form-urlencoded"}
            return Request("POST", realm, kind, urllib.parse.urlencode(form).encode())
        asked += [("scope", one) for one in scopes.split(" ") if one]
        if self.wants_identity:
            asked += [("offline_token", "true"), ("client_id", _CLIENT)]
        headers = {}
        if login and login.name:
            asked += [("account", login.name)]
            headers["Authorization"] = f"Basic {login.basic}"
        joint = "&" if "?" in realm else "?"
        return Request("GET", realm + joint + urllib.parse.urlencode(asked), headers)

    def _read(self, body: bytes) -> Token:
        try:
            fields = Fields.parse(body, "the token server's answer")
            token = fields.text("token") or fields.text("access_token")
            seconds = max(fields.number("expires_in"), _SHORTEST)
            self.identity_token = fields.text("refresh_token")
        except ImageError as error:
            raise broken(self._endpoint, "", "authentication", error.message) from error
        if not token or len(token) > _LONGEST_TOKEN or not token.isprintable():
            raise RegistryError(
                f"the token server of {self._endpoint.host} gave no token",
                "The registry is at fault.",
            )
        return Token(f"Bearer {token}", time.monotonic() + seconds * 0.9)
