"""Access: who may use the registry, by name and password.

A registry has no users of its own: it asks a file that the web server Apache invented,
one line a user, made by `htpasswd -B`:

    ada:$2y$05$8O9sE9nGfP…            bcrypt, with the cost 5 and its salt in the line

bcrypt is slow on purpose: who steals the file has to try each password with it. Ours
to avoid are three leaks: a comparison takes the same time wherever it fails, an unknown
user takes as long as a known one, and no password is ever written anywhere. What was
right once is remembered as a keyed hash, or each request of a push would wait again.

A password in a request is readable on its way, unless there is TLS around it.

Source: RFC 7617 (Basic); htpasswd(1)
Try it: `htpasswd -Bc users ada; lab registry serve --htpasswd users`
"""

import base64
import binascii
import hmac
import os
import re
import threading
from pathlib import Path

import bcrypt

from engine.errors import InvalidArgument
from engine.registry.server.problems import Problem

_CHALLENGE = {"WWW-Authenticate": 'Basic realm="labshell registry", charset="UTF-8"'}
_LONGEST_PASSWORD = 72  # bytes; bcrypt looks at no more
_LARGEST_FILE = 1 << 20  # bytes
_BCRYPT = re.compile(r"\$2[aby]\$\d\d\$[./0-9A-Za-z]{53}\Z")
_SALT = b"$2b$05$" + b"." * 22


class Access:
    """The users in a file of passwords."""

    def __init__(self, path: Path) -> None:
        """Read the file. InvalidArgument if it is not there, or no such file."""
        self._users = dict(_user(line, path) for line in _lines(path))
        # Whoever is unknown is compared with this: the same work as for the others.
        self._nobody = next(iter(self._users.values()), bcrypt.hashpw(b"", _SALT))
        self._key = os.urandom(32)
        self._known: dict[str, bytes] = {}  # the keyed hash of a password that is right
        self._lock = threading.Lock()

    def check(self, authorization: str) -> str:
        """The user of a request. Problem (401) if it is none of ours."""
        user, password = _credentials(authorization)
        if not user or not self._is_right(user, password):
            raise Problem(
                "UNAUTHORIZED", "name and password, please", headers=_CHALLENGE
            )
        return user

    def _is_right(self, user: str, password: bytes) -> bool:
        keyed = hmac.digest(self._key, password, "sha256")
        with self._lock:
            known = self._known.get(user, b"")
        if hmac.compare_digest(known, keyed):
            return True
        if len(password) > _LONGEST_PASSWORD or b"\0" in password:
            return False
        right = bcrypt.checkpw(password, self._users.get(user, self._nobody))
        if right and user in self._users:
            with self._lock:
                self._known[user] = keyed
            return True
        return False


def _lines(path: Path) -> list[str]:
    try:
        with path.open("rb") as file:
            text = file.read(_LARGEST_FILE).decode()
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise InvalidArgument(
            f"cannot read the passwords in {path}: {why}",
            f"`htpasswd -Bc {path} NAME` makes such a file.",
        ) from error
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def _user(line: str, path: Path) -> tuple[str, bytes]:
    """The name and the hash in a line, which an error must not show."""
    name, _, hashed = line.partition(":")
    if not name or not _BCRYPT.match(hashed.strip()):
        raise InvalidArgument(
            f"{path}: the password of {name[:40]!a} is not hashed with bcrypt",
            f"`htpasswd -B {path} NAME` does that.",
        )
    return name, hashed.strip().encode()


def _credentials(authorization: str) -> tuple[str, bytes]:
    """The name and the password in a header; empty if there are none."""
    scheme, _, encoded = authorization.partition(" ")
    try:
        decoded = base64.b64decode(encoded.strip(), validate=True)
    except (binascii.Error, ValueError):
        decoded = b""
    user, _, password = decoded.partition(b":")
    if scheme.lower() != "basic":
        return "", b""
    return user.decode(errors="replace"), password
