"""Create: from an image and some wishes to a record that can be started.

    1  look everything up: image, command, volumes           nothing is made yet
    2  a draft directory: init layer, upper, work, hosts …
    3  mount it once: who is the user? fill empty volumes    then unmount
    4  the bundle: config.json for the runtime
    5  take the name, rename the draft                       now it exists

Whatever fails before step 5 leaves nothing behind. No process is made here.

The **init layer** lies between the image and the read-write layer. It holds empty
files where /etc/hosts and the like will be bind-mounted: so those mount points are
neither the image's nor part of what `commit` takes.

Try it: `lab create --name box busybox; ls -R /var/lib/labshell/containers/*/init`
"""

import os
import stat
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from engine import acts, files
from engine.containers import binds, checking, limits, names, specification, users
from engine.containers.binds import BoundPath
from engine.containers.house import House
from engine.containers.lifecycle import signal_number
from engine.containers.options import ContainerOptions
from engine.containers.record import Container
from engine.errors import Conflict, EngineError, SyscallError, from_os_error
from engine.images.stored import StoredImage
from engine.kernel import capabilities, mounts, paths, seccomp
from engine.oci import seccomp as policy
from engine.oci.spec import Spec
from engine.runtime.bundle import Bundle, Layers
from engine.runtime.state import State

# Empty, 0755, as Docker makes them; a link says where it leads.
INIT_LAYER = (
    ".dockerenv",
    "dev/console",
    "etc/hosts",
    "etc/hostname",
    "etc/resolv.conf",
)
INIT_DIRECTORIES = ("dev/pts", "dev/shm", "proc", "sys")
INIT_LINKS = (("etc/mtab", "/proc/mounts"),)

HOSTS = """\
127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::0\tip6-localnet
ff00::0\tip6-mcastprefix
ff02::1\tip6-allnodes
ff02::2\tip6-allrouters
"""


def create(house: House, options: ContainerOptions, image: StoredImage) -> Container:
    """Make a container of `image`; it is then `created`, and nothing runs."""
    checking.check(options)
    if options.stop_signal:
        signal_number(options.stop_signal)  # refused now, not when it is needed
    defaults = image.config.defaults
    command = specification.command(options, defaults)
    specification.seccomp_policy(options, ())
    house.prepare()
    options = limits.possible(house, options)
    with house.images.writing():  # the layers it will stand on must not go meanwhile
        return _create(house, options, house.images.find(image.id), command)


def _create(
    house: House,
    options: ContainerOptions,
    image: StoredImage,
    command: tuple[str, ...],
) -> Container:
    identity = os.urandom(32).hex()
    defaults = image.config.defaults
    lower = house.images.layer_directories(image)
    bound = _bound(house, options, defaults.volumes)
    container = Container(
        id=identity,
        name=options.name or names.propose(),
        image=options.image,
        image_id=image.id,
        created=files.now(),
        command=command,
        options=options,
        stop_signal=options.stop_signal or defaults.stop_signal or "TERM",
        bound=bound,
        labels={**defaults.labels, **options.labels},
        state=State(),
        directory=house.records.containers / identity,
    )
    try:
        with (
            house.records.draft(identity) as draft,
            acts.recording(draft / "acts.jsonl"),
        ):
            _furnish(house, draft, container, image, lower)
            return _publish(house, draft, container)
    except OSError as error:
        _remove_anonymous(house, bound)
        raise from_os_error(error) from error
    except BaseException:
        _remove_anonymous(house, bound)
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
            container = replace(container, name=names.propose(crowded))
    raise EngineError("no free name for the container was found", "Give it a --name.")


def _remove_anonymous(house: House, bound: Iterable[BoundPath]) -> None:
    for path in bound:
        if path.anonymous:
            house.volumes.remove(path.volume, [])


def _bound(
    house: House, options: ContainerOptions, image_volumes: tuple[str, ...]
) -> tuple[BoundPath, ...]:
    """What -v asks for, and an anonymous volume for each VOLUME of the image."""
    found: dict[str, BoundPath] = {}
    try:
        for text in options.volumes:
            path = binds.parse(text, house.volumes)
            found[path.destination] = path
        for destination in image_volumes:
            if destination not in found:
                found[destination] = binds.parse(destination, house.volumes)
    except BaseException:
        _remove_anonymous(house, found.values())
        raise
    return tuple(found.values())


def _furnish(
    house: House,
    draft: Path,
    container: Container,
    image: StoredImage,
    lower: tuple[Path, ...],
) -> None:
    """Fill the draft with everything that a start will need."""
    options, hostname = container.options, _hostname(container)
    home, said = container.directory, image.config.defaults
    for name in ("init", "upper", "work", "rootfs"):
        (draft / name).mkdir(mode=0o755)
    make_init_layer(draft / "init", lower)
    _write_network_files(draft, hostname, options.network == "host")
    # An overlay to read needs two layers, and an image from scratch has none.
    readable = (draft / "init", *(lower or (draft / "upper",)))
    with mounted(readable, draft / "rootfs") as root:
        user = options.user or said.user
        identity = users.resolve(root, user, options.groups_add)
        for path in container.bound:
            binds.fill(root, path)
    spec = specification.specification(
        options,
        said,
        identity,
        home,
        hostname,
        house.cgroup(container),
        container.bound,
    )
    lowers = (home / "init", *lower)
    layers = Layers(lower=lowers, upper=home / "upper", work=home / "work")
    seccomp_filter = compiled_filter(house, options, spec)
    Bundle(spec=spec, layers=layers, seccomp=seccomp_filter).write(
        draft / "bundle",
        interactive=options.interactive,
        auto_remove=options.auto_remove,
        health=specification.health(options, said),
    )


def _hostname(container: Container) -> str:
    of_machine = container.options.network == "host"
    otherwise = os.uname().nodename if of_machine else container.short_id
    return container.options.hostname or otherwise


@contextmanager
def mounted(lower: tuple[Path, ...], place: Path) -> Iterator[int]:
    """Show layers at `place` for a moment, to be read; an open descriptor of the root.

    Without an upper directory nothing must be synced when it is unmounted.
    """
    mounts.overlay_to_read(place, lower)
    try:
        root = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            yield root
        finally:
            os.close(root)
    finally:
        mounts.unmount(place)


def make_init_layer(directory: Path, lower: tuple[Path, ...]) -> None:
    """Fill the init layer with empty mount points.

    A directory that the image has too keeps the image's mode and owner: in an overlay
    the topmost one counts.
    """
    for name in ("etc", "dev"):
        below = _topmost(lower, name)
        path = directory / name
        path.mkdir(mode=0o755)
        if below:
            os.chown(path, below.st_uid, below.st_gid)
            os.chmod(path, stat.S_IMODE(below.st_mode))
    for name in INIT_DIRECTORIES:
        if not _topmost(lower, name):
            (directory / name).mkdir(mode=0o755)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    for name in INIT_LAYER:
        os.close(os.open(directory / name, flags, 0o755))
    for name, to in INIT_LINKS:
        (directory / name).symlink_to(to)


def _topmost(lower: tuple[Path, ...], name: str) -> os.stat_result | None:
    """The directory `name` as the image shows it, if it does."""
    for layer in lower:
        root = os.open(layer, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            found = paths.open_inside(root, name, os.O_PATH | os.O_NOFOLLOW)
        except SyscallError:
            continue
        finally:
            os.close(root)
        status = os.fstat(found)
        os.close(found)
        return status if stat.S_ISDIR(status.st_mode) else None
    return None


def _write_network_files(draft: Path, hostname: str, host_network: bool) -> None:
    """The three files that differ in every container; they are bind-mounted later."""
    hosts = _of_machine("/etc/hosts") if host_network else HOSTS.encode()
    contents = {
        "hosts": hosts,
        "hostname": f"{hostname}\n".encode(),
        "resolv.conf": _of_machine("/etc/resolv.conf"),
    }
    for name, content in contents.items():
        path = draft / name
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            os.write(descriptor, content)
        finally:
            os.close(descriptor)


def _of_machine(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(1 << 20)
    except OSError:
        return b""


def compiled_filter(house: House, options: ContainerOptions, spec: Spec) -> bytes:
    """The system call policy as a program, b"" for none.

    Docker's policy depends on the capabilities only: it is compiled once and kept.
    """
    if spec.seccomp is None:
        return b""
    if any(option.startswith("seccomp") for option in options.security_options):
        return seccomp.compile_policy(spec.seccomp)
    powers = capabilities.mask_of(spec.process.capabilities)
    version = zlib.crc32(policy.ALLOWED.encode())
    kept = house.filters / f"docker-{powers:x}-{version:08x}.bpf"
    try:
        return kept.read_bytes()
    except FileNotFoundError:
        program = seccomp.compile_policy(spec.seccomp)
        files.atomic_write(kept, program)
        return program
