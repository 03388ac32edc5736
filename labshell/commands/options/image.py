"""Options about where the image comes from.

One that is not here is fetched from the registry in its name. It must be one for this
machine: there is no emulator that could run another's programs.

Try it: `lab run --platform linux/arm64 busybox true`
"""

import platform

import click

from labshell.commands.options.kinds import Heading, Value

IMAGE = Heading("The image")
_MACHINES = {"x86_64": ("amd64", "x86_64"), "aarch64": ("arm64", "aarch64")}


def pull(text: str) -> str:
    """When an image is fetched from a registry."""
    if text not in ("always", "missing", "never"):
        raise ValueError(
            f'invalid pull option: \'{text}\': must be one of "always", "missing" or '
            '"never"'
        )
    return text


def of_this_machine(text: str) -> str:
    """A platform that this machine is: "linux/amd64"."""
    system, _, rest = text.lower().partition("/")
    kind, _, variant = rest.partition("/")
    machine = platform.machine()
    names = _MACHINES.get(machine, (machine,))
    fits = not rest and system in ("linux", *names)
    if not fits and not (system == "linux" and kind in names and not variant):
        raise ValueError(
            f"no image here is for the platform {text}: this machine is "
            f"linux/{names[0]}, and there is no emulator"
        )
    return text


OPTIONS: list[click.Parameter] = [
    IMAGE.value(
        "--pull",
        type=Value("when", pull),
        default="missing",
        metavar="always|missing|never",
        help="When to fetch it from its registry: if it is not here, unless told.",
    ),
    IMAGE.value(
        "--platform",
        type=Value("platform", of_this_machine),
        metavar="OS[/ARCH]",
        help="Which machine's image to run: only this machine's.",
    ),
    IMAGE.flag("-q", "--quiet", help="Say nothing of fetching the image."),
]
