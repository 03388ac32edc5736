"""The options: the command line, in the words of runc.

    labshell-runc [GLOBAL OPTION...] COMMAND [OPTION...] ID [ARG...]

conmon and podman put it together, so nothing is guessed here: no abbreviations, and
what is not known is an error. Options that would promise something that is not done
are known, and refused by name.

Source: runc(8), runc-create(8), runc-exec(8) …
Try it: `labshell-runc create --help`
"""

import argparse
from pathlib import Path
from typing import Any, NoReturn

from engine import VERSION
from engine.errors import InvalidArgument
from engine.runtime.command.records import ROOT

_NAME = "labshell-runc"
_EXEC = (
    ("--cwd", {"default": "", "metavar": "DIR", "help": "working directory"}),
    (("-e", "--env"), {"action": "append", "default": [], "metavar": "NAME=VALUE"}),
    (("-t", "--tty"), {"action": "store_true", "help": "with a terminal"}),
    (("-u", "--user"), {"default": "", "metavar": "UID[:GID]"}),
    (("-g", "--additional-gids"), {"action": "append", "type": int, "default": []}),
    (("-p", "--process"), {"type": Path, "metavar": "FILE", "help": "as JSON"}),
    (("-c", "--cap"), {"action": "append", "default": [], "metavar": "CAP"}),
    ("--no-new-privs", {"action": "store_true"}),
)


class _Parser(argparse.ArgumentParser):
    """One whose errors are told as all others are."""

    def error(self, message: str) -> NoReturn:
        """Refuse the line."""
        raise InvalidArgument(message, f"`{self.prog} --help` lists the options.")


def parser() -> argparse.ArgumentParser:
    """What understands the command line."""
    whole = _Parser(
        _NAME,
        description="Make a container of an OCI bundle, as runc does.",
        epilog=f"Example: podman --runtime $(command -v {_NAME}) run busybox echo hi",
        allow_abbrev=False,
    )
    version = f"{_NAME} version {VERSION}\nspec: 1.0.2"
    add = whole.add_argument
    whole.formatter_class = argparse.RawDescriptionHelpFormatter
    add("-v", "--version", action="version", version=version)
    add("--root", type=Path, default=ROOT, metavar="DIR", help=f"default: {ROOT}")
    add("--log", type=Path, metavar="FILE", help="write errors there, too")
    add("--log-format", choices=("text", "json"), default="text")
    add("--debug", action="store_true", help="taken, and means nothing here")
    add("--rootless", choices=("true", "false", "auto"), default="auto")
    add("--systemd-cgroup", action="store_true", help="not supported")
    commands = whole.add_subparsers(
        dest="command", required=True, metavar="COMMAND", parser_class=_Parser
    )
    _add_making(commands)
    _add_exec(commands)
    _add_life(commands)
    _add_showing(commands)
    return whole


def _new(commands: Any, name: str, text: str, *, identity: bool = True) -> Any:
    made = commands.add_parser(name, help=text, description=text, allow_abbrev=False)
    if identity:
        made.add_argument("id", metavar="ID")
    return made


def _add_making(commands: Any) -> None:
    for name, text in (
        ("create", "Make a container that waits for its start."),
        ("run", "Make a container, start it, and wait for its end."),
    ):
        made = _new(commands, name, text)
        _add_bundle(made)
        _add_common(made)
        made.add_argument("--no-pivot", action="store_true", help="not supported")
        made.add_argument("--no-new-keyring", action="store_true")
        if name == "run":
            made.add_argument("-d", "--detach", action="store_true")
            made.add_argument("--keep", action="store_true", help="do not delete it")
            made.add_argument("--no-subreaper", action="store_true", help="ignored")


def _add_bundle(made: Any) -> None:
    text = "directory of config.json; default: where you are"
    made.add_argument("-b", "--bundle", type=Path, default=Path(), help=text)


def _add_common(made: Any) -> None:
    made.add_argument("--console-socket", metavar="PATH", help="who wants its terminal")
    made.add_argument("--pid-file", type=Path, metavar="FILE")
    made.add_argument("--preserve-fds", type=int, default=0, metavar="N")


def _add_exec(commands: Any) -> None:
    made = _new(commands, "exec", "Run one more process in a container.")
    _add_common(made)
    for names, details in _EXEC:
        made.add_argument(*([names] if isinstance(names, str) else names), **details)
    made.add_argument("-d", "--detach", action="store_true")
    made.add_argument("arguments", nargs=argparse.REMAINDER, metavar="COMMAND")


def _add_life(commands: Any) -> None:
    _new(commands, "start", "Start a container that was created.")
    made = _new(commands, "kill", "Send a signal to a container.")
    made.add_argument("signal", nargs="?", default="TERM")
    made.add_argument("-a", "--all", action="store_true", help="to all its processes")
    made = _new(commands, "delete", "Remove a container that has stopped.")
    made.add_argument("-f", "--force", action="store_true", help="kill it before")
    made = _new(commands, "update", "Change the limits of a container.")
    made.add_argument("-r", "--resources", type=Path, required=True, metavar="FILE")
    _new(commands, "pause", "Take the processor away from a container.")
    _new(commands, "resume", "Give it back.")


def _add_showing(commands: Any) -> None:
    _new(commands, "state", "Print the state of a container.")
    _new(commands, "ps", "Print the numbers of its processes.").add_argument(
        *("-f", "--format"), choices=("json",), default="json"
    )
    made = _new(commands, "list", "Print all containers.", identity=False)
    made.add_argument("-f", "--format", choices=("table", "json"), default="table")
    made.add_argument("-q", "--quiet", action="store_true", help="only their names")
    _add_bundle(_new(commands, "spec", "Write a config.json.", identity=False))
    _new(commands, "features", "Print what there is here.", identity=False)
