"""Checking: what makes no sense is refused before anything is made.

The words are Docker's where Docker has some, and a hint says what would make sense.

Try it: `lab create -m 1k busybox`, `lab create --name 'a b' busybox`
"""

import os

from engine.containers import binds
from engine.containers.names import check_name
from engine.containers.options import (
    devices,
    limits,
    logs,
    names,
    namespaces,
    networks,
    security,
)
from engine.containers.options.asked import ContainerOptions
from engine.errors import InvalidArgument
from engine.kernel import cgroups, controllers
from engine.oci.health import MILLISECOND
from engine.runtime.restart import NO

DEEPEST_PARENT = 32  # groups above each other


def check(options: ContainerOptions) -> None:
    """Raise InvalidArgument, in Docker's words, for what makes no sense."""
    if options.name is not None:
        check_name(options.name)
    if options.working_directory and not options.working_directory.startswith("/"):
        raise InvalidArgument(
            f"the working directory '{options.working_directory}' is invalid, "
            "it needs to be an absolute path",
            "It is a path inside the container: begin it with /.",
        )
    names.check(options)
    _check_ports(options)
    namespaces.check(options)
    networks.check(options)
    devices.check(options)
    security.check(options)
    binds.requests(options)
    _check_life(options)
    logs.keeping(options, {}, {})
    limits.check(options)
    if options.sysctls:
        from engine.containers.options import parameters  # few containers have any

        parameters.check(options)
    if options.ulimits:
        from engine.containers.options import ulimits  # likewise

        ulimits.ulimits(options.ulimits)
    _check_parent(options.cgroup_parent)


def _check_ports(options: ContainerOptions) -> None:
    if options.ports or options.exposed:
        from engine.network import ports  # few containers have any

        ports.exposed(options.exposed, (), ports.published(options.ports))
        if options.network.startswith("container:"):
            raise InvalidArgument(
                "conflicting options: port publishing and the container type network "
                "mode",
                "Publish the ports with the container whose network it is.",
            )


def _check_parent(path: str | None) -> None:
    """Raise InvalidArgument unless `path` may be a group in which others are."""
    if path is None:
        return
    names = path.removeprefix("/").split("/")
    sane = all(0 < len(os.fsencode(n)) < 256 and n.isprintable() for n in names)
    if not sane or {".", ".."} & {*names} or len(names) > DEEPEST_PARENT:
        raise InvalidArgument(
            f"invalid --cgroup-parent: {path[:80]!r}",
            "/NAME is a group at the top of /sys/fs/cgroup, NAME one in the engine's.",
        )
    if not path.startswith("/") or cgroups.version() == 1:
        return
    if unit := controllers.keeper(cgroups.directory(path[1:], "")):
        raise InvalidArgument(
            f"invalid --cgroup-parent: systemd keeps the limits of {unit.name} itself",
            "A unit with Delegate=yes is left to others; NAME is in the engine's own.",
        )


def _check_life(options: ContainerOptions) -> None:
    if options.auto_remove and options.restart.name != NO:
        raise InvalidArgument(
            "Conflicting options: --restart and --rm",
            "What is removed when it ends cannot be run again: leave one out.",
        )
    check = options.health
    for name in ("Interval", "Timeout", "StartPeriod"):
        time = check.to_json().get(name, 0)
        if time < 0 or 0 < time < MILLISECOND:
            raise InvalidArgument(
                f"{name} in Healthcheck cannot be less than 1ms",
                "Seconds are usual: --health-interval 5s.",
            )
    if check.retries < 0:
        raise InvalidArgument(
            "--health-retries cannot be negative", "3 is usual, and the default."
        )
