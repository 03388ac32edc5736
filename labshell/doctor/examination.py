"""The examination: every question that the doctor asks, in the order it asks them.

Each check is a function without side effects that returns one Finding, or several
(control groups), or none. A check that cannot be made is a finding, too, and never
the end.

Try it: `lab doctor`
"""

from collections.abc import Callable, Iterator

from engine.engine import Engine
from labshell.doctor import kernel, limits, machine, networks, provisioned
from labshell.doctor.trial import LIMITED, Finding


def examine(engine: Engine) -> Iterator[Finding]:
    """All findings, each as soon as it is there."""
    checks: dict[str, Callable[[], Finding | list[Finding]]] = {
        "root": machine.powers,
        "kernel": kernel.version,
        "namespaces": kernel.namespaces,
        "user namespaces": kernel.user_namespaces,
        "overlay": lambda: kernel.overlay(engine.root),
        "shifted owners": lambda: kernel.shifting(engine),
        "cgroups": limits.control_groups,
        "cgroup place": lambda: limits.arrangement(engine),
        "seccomp": kernel.seccomp,
        "nft": machine.nft,
        "forwarding": lambda: networks.forwarding(engine),
        "disk": lambda: machine.disk(engine.root),
        "busybox": machine.base_image,
        "store": lambda: machine.store(engine),
        "machine": provisioned.provisioned,
    }
    for topic, check in checks.items():
        try:
            found = check()
        except (OSError, ValueError) as error:
            found = Finding(
                topic=topic,
                verdict=LIMITED,
                found="this could not be checked",
                why=str(error),
            )
        yield from found if isinstance(found, list) else [found]
