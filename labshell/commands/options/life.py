"""Options about how long the container lives: its end, its return, its health."""

from typing import Any

import click

from engine.engine import Healthcheck
from engine.errors import InvalidArgument
from labshell.commands import suggest
from labshell.commands.options.kinds import DURATION, Heading

LIFE = Heading("Life")

OPTIONS: list[click.Parameter] = [
    LIFE.flag(
        "--rm",
        "auto_remove",
        help="Remove the container, and its anonymous volumes, when it ends.",
    ),
    LIFE.value(
        "--restart",
        default="no",
        metavar="POLICY",
        shell_complete=suggest.restart_policies,
        help="""Run it again when it ends: always, unless-stopped (not after a reboot
        if you had stopped it), on-failure[:MOST] (if its exit code is not 0), no.""",
    ),
    LIFE.value(
        "--stop-signal",
        metavar="SIGNAL",
        shell_complete=suggest.signals,
        help="What `lab stop` sends first; SIGTERM unless the image says otherwise.",
    ),
    LIFE.value(
        "--stop-timeout",
        type=int,
        metavar="SECONDS",
        help="How long `lab stop` waits before it kills; 10 unless given.",
    ),
    LIFE.value(
        "--runtime",
        metavar="NAME",
        shell_complete=suggest.runtimes,
        help="""Who makes the container, and execs in it: labshell, runc or crun, or
        whom daemon.json names.""",
    ),
    LIFE.value(
        "--health-cmd",
        metavar="COMMAND",
        help="Ask the container whether it is well: a line for its shell; 0 means yes.",
    ),
    LIFE.value(
        "--health-interval",
        type=DURATION,
        default=0,
        metavar="TIME",
        help="How long to wait between two questions: 5s, 1m30s; 30s unless given.",
    ),
    LIFE.value(
        "--health-timeout",
        type=DURATION,
        default=0,
        metavar="TIME",
        help="An answer that takes longer is a bad one; 30s unless given.",
    ),
    LIFE.value(
        "--health-start-period",
        type=DURATION,
        default=0,
        metavar="TIME",
        help="Bad answers do not count until it has run for so long.",
    ),
    LIFE.value(
        "--health-retries",
        type=int,
        default=0,
        metavar="NUMBER",
        help="So many bad answers in a row make it unhealthy; 3 unless given.",
    ),
    LIFE.flag(
        "--no-healthcheck",
        help="Do not ask, even if the image has a HEALTHCHECK.",
    ),
]


def healthcheck(asked: dict[str, Any]) -> Healthcheck:
    """What was said of the health check."""
    command = asked["health_cmd"]
    check = Healthcheck(
        test=("CMD-SHELL", command) if command else (),
        interval=asked["health_interval"],
        timeout=asked["health_timeout"],
        start_period=asked["health_start_period"],
        retries=asked["health_retries"],
    )
    if not asked["no_healthcheck"]:
        return check
    if check != Healthcheck():
        raise InvalidArgument(
            "--no-healthcheck conflicts with --health-* options",
            "Either ask, or do not: leave one of them out.",
        )
    return Healthcheck(test=("NONE",))
