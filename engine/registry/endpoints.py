"""Endpoints: where a registry is reached, and how it proves that it is the one.

    docker.io      its mirrors in their order, then https://registry-1.docker.io
    HOST[:PORT]    https; where it is insecure, https with any certificate, then http

Trust comes from what this machine trusts anyway, and from a directory that is called as
the registry is:

    /etc/labshell/certs.d/registry.lan:5000/ca.crt          who may vouch for it
                                            client.cert     … who we are
                                            client.key
    /etc/docker/certs.d/…                                   Docker's own, the same

Source: moby registry/service_v2.go, registry.go (behaviour)
man: openssl-verify(1)
Try it: `openssl s_client -connect registry.lan:5000`; docs/registry.md, "For others"
"""

import ssl
import urllib.parse
from pathlib import Path
from typing import NamedTuple

from engine.errors import InvalidArgument
from engine.oci.reference import DEFAULT_REGISTRY
from engine.registry.settings import Settings

_HUB = "registry-1.docker.io"
_DOCKERS_CERTIFICATES = Path("/etc/docker/certs.d")


class Endpoint(NamedTuple):
    """A server that answers for `registry` (as references call it).

    `host` is what stands in its URLs; `schemes` are tried in this order.
    """

    registry: str
    host: str
    schemes: tuple[str, ...] = ("https",)
    is_mirror: bool = False


def endpoints(registry: str, settings: Settings, *, mirrors: bool) -> list[Endpoint]:
    """Where to ask, in this order; mirrors are for those who read."""
    host = _HUB if registry == DEFAULT_REGISTRY else registry
    insecure = settings.is_insecure(host)
    schemes = ("https", "http") if insecure else ("https",)
    found = []
    if mirrors and registry == DEFAULT_REGISTRY:
        found = [_mirror(registry, url) for url in settings.mirrors]
    return [*found, Endpoint(registry=registry, host=host, schemes=schemes)]


def _mirror(registry: str, url: str) -> Endpoint:
    parts = urllib.parse.urlsplit(url)
    return Endpoint(
        registry=registry, host=parts.netloc, schemes=(parts.scheme,), is_mirror=True
    )


def trust(host: str, settings: Settings) -> ssl.SSLContext:
    """Whom to believe that they are `host`: anybody, if it is an insecure registry."""
    context = ssl.create_default_context()
    # Since Python 3.13 an authority must say what its key is for. What one line of
    # openssl makes does not, and every other client believes it.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if settings.is_insecure(host):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if not host[:1].isalnum() and not host.startswith("["):
        return context
    for parent in (_DOCKERS_CERTIFICATES, settings.directory / "certs.d"):
        _take_in(context, parent / host)
    return context


def _take_in(context: ssl.SSLContext, directory: Path) -> None:
    """The certificates of a directory; nothing if it is not there."""
    if not directory.is_dir():
        return
    for path in sorted(directory.iterdir()):
        try:
            if path.suffix == ".crt":
                context.load_verify_locations(path)
            elif path.suffix == ".cert":
                context.load_cert_chain(path, path.with_suffix(".key"))
        except (OSError, ssl.SSLError) as error:
            raise InvalidArgument(
                f"{path}: {error}",
                "A .crt is an authority; a .cert has its .key beside it.",
            ) from error
