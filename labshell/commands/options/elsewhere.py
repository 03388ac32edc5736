"""Options that Docker has and we have not: what to do instead, one line each.

They are known, so that a line from a book gets a better answer than "no such option";
`--help` does not list them.

Try it: `lab run --gpus all busybox true`
"""

import click

from labshell.commands.grammar import NotHere, Option

_INSTEAD = {
    "--gpus": "Graphics cards need their maker's runtime; --device shows a device.",
    "--isolation": "That is of Docker on Windows: leave it out.",
    "--runtime": "There is one runtime here: leave it out. runc can run its bundles.",
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
_SWITCHES = ("--disable-content-trust",)


def _refuse(
    context: click.Context, option: click.Parameter, value: str | bool | None
) -> None:
    if value not in (None, False):
        name = option.opts[0]
        raise NotHere(f"{name} is not supported here", _INSTEAD[name], context, 125)


OPTIONS: list[click.Parameter] = [
    Option(
        [name],
        hidden=True,
        is_flag=name in _SWITCHES,
        expose_value=False,
        callback=_refuse,
        help=instead,
    )
    for name, instead in _INSTEAD.items()
]
