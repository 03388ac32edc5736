"""Login: name and password are tried at the registry, and kept if they are right.

    GET /v2/  ─►  200                  nobody is asked who they are
              ─►  401, Basic           asked again, with name and password
              ─►  401, Bearer realm=…  a token is fetched with them

Where the token server gives an identity token, that is kept, and no password.

Source: moby registry/auth.go (behaviour); docker/cli cli/command/registry/login.go
Try it: `echo secret | lab login -u me --password-stdin localhost:5000`
"""

from pathlib import Path

from engine.errors import RegistryError
from engine.registry import logins, service
from engine.registry.logins import Login
from engine.registry.wire import Request


def log_in(registry: str, login: Login) -> Path | None:
    """Try a login, and keep it; the file that the password is now in, if in one."""
    return logins.keep(registry, tried(registry, login))


def tried(registry: str, login: Login) -> Login:
    """The login as it may be kept: with an identity token, if the registry gives one.

    RegistryError if it is refused.
    """
    with service.of(registry) as found:
        connection = found.origin(login)
        connection.tokens.wants_identity = True
        url = connection.url("/v2/")
        try:
            connection.ask(Request("GET", url), what="login")
        except RegistryError as error:
            if error.status not in (401, 403):
                raise
            refused = RegistryError(
                f"login attempt to {url} failed with status: {error.status} "
                + ("Unauthorized" if error.status == 401 else "Forbidden"),
                f"Name or password is wrong, says {registry}.",
            )
            refused.status = error.status
            raise refused from error
        token = connection.tokens.identity_token
    return Login(login.name, identity_token=token) if token else login
