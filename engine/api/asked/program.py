"""The program: what runs, with which input and output, as whom.

    "Cmd": "ls"   "Cmd": ["ls", "-l"]     a text is a list of one
    "Entrypoint": null                    the image's, and the image's Cmd
    "Entrypoint": []                      none, but the image's Cmd
    "Entrypoint": [""]                    none, and no Cmd of the image
    "Env": ["A=1", "B"]                   A is 1, and B is not there

Whether a client attaches decides what the end of its input means: `StdinOnce` says that
the program's input ends with it.

Source: Docker Engine API 1.41, ContainerConfig
Try it: `docker create --entrypoint '' busybox ls`
"""

from typing import Any

from engine.engine import Healthcheck
from engine.errors import InvalidArgument
from engine.fields import Fields

_TESTS = ("NONE", "CMD", "CMD-SHELL")


def asked(config: Fields) -> dict[str, Any]:
    """The options that the configuration of the program says."""
    return {
        "command": _words(config, "Cmd") or (),
        "entrypoint": _words(config, "Entrypoint"),
        "environment": config.texts("Env"),
        "labels": config.text_map("Labels"),
        "user": config.text("User") or None,
        "working_directory": config.text("WorkingDir") or None,
        "hostname": config.text("Hostname") or None,
        "domainname": config.text("Domainname") or None,
        "tty": config.truth("Tty"),
        **_streams(config),
        "health": _health(config.object("Healthcheck")),
    }


def _words(config: Fields, key: str) -> tuple[str, ...] | None:
    """A list of words, or a text, which is one word; None if it is not said."""
    value = config.data.get(key)
    if value is None:
        return None
    return (value,) if isinstance(value, str) else config.texts(key)


def _streams(config: Fields) -> dict[str, Any]:
    """Input, and the streams at which a client will be.

    `detached` is a run with -d: for a program with input, that its input does not end
    with that of the client.
    """
    wants_input = config.truth("OpenStdin")
    names = {"AttachStdin": "stdin", "AttachStdout": "stdout", "AttachStderr": "stderr"}
    attached = tuple(name for key, name in names.items() if config.truth(key))
    detached = not config.truth("StdinOnce") if wants_input else not attached
    everything = {"stdout", "stderr"} <= {*attached}
    return {
        "interactive": wants_input,
        "attached": () if everything or detached else attached,
        "detached": detached,
    }


def _health(check: Fields) -> Healthcheck:
    """How to ask for its health; times in nanoseconds, 0: as the image says."""
    test = check.texts("Test")
    if test and test[0] not in _TESTS:
        raise InvalidArgument(f"Unknown healthcheck type '{test[0]}' (expected 'CMD')")
    return Healthcheck(
        test=test,
        interval=check.integer("Interval") or 0,
        timeout=check.integer("Timeout") or 0,
        start_period=check.integer("StartPeriod") or 0,
        retries=check.integer("Retries") or 0,
    )
