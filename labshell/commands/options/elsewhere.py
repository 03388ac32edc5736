"""Options that Docker has and we have not: what to do instead, one line each.

They are known, so that a line from a book gets a better answer than "no such option";
`--help` does not list them.

Try it: `lab run --gpus all busybox true`
"""

from collections.abc import Collection, Mapping

import click

from labshell.commands.grammar import NotHere, Option

_INSTEAD = {
    "--gpus": "Graphics cards need their maker's runtime; --device shows a device.",
    "--isolation": "That is of Docker on Windows: leave it out.",
    "--storage-opt": "The layer has no limit of its own: --tmpfs /path:size=64m has.",
    "--volume-driver": "There is one driver, local: leave it out.",
    "--disable-content-trust": "Images here are not signed: leave it out.",
    "--kernel-memory": "Kernels have given it up: -m counts the kernel's memory too.",
    "--cpu-rt-period": "Needs a kernel with real-time groups: --cpu-quota is near it.",
    "--cpu-rt-runtime": "Needs a kernel with real-time groups: --cpu-quota is near it.",
    "--cpu-count": "That is of Docker on Windows: --cpus.",
    "--cpu-percent": "That is of Docker on Windows: --cpus.",
    "--io-maxbandwidth": "That is of Docker on Windows.",
    "--io-maxiops": "That is of Docker on Windows.",
    "--link": "Links have given way to networks, where names are looked up.",
    "--ip6": "Networks have addresses of IPv4 only here: --ip.",
}


def not_here(
    instead: Mapping[str, str], switches: Collection[str] = ()
) -> list[click.Parameter]:
    """These options, each refused with what to do `instead`; `switches` are flags."""

    def refuse(
        context: click.Context, option: click.Parameter, value: str | bool | None
    ) -> None:
        if value not in (None, False):
            name = option.opts[0]
            message = f"{name} is not supported here"
            raise NotHere(message, instead[name], context, 125)

    return [
        Option(
            [name],
            hidden=True,
            is_flag=name in switches,
            expose_value=False,
            callback=refuse,
            help=told,
        )
        for name, told in instead.items()
    ]


OPTIONS: list[click.Parameter] = not_here(_INSTEAD, ("--disable-content-trust",))
