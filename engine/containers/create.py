"""Create: from an image and some wishes to a record that can be started.

    1  look everything up: image, command, mounts            nothing is made yet
    2  a draft directory, with the record in it              so it is known what will be
    3  volumes; init layer, upper, work, hosts …
    4  mount it once: who is the user? fill empty volumes    then unmount
    5  the bundle: config.json for the runtime
    6  take the name, rename the draft                       now it exists

Whatever fails before step 6 leaves nothing behind but volumes that have a name; if the
command is killed, `sweeping.sweep` finds the draft and reads in it what else is to be
removed. No process is made here.

Try it: `lab create --name box busybox; ls /var/lib/labshell/containers/*`
"""

import os
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from engine import entries, files, times
from engine.containers import (
    binds,
    init_layer,
    names,
    network_files,
    networking,
    specification,
    users,
    volume_use,
)
from engine.containers.binds import BoundPath, Planned
from engine.containers.copying.view import open_layers
from engine.containers.house import House
from engine.containers.lifecycle import signal_number
from engine.containers.options import (
    checking,
    limits,
    logs,
    namespaces,
    networks,
    runtimes,
)
from engine.containers.options.asked import ContainerOptions
from engine.containers.record import Container
from engine.errors import Conflict, EngineError, from_os_error
from engine.images.stored import StoredImage
from engine.kernel import capabilities
from engine.oci import seccomp as policy
from engine.oci.image import ImageDefaults
from engine.oci.spec import Spec
from engine.runtime.bundle import Bundle, Layers
from engine.runtime.sandbox import Published
from engine.runtime.state import State


def create(
    house: House,
    options: ContainerOptions,
    image: StoredImage,
    *,
    for_build: bool = False,
) -> Container:
    """Make a container of `image`; it is then `created`, and nothing runs.

    `for_build`: the caller holds the store, the image need be in no index yet, and
    nobody waits for the disk when the container ends.
    """
    checking.check(options)
    if options.stop_signal:
        signal_number(options.stop_signal)  # refused now, not when it is needed
    defaults = image.config.defaults
    command = specification.command(options, defaults)
    house.prepare()
    options = limits.possible(house, options)
    options = runtimes.resolved(namespaces.resolved(options, house.records.find))
    namespaces.check_shared(options)
    if options.network == "host" and (options.ports or options.publish_all):
        house.notices.append(
            "Published ports are discarded when using host network mode"
        )
    if for_build:
        return _create(house, options, image, command, volatile=True)
    with house.images.writing():  # the layers it will stand on must not go meanwhile
        return _create(house, options, house.images.catalogue.still(image), command)


def _create(
    house: House,
    options: ContainerOptions,
    image: StoredImage,
    command: tuple[str, ...],
    *,
    volatile: bool = False,
) -> Container:
    lower = house.images.layer_directories(image)
    planned = binds.plan(
        options,
        image.config.defaults.volumes,
        house.volumes,
        lambda name: house.records.find(name).bound,
    )
    bound = tuple(one.path for one in planned)
    asked = (options.network, *options.more_networks)
    names_of = [networking.name_of(house, network) for network in asked]
    joins = networks.memberships(options, names_of)
    container = _record(house, options, image, command, bound)
    container = container._replace(memberships=joins)
    try:
        with (
            house.records.draft(container.id) as draft,
            house.recording("create", container.directory, draft),
        ):
            container = house.records.begin_draft(draft, container)
            with _removed_if_it_fails(house, container):
                binds.provide(planned, house.volumes)
                gone = volatile or options.auto_remove  # no power cut can lose anything
                layers = _layers(container, lower, gone)
                _furnish(house, draft, container, image, layers, planned)
                return _publish(house, draft, container)
    except OSError as error:
        raise from_os_error(error) from error


def _record(
    house: House,
    options: ContainerOptions,
    image: StoredImage,
    command: tuple[str, ...],
    bound: tuple[BoundPath, ...],
) -> Container:
    """What will be kept of the container."""
    identity, said = os.urandom(32).hex(), image.config.defaults
    return Container(
        id=identity,
        name=options.name or names.propose(),
        image=options.image,
        image_id=image.id,
        created=times.now(),
        command=command,
        options=options,
        stop_signal=options.stop_signal or said.stop_signal or "TERM",
        bound=bound,
        labels={**said.labels, **options.labels},
        exposed=_exposed(options, said),
        state=State(),
        directory=house.records.containers / identity,
    )


def _published(options: ContainerOptions, said: ImageDefaults) -> tuple[Published, ...]:
    """The ports of the container that shall be reached at the machine."""
    if not options.ports and not options.publish_all:
        return ()
    from engine.network import ports  # few containers have any

    exposed = ports.exposed(options.exposed, said.exposed_ports)
    return ports.published(options.ports, exposed, everything=options.publish_all)


def _exposed(options: ContainerOptions, said: ImageDefaults) -> tuple[str, ...]:
    """The ports at which it is said to listen; what is published is exposed, too."""
    if not (options.ports or options.exposed or said.exposed_ports):
        return ()
    from engine.network import ports

    return ports.exposed(options.exposed, said.exposed_ports, _published(options, said))


@contextmanager
def _removed_if_it_fails(house: House, container: Container) -> Iterator[None]:
    """Remove the volumes that nobody has named if the container does not come to be."""
    try:
        yield
    except BaseException:
        volume_use.remove_anonymous(house, container.bound, but=container.id)
        raise


def _publish(house: House, draft: Path, container: Container) -> Container:
    """Make the record real. A name that nobody asked for may be another one."""
    for crowded in (False, True, True, True):
        try:
            house.records.publish(draft, container)
            return container
        except Conflict:
            if container.options.name:
                raise
            container = container._replace(name=names.propose(crowded))
            house.records.write_draft(draft, container)
    raise EngineError("no free name for the container was found", "Give it a --name.")


def _layers(container: Container, lower: tuple[Path, ...], volatile: bool) -> Layers:
    """The directories of the container's overlay."""
    home = container.directory
    return Layers(
        lower=(home / "init", *lower),
        upper=home / "upper",
        work=home / "work",
        shared_memory=namespaces.memory_to_share(container.options),
        volatile=volatile,
    )


def _furnish(
    house: House,
    draft: Path,
    container: Container,
    image: StoredImage,
    layers: Layers,
    planned: tuple[Planned, ...],
) -> None:
    """Fill the draft with everything that a start will need."""
    options, hostname = container.options, _hostname(container)
    lower, said = layers.lower[1:], image.config.defaults
    for name in ("init", "upper", "work", "rootfs"):
        entries.make_directory(draft / name, 0o755)
    if layers.shared_memory:
        entries.make_directory(draft / "shm", 0o755)
    init_layer.make(draft / "init", lower)
    network_files.write(draft, options, hostname)
    # An overlay to read needs two layers, and an image from scratch has none.
    readable = (draft / "init", *(lower or (draft / "upper",)))
    with files.closing(open_layers(readable, draft / "rootfs")) as root:
        user = options.user or said.user
        identity = users.resolve(root, user, options.groups_add, container.identities)
        for one in planned:
            binds.fill(root, one, house.volumes)
    spec = specification.specification(
        options,
        said,
        identity,
        container.directory,
        hostname,
        house.cgroup(container),
        container.bound,
        house.place.pin(container.id),
        container.identities,
    )
    _write_bundle(house, draft, container, said, spec, layers)


def _write_bundle(
    house: House,
    draft: Path,
    container: Container,
    said: ImageDefaults,
    spec: Spec,
    layers: Layers,
) -> None:
    """Write down what the runtime needs: it has never heard of images and options."""
    options = container.options
    variables = specification.variables(spec.process.environment)
    Bundle(spec, layers, compiled_filter(house, options, spec)).write(
        draft / "bundle",
        interactive=options.interactive,
        auto_remove=options.auto_remove,
        health=specification.health(options, said),
        log=logs.keeping(options, container.labels, variables),
        published=_published(options, said),
        runtime=runtimes.command(options, house.place.runtimes),
    )


def _hostname(container: Container) -> str:
    of_machine = "host" in (container.options.network, container.options.uts)
    otherwise = os.uname().nodename if of_machine else container.short_id
    shared = network_files.shared_hostname(container)
    return container.options.hostname or shared or otherwise


def compiled_filter(house: House, options: ContainerOptions, spec: Spec) -> bytes:
    """The system call policy as a program, b"" for none.

    Docker's policy depends on the capabilities only: it is compiled once and kept.
    """
    if spec.seccomp is None:
        return b""
    if any(option.startswith("seccomp") for option in options.security_options):
        return _compiled(spec.seccomp)
    powers = capabilities.mask_of(spec.process.capabilities)
    version = zlib.crc32(policy.ALLOWED.encode())
    kept = house.filters / f"docker-{powers:x}-{version:08x}.bpf"
    try:
        return kept.read_bytes()
    except FileNotFoundError:
        program = _compiled(spec.seccomp)
        files.atomic_write(kept, program)
        return program


def _compiled(rules: Mapping[str, Any]) -> bytes:
    from engine.kernel import seccomp  # few starts are the first with their policy

    return seccomp.compile_policy(rules)
