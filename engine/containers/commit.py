"""Commit: the read-write layer of a container becomes the top layer of a new image.

    read-write layer   packed as a tar: this, and nothing else, is the new layer
    init layer         not taken: hosts, hostname, resolv.conf are this container's
    image layers       named again, not copied
    configuration      the container's own, then what --change says

What is mounted over the container's tree (volumes, /proc, /etc/hosts) lies in no layer
and so cannot be taken. The container is paused meanwhile, so that no file changes
while it is being read. It is a local act: no registry has a part in it.

Try it: `lab run --name box busybox touch /new; lab commit box mine; lab history mine`
"""

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from engine import files, times
from engine.containers import lifecycle, specification
from engine.containers.house import House
from engine.containers.record import Container
from engine.errors import InvalidState
from engine.images.stored import StoredImage
from engine.oci.fields import Fields
from engine.oci.health import Healthcheck
from engine.oci.image import History, ImageDefaults
from engine.oci.instructions import apply_changes
from engine.runtime import state


def commit(
    house: House,
    container: Container,
    base: StoredImage,
    reference: str | None = None,
    *,
    author: str = "",
    message: str = "",
    changes: Sequence[str] = (),
    pause: bool = True,
    otherwise: Mapping[str, Any] = {},
) -> StoredImage:
    """Make an image of what the container has changed.

    `otherwise`: what the image's configuration shall say otherwise, as its JSON.
    """
    if reference:
        house.images.name_for(reference)  # refused now, before anything is written
    own = own_defaults(container, base.config.defaults)
    said = apply_changes(_overruled(own, otherwise), changes)
    upper = container.directory / "upper"
    with house.images.writing():
        with _still(house, container, pause):
            layer = house.images.add_layer(upper) if os.listdir(upper) else None
        step = History(
            created=times.now(),
            created_by=" ".join(own.cmd),
            author=author,
            comment=message,
            empty_layer=layer is None,
        )
        config = base.config._replace(
            created=step.created,
            author=author,
            defaults=_with_command(said, own),
            diff_ids=(*base.config.diff_ids, *([layer.diff_id] if layer else ())),
            history=(*base.config.history, step),
        )
        layers = (*base.manifest.layers, *([layer.descriptor] if layer else ()))
        return house.images.add(config, layers, reference, base.id)


def _overruled(own: ImageDefaults, otherwise: Mapping[str, Any]) -> ImageDefaults:
    """What was said otherwise, with what it leaves open taken from the `own` defaults.

    Who says an entrypoint has said the command, too: the old one was for the old one.
    """
    said = ImageDefaults.from_json(Fields.of(otherwise, "config"))
    env = specification.variables([*own.env, *said.env])
    health = Healthcheck.from_json(said.healthcheck or {})
    return ImageDefaults(
        env=tuple(f"{name}={value}" for name, value in env.items()),
        cmd=said.cmd or (() if said.entrypoint else own.cmd),
        entrypoint=said.entrypoint or own.entrypoint,
        working_dir=said.working_dir or own.working_dir,
        user=said.user or own.user,
        volumes=tuple(sorted({*own.volumes, *said.volumes})),
        exposed_ports=tuple(dict.fromkeys((*own.exposed_ports, *said.exposed_ports))),
        labels={**own.labels, **said.labels},
        stop_signal=said.stop_signal or own.stop_signal,
        on_build=said.on_build or own.on_build,
        shell=said.shell or own.shell,
        healthcheck=health.over(Healthcheck.from_json(own.healthcheck or {})).to_json()
        or None,
    )


def _with_command(said: ImageDefaults, own: ImageDefaults) -> ImageDefaults:
    """As in Docker: `CMD []` takes its arguments from an entrypoint, and no more.

    Where nothing would be left to start, the container's own command stays.
    """
    nothing = not (said.entrypoint or said.cmd)
    return said._replace(cmd=own.cmd) if nothing else said


@contextlib.contextmanager
def _still(house: House, container: Container, pause: bool) -> Iterator[None]:
    """Hold the container still, unless it is already, or should not be.

    Two commits at once take turns: the first to end would set the other's files moving.
    """
    if not pause:
        yield
        return
    with (
        files.locked(container.directory / "committing"),
        contextlib.ExitStack() as paused,
    ):
        now = house.records.find(container.id)
        if now.state.status == state.RUNNING:
            with contextlib.suppress(InvalidState):  # it has ended: nothing moves
                paused.enter_context(lifecycle.paused_briefly(house, now))
        yield


def own_defaults(container: Container, image: ImageDefaults) -> ImageDefaults:
    """What the container was run with, as defaults for those that come after it."""
    options = container.options
    given = {entry.partition("=")[0]: entry for entry in options.environment}
    below = specification.variables(image.env)
    kept = (f"{name}={value}" for name, value in below.items() if name not in given)
    entrypoint, arguments = image.entrypoint, options.command or image.cmd
    if options.entrypoint is not None:
        entrypoint = tuple(word for word in options.entrypoint if word)
        arguments = options.command
    health = Healthcheck.from_json(image.healthcheck or {})
    anonymous = {path.destination for path in container.bound if path.anonymous}
    return image._replace(
        env=(*given.values(), *kept),  # in Docker's order
        entrypoint=entrypoint,
        cmd=arguments,
        user=options.user or image.user,
        working_dir=options.working_directory or image.working_dir,
        labels=container.labels,
        exposed_ports=container.exposed,
        volumes=tuple(sorted({*image.volumes, *anonymous})),
        stop_signal=options.stop_signal or image.stop_signal,
        healthcheck=options.health.over(health).to_json() or None,
    )
