"""What `lab run` and `lab create` can be asked for, as data.

One list: the option, how its value is read, and what it does, under the heading that
`--help` sorts it by. `container_options` turns what was typed into the engine's
ContainerOptions.

Try it: `lab run --help`
"""

import os
from collections.abc import Callable
from typing import Any

import click

from engine.engine import ContainerOptions
from labshell.commands import suggest, values
from labshell.commands.grammar import Option

PROGRAM, NAMES = "The program", "Names"
FILES, WALLS, LIMITS = "Files", "Walls", "Limits (cgroups)"


class Value(click.ParamType):  # type: ignore[type-arg]  # no generic before click 8.4
    """A value with a form of its own: a function that reads it or raises ValueError."""

    def __init__(self, name: str, read: Callable[[str], Any]) -> None:
        self.name = name
        self.read = read

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Any:
        """The value as the engine takes it."""
        try:
            return self.read(value) if isinstance(value, str) else value
        except ValueError as error:
            self.fail(str(error), param, ctx)


ASSIGNMENT = Value("assignment", values.assignment)
ASSIGNMENTS = Value("file", values.environment_file)
LABEL = Value("label", values.label)
BYTES = Value("bytes", values.memory)
BYTES_OR_UNLIMITED = Value("bytes", values.memory_or_unlimited)
CPUS = Value("number", values.cpus)


def _flag(*names: str, under: str, help: str) -> Option:
    return Option(names, is_flag=True, under=under, help=help)


def _text(*names: str, under: str, metavar: str, help: str) -> Option:
    return Option(names, under=under, metavar=metavar, help=help)


def _list(
    *names: str, under: str, metavar: str, help: str, type: Value | None = None
) -> Option:
    return Option(
        names, multiple=True, type=type, under=under, metavar=metavar, help=help
    )


INTERACTIVE = _flag(
    "-i",
    "--interactive",
    under=PROGRAM,
    help="Keep its standard input open, and pass on what you type.",
)
TTY = _flag(
    "-t",
    "--tty",
    under=PROGRAM,
    help="Give it a terminal of its own (a pty). For a shell: -it.",
)
ENVIRONMENT = _list(
    "-e",
    "--env",
    type=ASSIGNMENT,
    under=PROGRAM,
    metavar="NAME[=VALUE]",
    help="Set an environment variable; a NAME alone takes this shell's value.",
)
ENVIRONMENT_FILE = _list(
    "--env-file",
    type=ASSIGNMENTS,
    under=PROGRAM,
    metavar="FILE",
    help="Read environment variables from a file, one NAME=VALUE a line.",
)
WORKING_DIRECTORY = _text(
    "-w",
    "--workdir",
    under=PROGRAM,
    metavar="DIR",
    help="Start in this directory of the container; `run` makes it if need be.",
)
USER = _text(
    "-u",
    "--user",
    under=PROGRAM,
    metavar="USER[:GROUP]",
    help="Run as this user, by name (as the image's /etc/passwd has it) or number.",
)

CONTAINER_OPTIONS: list[click.Parameter] = [
    INTERACTIVE,
    TTY,
    ENVIRONMENT,
    ENVIRONMENT_FILE,
    WORKING_DIRECTORY,
    USER,
    _text(
        "--entrypoint",
        under=PROGRAM,
        metavar="PROGRAM",
        help='Run this instead of the image\'s ENTRYPOINT; "" for none.',
    ),
    _text(
        "--stop-signal",
        under=PROGRAM,
        metavar="SIGNAL",
        help="What `lab stop` sends first; SIGTERM unless the image says otherwise.",
    ),
    Option(
        ["--stop-timeout"],
        type=int,
        under=PROGRAM,
        metavar="SECONDS",
        help="How long `lab stop` waits before it kills; 10 unless given.",
    ),
    _text(
        "--name",
        under=NAMES,
        metavar="NAME",
        help="Call the container this; else it gets a name made of two words.",
    ),
    _text(
        "-h",
        "--hostname",
        under=NAMES,
        metavar="NAME",
        help="The name of the machine as seen inside (a UTS namespace of its own).",
    ),
    _list(
        "-l",
        "--label",
        type=LABEL,
        under=NAMES,
        metavar="KEY[=VALUE]",
        help="A note kept with the container; nothing acts on it.",
    ),
    _flag(
        "--rm",
        under=NAMES,
        help="Remove the container, and its anonymous volumes, when it ends.",
    ),
    _list(
        "-v",
        "--volume",
        under=FILES,
        metavar="[SOURCE:]TARGET[:ro]",
        help="""Mount a volume (SOURCE is a name) or a directory of the host (SOURCE
        begins with /) at TARGET; without SOURCE, a new volume without a name.""",
    ),
    _list(
        "--tmpfs",
        under=FILES,
        metavar="TARGET[:OPTIONS]",
        help="Mount an empty file system in memory at TARGET: /run:size=64m.",
    ),
    _flag(
        "--read-only",
        under=FILES,
        help="Nothing can be written but to volumes and tmpfs.",
    ),
    _text(
        "--network",
        under=WALLS,
        metavar="none|host",
        help="""none: a network namespace with only loopback; host: the machine's own
        network. none unless given.""",
    ),
    _list(
        "--cap-add",
        under=WALLS,
        metavar="CAPABILITY",
        help="Give root inside one more of root's powers: NET_ADMIN; ALL.",
    ),
    _list(
        "--cap-drop",
        under=WALLS,
        metavar="CAPABILITY",
        help="Take one of the powers away that root inside has by default.",
    ),
    _list(
        "--security-opt",
        under=WALLS,
        metavar="OPTION",
        help="""no-new-privileges: setuid programs give no power. seccomp=unconfined,
        seccomp=FILE: which system calls may be made.""",
    ),
    _flag(
        "--privileged",
        under=WALLS,
        help="All capabilities, devices and system calls: hardly a wall at all.",
    ),
    Option(
        ["-m", "--memory"],
        type=BYTES,
        under=LIMITS,
        metavar="SIZE",
        help="At most this much memory: 64m. Beyond it the kernel kills (137).",
    ),
    Option(
        ["--memory-swap"],
        type=BYTES_OR_UNLIMITED,
        under=LIMITS,
        metavar="SIZE",
        help="Memory and swap together; -1: any amount of swap.",
    ),
    Option(
        ["--cpus"],
        type=CPUS,
        under=LIMITS,
        metavar="NUMBER",
        help="At most this much processor time: 0.5 is half of one.",
    ),
    Option(
        ["-c", "--cpu-shares"],
        type=int,
        under=LIMITS,
        metavar="WEIGHT",
        help="Its part when processors are short; 1024 is the usual weight.",
    ),
    Option(
        ["--pids-limit"],
        type=int,
        under=LIMITS,
        metavar="NUMBER",
        help="At most this many processes and threads: a fork bomb ends here.",
    ),
]

IMAGE_AND_COMMAND: list[click.Parameter] = [
    click.Argument(["image"], metavar="IMAGE", shell_complete=suggest.images),
    click.Argument(["command"], nargs=-1, metavar="[COMMAND] [ARG...]"),
]


def container_options(asked: dict[str, Any]) -> ContainerOptions:
    """What was typed after `run` or `create`, as the engine takes it."""
    entrypoint = asked["entrypoint"]
    if entrypoint is not None:
        entrypoint = (entrypoint,) if entrypoint else ()
    return ContainerOptions(
        image=asked["image"],
        command=asked["command"],
        entrypoint=entrypoint,
        name=asked["name"],
        hostname=asked["hostname"],
        user=asked["user"],
        working_directory=asked["workdir"],
        environment=environment(asked),
        labels=dict(asked["label"]),
        interactive=asked["interactive"],
        tty=asked["tty"],
        auto_remove=asked["rm"],
        read_only=asked["read_only"],
        volumes=asked["volume"],
        tmpfs=asked["tmpfs"],
        network=asked["network"] or "none",
        capabilities_add=asked["cap_add"],
        capabilities_drop=asked["cap_drop"],
        privileged=asked["privileged"],
        security_options=asked["security_opt"],
        memory=asked["memory"],
        memory_swap=asked["memory_swap"],
        cpus=asked["cpus"],
        cpu_shares=asked["cpu_shares"],
        pids_limit=asked["pids_limit"],
        stop_signal=asked["stop_signal"],
        stop_timeout=asked["stop_timeout"],
    )


def environment(asked: dict[str, Any]) -> tuple[str, ...]:
    """What `-e` and `--env-file` say together."""
    lines = [line for file in asked["env_file"] for line in file]
    return values.environment([*lines, *asked["env"]], os.environ)
