"""labd: the command.

    labd                                      at /run/labshell/labd.sock
    labd -H unix:///tmp/lab.sock --root DIR

It runs in the foreground until SIGTERM or Ctrl-C. Containers live on.

man: signal(7)
Try it: `labd &`, then `docker -H unix:///run/labshell/labd.sock version`
"""

import argparse
import gc
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import Any, NoReturn

from engine import VERSION, daemon_json
from engine.api.daemon import Daemon
from engine.api.listening import listen
from engine.api.service import Service
from engine.api.settings import DEFAULT_HOST, Settings, settings
from engine.errors import EngineError, InvalidArgument
from engine.serving import background
from engine.serving.running import Running


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until a signal says that it is enough; the exit status."""
    try:
        wanted = _understood(arguments)
        background.take_name("labd")
        serve(wanted, _say_where)
    except EngineError as error:
        print(f"labd: {error.message}\n{error.hint}".rstrip(), file=sys.stderr)
        return 1
    return 0


def _say_where(running: Running) -> None:
    """Print the line with which a client finds us."""
    print(f"labd: ready: export DOCKER_HOST={running.address}", flush=True)


def serve_in_background(
    asked: Mapping[str, Any], ready: Callable[[Running], None]
) -> None:
    """The same in a process that `lab daemon start` has made (see serving/labd.py)."""
    os.chdir(asked["directory"])  # from which files were named
    wanted = _understood(asked["arguments"])
    os.chdir("/")
    serve(wanted, ready)


def serve(wanted: Settings, ready: Callable[[Running], None]) -> None:
    """Serve until a signal says that it is enough; `ready` is told when it does."""
    gc.enable()  # ./labd has switched it off, to start faster
    with ExitStack() as held:
        listening = [one for host in wanted.hosts for one in listen(host, wanted, held)]
        Service(listening, Daemon(wanted), held).run(ready)


def _understood(arguments: Sequence[str] | None) -> Settings:
    """What the command line and the file say."""
    asked = vars(_parser().parse_args(arguments))
    file = asked.pop("config_file")
    if file:
        os.environ["LABSHELL_CONFIG"] = file
    options = {key.replace("_", "-"): value for key, value in asked.items()}
    return settings(options, file)


class _Parser(argparse.ArgumentParser):
    """One whose errors are told as all others are."""

    def error(self, message: str) -> NoReturn:
        """Refuse the line."""
        raise InvalidArgument(message, "`labd --help` lists the options.")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        "labd",
        description="Serve the Docker Engine API for the little engine, so that "
        "docker, docker-py and curl can drive it.",
        epilog="Example: labd & docker -H unix:///run/labshell/labd.sock ps",
        allow_abbrev=False,
    )

    def add(*names: str, **details: Any) -> None:
        parser.add_argument(*names, **details)

    add("--version", action="version", version=f"labd {VERSION}")
    add(
        "--trace",
        action="store_true",
        default=None,
        help="Print each request as a line for curl, and the acts that it causes.",
    )
    _add_places(add)
    _add_tls(add)
    return parser


def _add_places(add: Any) -> None:
    add(
        *("-H", "--host"),
        dest="hosts",
        action="append",
        metavar="ADDRESS",
        help=f"Listen here; may be given several times. Default: {DEFAULT_HOST}.",
    )
    add(
        *("--root", "--data-root"),
        dest="data_root",
        type=os.path.abspath,
        metavar="DIR",
        help="The engine's files; else $LABSHELL_ROOT, else /var/lib/labshell.",
    )
    add(
        *("-G", "--group"),
        metavar="NAME",
        help="Who is in this group may connect, too. Default: labshell, if there is.",
    )
    add(
        "--config-file",
        type=os.path.abspath,
        metavar="FILE",
        help=f"Docker's daemon.json. Default: {daemon_json.FILE}.",
    )
    add(
        "--label",
        dest="labels",
        action="append",
        metavar="KEY=VALUE",
        help="What `docker info` says of this server.",
    )


def _add_tls(add: Any) -> None:
    add(
        "--tlsverify",
        action="store_true",
        default=None,
        help="Let clients with a certificate in by TCP (-H tcp://ADDRESS:2376).",
    )
    for name, what in (
        ("--tlscacert", "The certificate of who has signed those of clients"),
        ("--tlscert", "The server's own certificate"),
        ("--tlskey", "The key of that certificate"),
    ):
        add(name, type=os.path.abspath, metavar="FILE", help=f"{what} (PEM).")
