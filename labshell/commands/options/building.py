"""What `lab build` can be asked for.

Limits and walls are those of `lab run`, for each container of a RUN.
"""

import os
import re
from typing import TYPE_CHECKING, Any

import click

from engine.engine import ContainerOptions
from engine.errors import InvalidArgument
from labshell.commands import suggest
from labshell.commands.options import limits, walls
from labshell.commands.options.kinds import (
    BUILD_ARGUMENT,
    LABEL,
    OUTPUT_FILE,
    SECONDS,
    Heading,
)
from labshell.commands.options.network import NETWORK, named

if TYPE_CHECKING:
    from engine.engine import BuildOptions

_LATEST = 253_402_300_799  # the last second of the year 9999
_RESULT = Heading("Result")
_STEPS = Heading("Steps")
_SHOWN = Heading("What is shown")
_ALLOWED = (
    "memory memory_swap cpus cpu_shares cpu_quota cpu_period cpuset_cpus cpuset_mems "
    "pids_limit ulimits shm_size cgroup_parent capabilities_add capabilities_drop "
    "security_options"
).split()

OPTIONS: list[click.Parameter] = [
    _RESULT.several(
        "-t",
        "--tag",
        metavar="NAME[:TAG]",
        help="Call the image so; as many names as you like.",
    ),
    _RESULT.several(
        "--label", type=LABEL, metavar="NAME=VALUE", help="Mark the image with it."
    ),
    _RESULT.value(
        "--iidfile",
        type=OUTPUT_FILE,
        metavar="FILE",
        help="Write the image's ID to FILE.",
    ),
    _RESULT.value(
        "--report",
        type=OUTPUT_FILE,
        metavar="FILE.html",
        help="""Write a page about the build: steps, layers, what was cached, which step
        has failed.""",
    ),
    _STEPS.value(
        "-f",
        "--file",
        default="",
        metavar="FILE|-",
        help="The Dockerfile; PATH/Dockerfile unless given, - from a pipe.",
    ),
    _STEPS.several(
        "--build-arg",
        type=BUILD_ARGUMENT,
        metavar="NAME[=VALUE]",
        help="What ARG NAME gets; without a value, what the variable holds here.",
    ),
    _STEPS.value(
        "--target", default="", metavar="STAGE", help="Build up to this stage only."
    ),
    _STEPS.flag("--no-cache", help="Do every step, whatever was made before."),
    _STEPS.flag("--pull", help="Ask registries for bases, though they are here."),
    _STEPS.several(
        "--add-host",
        metavar="NAME:ADDRESS",
        help="One more line in /etc/hosts of each RUN.",
    ),
    _STEPS.value(
        "--timeout",
        type=SECONDS,
        metavar="TIME",
        help="End the build when it takes longer: 10m.",
    ),
    _STEPS.value(
        "--step-timeout",
        type=SECONDS,
        metavar="TIME",
        help="End a step when it takes longer: a RUN that never ends.",
    ),
    _STEPS.flag(
        "--rm/--no-rm",
        "remove",
        default=True,
        help="Remove the containers of steps that went well; --rm=false keeps them.",
    ),
    _STEPS.flag("--force-rm", help="Remove the container of a step that failed, too."),
    _STEPS.flag(
        "--keep-scene/--no-keep-scene",
        "keep_scene",
        default=None,
        help="Keep the container of a step that failed, as it is: see `lab scene`.",
    ),
    _SHOWN.flag("-q", "--quiet", help="Print the image's ID, and nothing else."),
    _SHOWN.value(
        "--progress",
        default="plain",
        metavar="plain|rich",
        type=click.Choice(["plain", "rich"]),
        help="plain: line after line, as Docker has it; rich: a table that grows.",
    ),
    *(
        option
        for option in (*limits.OPTIONS, *walls.OPTIONS)
        if option.name in _ALLOWED
    ),
    NETWORK.value(
        "--network",
        "network",
        metavar="NAME|MODE",
        shell_complete=suggest.modes,
        help="""The network of each RUN: bridge unless given, or one that `lab network
        create` has made. Or none: only loopback; host: the machine's own.""",
    ),
]


def build_options(asked: dict[str, Any]) -> "BuildOptions":
    """What was typed after `build`, as the engine takes it."""
    from engine.engine import BuildOptions

    keeps = asked["keep_scene"]
    return BuildOptions(
        tags=asked["tag"],
        dockerfile="" if asked["file"] == "-" else asked["file"],
        arguments=arguments(asked["build_arg"]),
        target=asked["target"],
        cache=not asked["no_cache"],
        remove=asked["remove"],
        force_remove=asked["force_rm"] if keeps is None else not keeps,
        labels=dict(asked["label"]),
        container=_container(asked),
        timeout=asked["timeout"],
        step_timeout=asked["step_timeout"],
        pull=asked["pull"],
        epoch=_epoch(os.environ.get("SOURCE_DATE_EPOCH", "")),
    )


def _epoch(text: str) -> int | None:
    """The time that all that is new will be of. InvalidArgument if it is no time."""
    if not text:
        return None
    if not re.fullmatch(r"\d{1,12}", text, re.ASCII) or int(text) > _LATEST:
        raise InvalidArgument(
            f"SOURCE_DATE_EPOCH is no number of seconds since 1970: {text[:80]!r}",
            "As in: SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)",
        )
    return int(text)


def arguments(typed: tuple[str, ...]) -> dict[str, str]:
    """What --build-arg says; a name without a value has that of our environment."""
    found = {}
    for word in typed:
        name, equals, value = word.partition("=")
        if equals:
            found[name] = value
        elif name in os.environ:
            found[name] = os.environ[name]
    return found


def _container(asked: dict[str, Any]) -> ContainerOptions:
    """What each container of a RUN is given."""
    said = {name: asked[name] for name in _ALLOWED if asked[name] not in (None, "")}
    said |= named([asked["network"]] if asked["network"] else [])
    return ContainerOptions(image="", extra_hosts=asked["add_host"], **said)


def is_rich(progress: str) -> bool:
    """Whether a growing table can be shown, and is wanted."""
    return progress == "rich"
