"""What `lab run` and `lab create` can be asked for, as data.

Each file is one heading of `--help`, its options and how their values are read:

    program.py    input, environment, user
    streams.py    what is attached, and how to leave
    names.py      what it is called
    life.py       its end, its return, its health
    files.py      volumes, binds, tmpfs
    network.py    which network it is in, and how it is reached there
    walls.py      other namespaces, powers, system calls
    limits.py     its control group
    image.py      where the image comes from
    building.py   what `lab build` can be asked for
    elsewhere.py  what Docker has and we have not
    kinds.py      a switch, a text, a list: what options are made of

`container_options` turns what was typed into the engine's ContainerOptions.

Try it: `lab run --help`
"""

import os
from typing import Any

import click

from engine.engine import ContainerOptions, RestartPolicy
from labshell.commands import suggest, values
from labshell.commands.options import (
    elsewhere,
    files,
    image,
    life,
    limits,
    names,
    network,
    program,
    streams,
    walls,
)

CONTAINER_OPTIONS: list[click.Parameter] = [
    *program.OPTIONS,
    streams.ATTACH,
    *names.OPTIONS,
    *life.OPTIONS,
    *files.OPTIONS,
    *network.OPTIONS,
    *walls.OPTIONS,
    *limits.OPTIONS,
    *image.OPTIONS,
    *elsewhere.OPTIONS,
]

IMAGE_AND_COMMAND: list[click.Parameter] = [
    click.Argument(["image"], metavar="IMAGE", shell_complete=suggest.images),
    click.Argument(["command"], nargs=-1, metavar="[COMMAND] [ARG...]"),
]


def container_options(asked: dict[str, Any]) -> ContainerOptions:
    """What was typed after `run` or `create`, as the engine takes it.

    An option is called as the engine's field is, if its value needs no more than that.
    """
    fields = ContainerOptions._fields
    said = {n: v for n, v in asked.items() if n in fields and v not in (None, "", ())}
    if asked["entrypoint"] is not None:
        said["entrypoint"] = (asked["entrypoint"],)  # "" for none, as docker says it
    labels = [label for file in asked["label_file"] for label in file]
    return ContainerOptions(
        **{
            **said,
            **limits.asked_for(asked),
            **network.named(asked["network"]),
            "environment": environment(asked),
            "labels": dict([*labels, *asked["label"]]),
            "restart": RestartPolicy.parse(asked["restart"]),
            "health": life.healthcheck(asked),
            "log_options": dict(asked["log_opt"]),
        }
    )


def environment(asked: dict[str, Any]) -> tuple[str, ...]:
    """What `-e` and `--env-file` say together."""
    lines = [line for file in asked["env_file"] for line in file]
    return values.environment([*lines, *asked["env"]], os.environ)
