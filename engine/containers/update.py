"""Update: other limits, or another restart policy, for a container that is there.

What a limit is stands in three places, which must agree:

    config.json           what is wanted          read by inspect
    bundle/config.json    for the next start      read by the starter
    the control group     now, while it runs      kept by the kernel

The kernel is asked first, because it may refuse (less memory than is in use, say). If
it does, or a file cannot be written, everything is put back. A start that is under way
has the bundle to itself: the update waits, and then finds the group.

Source: moby, `(*Container).UpdateContainer`, for what is refused
Try it: `lab run -d --name box -m 64m busybox sleep 600; lab update --cpus 0.5 box`
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from engine import files
from engine.containers import telling
from engine.containers.house import House
from engine.containers.options import limits
from engine.containers.options.asked import ContainerOptions, UpdateOptions
from engine.containers.record import Container
from engine.errors import Conflict, SyscallError
from engine.kernel import cgroups
from engine.kernel import limits as files_of_limits
from engine.oci.resources import Resources
from engine.oci.spec import Spec
from engine.runtime import bundle, restart, state


def update(house: House, container: Container, wanted: UpdateOptions) -> None:
    """Change what `wanted` says, at once and for later starts. Conflict if refused."""
    try:
        with bundle.held(container.directory / "bundle"):
            _update(house, Container.read(container.directory), wanted)
    except (Conflict, SyscallError) as error:
        raise Conflict(
            f"Cannot update container {container.id}: {error.message}", error.hint
        ) from error
    telling.tell(house, container, "update")


def _update(house: House, container: Container, wanted: UpdateOptions) -> None:
    """With the bundle held: nobody starts the container or updates it meanwhile."""
    path = container.directory / "bundle" / "config.json"
    spec = files.read_record(path, Spec.from_json)
    limits.refuse_too_little(wanted.memory)
    _refuse_contradictions(container, wanted)
    options = _merged(container.options, spec.resources, wanted)
    limits.check(options)
    options = limits.possible(house, options)
    resources = limits.resources(options)._replace(devices=spec.resources.devices)
    group = house.cgroup(container)
    with contextlib.ExitStack() as undone_on_failure:
        if cgroups.exists(group):
            undone_on_failure.enter_context(files_of_limits.changed(group, resources))
        undone_on_failure.enter_context(_written(path, spec, resources))
        house.records.change(
            container, lambda current: current._replace(options=options)
        )


@contextlib.contextmanager
def _written(path: Path, spec: Spec, resources: Resources) -> Iterator[None]:
    """Put other limits into a bundle; the old ones return if the body fails."""
    files.write_json(path, spec._replace(resources=resources).to_json())
    try:
        yield
    except BaseException:
        files.write_json(path, spec.to_json())
        raise


def _refuse_contradictions(container: Container, wanted: UpdateOptions) -> None:
    """Conflict, in Docker's words, for what contradicts what the container is."""
    options = container.options
    if container.state.status in (state.REMOVING, state.DEAD):
        raise Conflict('container is marked for removal and cannot be "update"')
    if wanted.restart and wanted.restart.name != restart.NO and options.auto_remove:
        raise Conflict(
            "Restart policy cannot be updated because AutoRemove is enabled for the "
            "container",
            "What is removed when it ends (--rm) cannot be run again.",
        )
    pairs: tuple[tuple[Any, str, Any, str], ...] = (
        (wanted.cpus, "Nano CPUs", options.cpu_period, "CPU Period"),
        (wanted.cpus, "Nano CPUs", options.cpu_quota, "CPU Quota"),
        (wanted.cpu_period, "CPU Period", options.cpus, "NanoCPUs"),
        (wanted.cpu_quota, "CPU Quota", options.cpus, "NanoCPUs"),
    )
    for new, name, old, already in pairs:
        if new is not None and old is not None:
            raise Conflict(
                f"Conflicting options: {name} cannot be updated as {already} has "
                "already been set",
                "--cpus is quota and period in one number: change what was chosen.",
            )


def _merged(
    options: ContainerOptions, now: Resources, wanted: UpdateOptions
) -> ContainerOptions:
    """What was asked so far with what is asked now.

    Memory and swap together stay what they are unless a new sum is given, also where
    nobody had chosen it.
    """
    together = now.memory_swap or 0
    given = wanted.given()
    if wanted.memory is not None and "memory_swap" not in given:
        if wanted.memory > together:
            raise Conflict(
                "Memory limit should be smaller than already set memoryswap limit, "
                "update the memoryswap at the same time",
                "Give --memory-swap too: memory and swap together; -1: any amount.",
            )
        given["memory_swap"] = together
    return options._replace(**given)
