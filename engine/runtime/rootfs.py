"""The root file system of a container: first a plan, then the acts.

The overlay of the layers is mounted at containers/ID/rootfs, in the machine's own
mount namespace, where everybody can look at it. Then, in the container's own mount
namespace, the plan is carried out, step by step:

    /proc /dev /dev/pts /sys …    new file systems, as the bundle asks
    /etc/hosts, volumes …         bind mounts from the machine
    /dev/null, /dev/zero …        device nodes and links
    net.ipv4.ip_forward …         kernel parameters of its namespaces
    masked, read-only paths       what tells or changes too much of the machine
    pivot                         the tree becomes "/", the machine's is let go

The plan is a list of steps as data (see steps.py): it can be read before it is done.

man: mount(8), pivot_root(2); runtime-spec config-linux.md "Default Filesystems"
Try it: `lab run --explain busybox true`, then `lab mounts`
"""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from engine import files
from engine.errors import InvalidArgument
from engine.kernel import mount_flags, mount_table, mounts, pseudo_files
from engine.oci.resources import DeviceNode
from engine.oci.spec import Spec, SpecMount
from engine.runtime.bundle import Bundle
from engine.runtime.steps import (
    BindMount,
    ControlGroups,
    FileSystem,
    MakeDevice,
    MakeDirectory,
    MakeLink,
    Mask,
    Pivot,
    ReadOnly,
    SetParameter,
    Step,
)

# Every container has these (runtime-spec config-linux.md, "Default Devices").
DEVICES = tuple(
    DeviceNode(path=f"/dev/{name}", type="c", major=major, minor=minor, mode=0o666)
    for name, major, minor in (
        ("null", 1, 3),
        ("zero", 1, 5),
        ("full", 1, 7),
        ("random", 1, 8),
        ("urandom", 1, 9),
        ("tty", 5, 0),
    )
)
# runtime-spec runtime-linux.md, "Dev symbolic links"; ptmx from config-linux.md.
LINKS = (
    ("/dev/fd", "/proc/self/fd"),
    ("/dev/stdin", "/proc/self/fd/0"),
    ("/dev/stdout", "/proc/self/fd/1"),
    ("/dev/stderr", "/proc/self/fd/2"),
    ("/dev/ptmx", "pts/ptmx"),
    ("/dev/core", "/proc/kcore"),
)
_GROUPS = ("cgroup", "cgroup2")
_PLAIN = ("rw", "private", "rprivate", "newinstance", "defaults", "idmap")
_NONE: Mapping[str, int] = {}


class Trees(NamedTuple):
    """What was opened for a container whose users are nobody outside: see shifted.py.

    `root` is its root, `places` what will be shown in it, by destination.
    """

    root: int
    places: Mapping[str, int]


def mount_layers(directory: Path, bundle: Bundle, users: int = -1) -> None:
    """Mount the overlay of the bundle in `directory`, unless it is mounted.

    A start and a copy may come at the same moment: the lock lets one of them do it.
    `users` is an open user namespace as which all owners are shifted, if it has one.
    """
    if bundle.layers is None:
        return
    target, layers = Path(bundle.spec.root), bundle.layers
    with files.locked(directory / "layers.json"):
        if not mount_table.is_mount_point(target):
            if layers.volatile:
                mounts.forget_volatile(layers.work)
            if bundle.spec.identities:
                from engine.runtime import shifted  # few containers are

                shifted.mount_layers(target, layers, bundle.spec.identities, users)
                return
            mounts.overlay(
                target,
                layers.lower,
                layers.upper,
                layers.work,
                volatile=layers.volatile,
            )


def mount_shared_memory(bundle: Bundle) -> None:
    """Mount the memory that other containers may join, beside the root."""
    if bundle.layers and bundle.layers.shared_memory:
        place = Path(bundle.spec.root).parent / "shm"
        flags = mount_flags.MS_NOSUID | mount_flags.MS_NODEV | mount_flags.MS_NOEXEC
        options = f"mode=1777,size={bundle.layers.shared_memory}"
        mounts.filesystem("tmpfs", "shm", place, flags, options, str(place))


def open_trees(spec: Spec, users: int) -> Trees:
    """Open what init will move into its place, as long as it is within reach."""
    from engine.runtime import showing  # few containers need it

    places = open_binds(spec, users)
    for node in DEVICES:
        places[node.path] = showing.open_tree(Path(node.path), 0, recursive=False)
    root = showing.open_tree(Path(spec.root), 0, recursive=False)
    return Trees(root=root, places=places)


def open_binds(spec: Spec, users: int, flags: int = 0) -> dict[str, int]:
    """Open what is shown of the machine, with more `flags`: trees by their places.

    Of what is the container's own, owners are shifted as by the open namespace `users`.
    """
    from engine.runtime import showing

    return {
        bound.target: showing.open_tree(
            bound.source,
            bound.flags | flags,
            bound.recursive,
            users if "idmap" in mount.options else -1,
        )
        for mount in spec.mounts
        if (bound := bind_of(mount))
    }


def plan_of_files(spec: Spec, users: int = -1) -> list[Step]:
    """What makes the tree whole for somebody who looks at it from outside.

    No device can be opened through what is mounted here. `users`: the open user
    namespace of the container, if it has one.
    """
    if users >= 0:
        trees = open_binds(spec, users, mount_flags.MS_NODEV)
        return [_mount_step(m, spec, trees) for m in spec.mounts if bind_of(m)]
    return [
        bound._replace(flags=bound.flags | mount_flags.MS_NODEV)
        for mount in spec.mounts
        if (bound := bind_of(mount))
    ]


def plan(spec: Spec, trees: Mapping[str, int] | None = None) -> list[Step]:
    """Everything that must be done inside the root, in order.

    `trees` are by their places what was opened before, for a container whose users are
    nobody outside: see shifted.py.
    """
    steps = [_mount_step(mount, spec, trees or _NONE) for mount in spec.mounts]
    if not _is_of_machine("/dev", spec):
        steps += [_device_step(node, trees) for node in DEVICES]
        steps += [MakeLink(path=path, to=to) for path, to in LINKS]
        steps += [MakeDevice(node=node) for node in spec.devices]
    steps += [SetParameter(name=n, value=v) for n, v in spec.sysctl.items()]
    steps += [ReadOnly(path=path) for path in spec.read_only_paths]
    steps += [Mask(path=path) for path in spec.masked]
    steps.append(MakeDirectory(path=spec.process.directory))
    steps.append(Pivot(read_only=spec.read_only))
    return steps


def _is_of_machine(path: str, spec: Spec) -> bool:
    """Whether `path` is a directory of the machine: nothing must be made in it."""
    return any(m.type == "bind" and m.destination == path for m in spec.mounts)


def _device_step(node: DeviceNode, trees: Mapping[str, int] | None) -> Step:
    """A device of every container; who is nobody outside may make none."""
    shown = BindMount(source=Path(node.path), target=node.path, recursive=False)
    if trees is None:
        return shown if pseudo_files.is_nested() else MakeDevice(node=node)
    return _shown(trees, shown)


def _shown(trees: Mapping[str, int], bound: BindMount) -> Step:
    """The same with what was opened before."""
    from engine.runtime.showing import ShowTree  # by whoever has opened it

    return ShowTree(trees[bound.target], bound.source, bound.target, bound.flags)


def bind_of(mount: SpecMount) -> BindMount | None:
    """The step that shows a part of the machine; None for another kind of mount."""
    flags, _ = _flags(mount)
    if not flags & mount_flags.MS_BIND and mount.type != "bind":
        return None
    return BindMount(
        source=Path(mount.source),
        target=mount.destination,
        flags=flags & ~(mount_flags.MS_BIND | mount_flags.MS_REC),
        recursive=bool(flags & mount_flags.MS_REC),
    )


def _flags(mount: SpecMount) -> tuple[int, list[str]]:
    """Its options as bits of mount(2), and those that are the file system's own."""
    flags = 0
    words = []
    for option in mount.options:
        if option in mount_flags.FLAGS:
            flags |= mount_flags.FLAGS[option]
        elif option not in _PLAIN:
            words.append(option)
    return flags, words


def opens_groups(spec: Spec) -> bool:
    """Whether the container is shown control groups that it may write."""
    return any(
        mount.type in _GROUPS and "ro" not in mount.options for mount in spec.mounts
    )


def _mount_step(mount: SpecMount, spec: Spec, trees: Mapping[str, int]) -> Step:
    bound = bind_of(mount)
    if bound and mount.destination in trees:
        return _shown(trees, bound)
    if bound:
        return bound
    flags, words = _flags(mount)
    if mount.type in _GROUPS:
        has_own = "cgroup" in spec.namespaces or "cgroup" in spec.joined
        group = "" if has_own else spec.cgroup
        return ControlGroups(target=mount.destination, flags=flags, group=group)
    if mount.type == "overlay":
        raise InvalidArgument(
            "a bundle of ours asks for an overlay inside the container"
        )
    made = FileSystem(
        kind=mount.type,
        source=mount.source,
        target=mount.destination,
        flags=flags,
        options=",".join(word for word in words if word != "tmpcopyup"),
    )
    if "tmpcopyup" not in words:
        return made
    from engine.runtime.copying_up import CopyUp  # no bundle of ours asks for it

    return CopyUp(mount=made)
