"""`lab registry`: a registry of one's own, to push images to and pull them from.

It is a process of its own that answers HTTP requests, and prints each one in a line:
watch what a `docker push` really asks for.

Try it: `lab registry serve` in one terminal, and in another `skopeo copy
--dest-tls-verify=false oci:/var/lib/labshell/images:busybox:latest
docker://127.0.0.1:5000/busybox`
"""

import contextlib
import shlex
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.engine import Engine
from labshell.commands.grammar import Option, Verb
from labshell.commands.listing import (
    FORMAT,
    JSON,
    WHOLE,
    print_json,
    print_lines,
    terminal_width,
)
from labshell.commands.options.kinds import SECONDS

if TYPE_CHECKING:
    from engine.engine import Registry, Served, ServerSettings

_HERE = ("127.0.0.1", "::1", "localhost")
_FILE = click.Path(path_type=Path)
_ROOT = Option(
    ["--root"],
    type=_FILE,
    metavar="DIR",
    help="Where the registry's files are; else in the engine's root, `registry/`.",
)


def _registry(engine: Engine, root: Path | None) -> "Registry":
    from engine.engine import Registry

    return Registry(root) if root else engine.registry


@click.command(
    cls=Verb,
    params=[
        Option(
            ["--host"],
            default="127.0.0.1",
            metavar="ADDRESS",
            help="Listen here; 0.0.0.0 or :: is for everybody. Default: 127.0.0.1.",
        ),
        Option(
            ["--port"],
            type=click.IntRange(0, 65535),
            default=5000,
            metavar="PORT",
            help="Listen at this port; 0 is any that is free. Default: 5000.",
        ),
        _ROOT,
        Option(
            ["--htpasswd"],
            type=_FILE,
            metavar="FILE",
            help="Ask for a name and a password of this file (`htpasswd -B`).",
        ),
        Option(
            ["--tls-cert"],
            type=_FILE,
            metavar="FILE",
            help="Speak TLS, with this certificate (PEM).",
        ),
        Option(
            ["--tls-key"],
            type=_FILE,
            metavar="FILE",
            help="The private key of the certificate (PEM).",
        ),
        Option(["--read-only"], is_flag=True, help="Take nothing in, delete nothing."),
        Option(
            ["-d", "--detach"],
            is_flag=True,
            help="In the background: print the address, and outlive this shell.",
        ),
        Option(["-q", "--quiet"], is_flag=True, help="Do not print each request."),
    ],
    examples="""
        lab registry serve
        lab registry serve -d                       until `lab registry stop`
        lab registry serve --port 5001 --root /srv/images --htpasswd users
        lab registry serve --host 0.0.0.0 --tls-cert box.crt --tls-key box.key
    """,
)
@click.pass_obj
def serve(
    engine: Engine,
    host: str,
    port: int,
    root: Path | None,
    htpasswd: Path | None,
    tls_cert: Path | None,
    tls_key: Path | None,
    read_only: bool,
    detach: bool,
    quiet: bool,
) -> None:
    """Run a private registry, until Ctrl-C; or with -d, until `lab registry stop`.

    Any client can use it: lab, docker, skopeo, podman. The page at / shows what is in
    it. Without TLS most clients talk only to this machine, and passwords can be read
    on their way.
    """
    from engine.engine import ServerSettings

    settings = ServerSettings(
        host=host,
        port=port,
        htpasswd=htpasswd,
        certificate=tls_cert,
        key=tls_key,
        read_only=read_only,
    )
    registry = _registry(engine, root)
    if host not in _HERE and not (htpasswd and tls_cert):
        _warn(htpasswd is None)
    if detach:
        _begin(registry, settings, root)
    else:
        _stay(registry, settings, _be_silent if quiet else _print_request)


def _stay(
    registry: "Registry",
    settings: "ServerSettings",
    told: Callable[["Served"], None],
) -> None:
    """Serve in the foreground, until Ctrl-C."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt):
        registry.serve(
            settings,
            lambda address: print(f"{address} serves {registry.root}", flush=True),
            told,
        )


def _begin(registry: "Registry", settings: "ServerSettings", root: Path | None) -> None:
    """Start it in the background, and say how that ends."""
    running = registry.begin(settings)
    where = f" --root {shlex.quote(str(root))}" if root else ""
    print(f"{running.address} serves {registry.root} (process {running.pid})")
    print(f"It ends with: lab registry stop{where}")


def _warn(nobody_is_asked: bool) -> None:
    """What the owner of a registry that others can reach should know."""
    if nobody_is_asked:
        print("lab: anybody can push and delete: see --htpasswd", file=sys.stderr)
    else:
        print(
            "lab: passwords can be read on their way: see --tls-cert", file=sys.stderr
        )


def _be_silent(_: "Served") -> None:
    """Tell nothing."""


def _print_request(served: "Served") -> None:
    """Print a request in one write: other threads print, too."""
    from labshell.views.registry import request_line

    with contextlib.suppress(BrokenPipeError):  # nobody reads: serve all the same
        sys.stdout.write(f"{request_line(served)}\n")
        sys.stdout.flush()


@click.command(
    cls=Verb,
    params=[_ROOT],
    examples="""
        lab registry stop
        lab registry stop --root /srv/images
    """,
)
@click.pass_obj
def stop(engine: Engine, root: Path | None) -> None:
    """End the server of a registry, wherever it was started.

    What is in the registry stays. An upload that is under way breaks off, and its
    client may go on with it when the registry is served again.
    """
    print(f"{_registry(engine, root).stop().address} is served no more")


@click.command(
    cls=Verb,
    params=[_ROOT, WHOLE, FORMAT, JSON],
    examples="""
        lab registry ls
        lab registry ls --format '{{.Repository}}:{{.Tag}}'
    """,
)
@click.pass_obj
def ls(
    engine: Engine,
    root: Path | None,
    no_trunc: bool,
    format: str | None,
    json: bool,
) -> None:
    """List what is in a registry: repositories, tags, digests, sizes.

    It reads the registry's files: no server needs to run. SIZE is what a pull of all
    of it would carry; layers that images share are on the disk once.
    """
    from labshell.views.registry import MANIFESTS, manifest_json, manifest_row

    found = _registry(engine, root).contents()
    if json:
        print_json([manifest_json(one) for one in found])
        return
    rows = [manifest_row(one, whole=no_trunc) for one in found]
    print_lines(MANIFESTS.show(format, rows, terminal_width()))


@click.command(
    cls=Verb,
    params=[
        _ROOT,
        Option(
            ["--older-than"],
            type=SECONDS,
            default=3600.0,
            metavar="TIME",
            help="""Leave alone what somebody sent or asked for within this time, as
            in 30s or 2h: it may be a part of a running push. Default: 1h.""",
        ),
        Option(
            ["--untagged"],
            is_flag=True,
            help="Manifests too that have no tag and that no index holds.",
        ),
    ],
    examples="""
        lab registry gc
        lab registry gc --untagged --older-than 0s
    """,
)
@click.pass_obj
def gc(engine: Engine, root: Path | None, older_than: float, untagged: bool) -> None:
    """Collect the garbage of a registry: blobs that no manifest names.

    To delete a tag frees no byte, since a layer may be in many images. This looks for
    those that are in none, and for uploads that were never ended. The server may go on
    running meanwhile.
    """
    from labshell.views.amounts import size

    found = _registry(engine, root).collect(age=older_than, untagged=untagged)
    print(
        f"manifests: {found.manifests}, blobs: {found.blobs}, "
        f"uploads: {found.uploads}, freed: {size(found.freed)}"
    )
