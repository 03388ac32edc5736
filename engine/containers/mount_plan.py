"""The mounts of a container, in the order in which they are made.

    what every container has       /proc /sys /dev … (see defaults.py)
    what was asked for             binds, volumes, tmpfs
    three files over /etc          hosts, hostname, resolv.conf
    the program that reaps         with --init

Outer before inner: a mount over a directory hides what is mounted below it.

Source: runtime-spec config.md "Mounts"
Try it: `lab run --rm --tmpfs /a/b -v data:/a busybox mount`
"""

from pathlib import Path

from engine.containers import binds, defaults, network_files
from engine.containers.binds import BoundPath
from engine.containers.options import devices, namespaces, security
from engine.containers.options.asked import ContainerOptions
from engine.containers.options.mount_request import TMPFS, MountRequest
from engine.containers.options.namespaces import NONE
from engine.oci.spec import SpecMount


def tmpfs(request: MountRequest) -> SpecMount:
    """A file system in memory; programs in it do not run unless "exec" was asked for.

    A word counts over its opposite that came before.
    """
    words = ["nosuid", "nodev", "noexec"]
    for word in request.words:
        opposite = word.removeprefix("no") if word.startswith("no") else f"no{word}"
        words = [other for other in words if other != opposite] + [word]
    plain = ("rw", "exec", "suid", "dev", "atime", "private", "rprivate")
    return defaults.mount(
        request.destination,
        "tmpfs",
        *dict.fromkeys(word for word in words if word not in plain),
    )


def bind(path: BoundPath, *, shift: bool = False) -> SpecMount:
    """One directory or file of the machine, shown inside.

    `shift`: its files belong to users of the container's own, if it has any.
    """
    return SpecMount(
        destination=path.destination,
        type="bind",
        source=str(path.source),
        options=(
            "rbind" if path.recursive else "bind",
            "rprivate",
            "ro" if path.read_only else "rw",
            *(("idmap",) if shift else ()),
        ),
    )


def _is_ours(path: BoundPath, volumes: Path) -> bool:
    """Whether it is a volume whose files lie in `volumes`, where nobody else comes."""
    return bool(path.volume) and path.source.is_relative_to(volumes)


def _device(text: str) -> SpecMount:
    """What follows --device, where nodes cannot be made: the machine's own, shown."""
    source, target, _ = devices.parse(text)
    return bind(BoundPath(source=Path(source), destination=target))


def mounts(
    options: ContainerOptions, directory: Path, bound: tuple[BoundPath, ...]
) -> tuple[SpecMount, ...]:
    """Everything that is mounted, outer before inner.

    What was asked for takes the place of what every container has in /dev, all of it
    if a whole /dev was asked for. Nothing takes the place of /proc and /sys: there the
    masks lie, and whatever was asked for has to come on top and be refused.
    """
    memory = [r for r in binds.requests(options) if r.type == TMPFS]
    own_users = options.user_namespace == namespaces.AUTO
    volumes = directory.parent.parent / "volumes"
    asked = [
        *map(tmpfs, memory),
        *(bind(path, shift=own_users and _is_ours(path, volumes)) for path in bound),
        *(map(_device, options.devices) if own_users else ()),
    ]
    taken = {mount.destination for mount in asked}
    memory_of = namespaces.shared_memory(options, directory)
    if memory_of and "/dev/shm" not in taken:
        asked.append(bind(BoundPath(source=memory_of, destination="/dev/shm")))
        taken.add("/dev/shm")
    if options.ipc == NONE:
        taken.add("/dev/shm")
    asked += [
        bind(path, shift=own_users and not path.read_only)
        for path in _of_engine(options, directory)
        if path.destination not in taken
    ]
    asked.sort(key=lambda mount: mount.destination.count("/"))
    return (*_usual(options, taken), *asked)


def _usual(options: ContainerOptions, taken: set[str]) -> list[SpecMount]:
    """What every container has mounted, unless something else was asked for there."""
    every = defaults.file_systems(
        options.shm_size,
        privileged=options.privileged,
        own_groups=security.opens_groups(options),
    )
    return [
        mount
        for mount in every
        if not mount.destination.startswith("/dev")
        or not taken & {mount.destination, "/dev"}
    ]


def _of_engine(options: ContainerOptions, directory: Path) -> list[BoundPath]:
    """The files that the engine itself shows to a container."""
    place = network_files.source(options, directory)
    shown = [
        BoundPath(source=place / name, destination=f"/etc/{name}")
        for name in ("resolv.conf", "hostname", "hosts")
    ]
    if options.init:
        from engine.containers import reaper

        shown.append(
            BoundPath(source=reaper.find(), destination=defaults.INIT, read_only=True)
        )
    return shown
