"""The steps of which a root file system's plan is made: data that can be carried out.

Each step can `describe()` itself and `apply()` itself to a root. So a plan can be
printed, compared and tested by anybody.

Every target is opened *inside* the root (see kernel/paths.py) and mounted on by its
descriptor: a link in the image leads nowhere else.

man: mount(2), mknod(2), symlink(2)
Try it: `lab run --explain busybox true`
"""

import os
import stat
from pathlib import Path
from typing import NamedTuple, Protocol

from engine.errors import from_os_error
from engine.files import closing
from engine.kernel import (
    cgroups,
    mount_flags,
    mounts,
    nodes,
    parameters,
    paths,
    roots,
)
from engine.oci.resources import DeviceNode
from engine.runtime import targets


class Step(Protocol):
    """One step of the plan."""

    def describe(self) -> str:
        """What the step does, in a few words."""

    def apply(self, root: int, shown: str) -> None:
        """Do it inside the open directory `root`, which a person would call `shown`."""


class FileSystem(NamedTuple):
    """Mount a new file system: proc, tmpfs, devpts, sysfs, mqueue."""

    kind: str
    source: str
    target: str
    flags: int
    options: str

    def describe(self) -> str:
        """What the step does, in a few words."""
        return f"mount a new {self.kind} on {self.target}"

    def apply(self, root: int, shown: str) -> None:
        """Make the directory if need be, and mount on it."""
        with closing(paths.make_directory(root, self.target)) as place:
            targets.refuse_proc(root, place, self.target)
            mounts.filesystem(
                self.kind,
                self.source,
                place,
                self.flags,
                self.options,
                shown + self.target,
            )


class BindMount(NamedTuple):
    """Show one directory or file of the machine at another place."""

    source: Path
    target: str
    flags: int = 0
    recursive: bool = True

    def describe(self) -> str:
        """What the step does, in a few words."""
        words = ", read-only" if self.flags & mount_flags.MS_RDONLY else ""
        return f"show {self.source} at {self.target}{words}"

    def apply(self, root: int, shown: str) -> None:
        """Make an empty mount point if need be, and bind the source to it."""
        try:
            is_directory = stat.S_ISDIR(os.stat(self.source).st_mode)
        except OSError as error:
            raise from_os_error(error) from error
        make = paths.make_directory if is_directory else paths.make_file
        with closing(make(root, self.target)) as place:
            targets.refuse_proc(root, place, self.target)
            targets.refuse_mismatch(place, self.target, is_directory)
            if self.flags:
                mounts.bind_with(
                    self.source,
                    place,
                    self.flags,
                    shown + self.target,
                    self.recursive,
                )
            else:
                mounts.bind(self.source, place, shown + self.target, self.recursive)


class ControlGroups(NamedTuple):
    """Show the container its own control groups, one tree for each controller.

    A cgroup namespace makes its own group the root of what it sees. Where it has none
    and there is a tree for each controller, `group` alone is shown of each.
    """

    target: str
    flags: int
    group: str = ""

    def describe(self) -> str:
        """What the step does, in a few words."""
        return f"show the container its control groups at {self.target}"

    def apply(self, root: int, shown: str) -> None:
        """One cgroup2 file system, or on version 1 one for each tree in a tmpfs."""
        if cgroups.version() == 2:
            FileSystem(
                kind="cgroup2",
                source="cgroup",
                target=self.target,
                flags=self.flags,
                options="",
            ).apply(root, shown)
            return
        FileSystem(
            kind="tmpfs",
            source="tmpfs",
            target=self.target,
            flags=self.flags & ~mount_flags.MS_RDONLY,
            options="mode=755",
        ).apply(root, shown)
        for tree in dict.fromkeys(cgroups.trees().values()):
            names = [name for name, place in cgroups.trees().items() if place == tree]
            self._of_tree(tree, names).apply(root, shown)
        targets.change_flags(root, self.target, self.flags, shown)

    def _of_tree(self, tree: Path, names: list[str]) -> Step:
        target = f"{self.target}/{tree.name}"
        if self.group:
            flags = self.flags & mount_flags.OF_BINDS
            return BindMount(tree / self.group, target, flags, recursive=False)
        return FileSystem(
            kind="cgroup",
            source="cgroup",
            target=target,
            flags=self.flags,
            options=",".join(names),
        )


class MakeDirectory(NamedTuple):
    """Make one directory, with those above it, if it is not there."""

    path: str

    def describe(self) -> str:
        """What the step does, in a few words."""
        return f"make the directory {self.path}"

    def apply(self, root: int, shown: str) -> None:
        """Make it inside the root."""
        os.close(paths.make_directory(root, self.path))


class MakeDevice(NamedTuple):
    """Make one device node."""

    node: DeviceNode

    def describe(self) -> str:
        """What the step does, in a few words."""
        node = self.node
        return f"make the device {node.path} ({node.type} {node.major}:{node.minor})"

    def apply(self, root: int, shown: str) -> None:
        """Make it in its parent directory; there must be no umask."""
        directory, _, name = self.node.path.rpartition("/")
        with closing(paths.make_directory(root, directory)) as place:
            nodes.make_node(place, name, self.node, f"{shown}{self.node.path}")


class MakeLink(NamedTuple):
    """Make one symbolic link."""

    path: str
    to: str

    def describe(self) -> str:
        """What the step does, in a few words."""
        return f"make the link {self.path} to {self.to}"

    def apply(self, root: int, shown: str) -> None:
        """Make it in its parent directory; one that is there stays."""
        directory, _, name = self.path.rpartition("/")
        with closing(paths.open_directory(root, directory)) as place:
            nodes.make_link(place, name, self.to, f"{shown}{self.path}")


class SetParameter(NamedTuple):
    """Set one kernel parameter of a namespace that the container has to itself.

    It comes after /proc is mounted, and before /proc/sys is made read-only.
    """

    name: str
    value: str

    def describe(self) -> str:
        """What the step does, in a few words."""
        return f"set the kernel parameter {self.name} to {self.value}"

    def apply(self, root: int, shown: str) -> None:
        """Set it through the container's own /proc."""
        parameters.set_parameter(root, self.name, self.value)


class ReadOnly(NamedTuple):
    """Make a path read-only; a path that is not there needs nothing."""

    path: str

    def describe(self) -> str:
        """What the step does, in a few words."""
        return f"make {self.path} read-only"

    def apply(self, root: int, shown: str) -> None:
        """Bind the path onto itself, to have a mount whose flags can change."""
        place = targets.if_there(root, self.path)
        if place is None:
            return
        try:
            itself = Path(f"/proc/self/fd/{place}")
            where = shown + self.path
            mounts.bind(itself, place, where, shown_source=where)
        finally:
            os.close(place)
        targets.change_flags(root, self.path, mount_flags.MS_RDONLY, shown)


class Mask(NamedTuple):
    """Hide a path: a file under /dev/null, a directory under an empty tmpfs."""

    path: str

    def describe(self) -> str:
        """What the step does, in a few words."""
        return f"hide {self.path}"

    def apply(self, root: int, shown: str) -> None:
        """Mount over it; a path that is not there needs nothing."""
        place = targets.if_there(root, self.path)
        if place is None:
            return
        try:
            if stat.S_ISDIR(os.fstat(place).st_mode):
                flags = mount_flags.MS_RDONLY
                mounts.filesystem("tmpfs", "tmpfs", place, flags, "", shown + self.path)
            else:
                null = nodes.open_null(root)
                mounts.bind(
                    Path(f"/proc/self/fd/{null}"),
                    place,
                    shown + self.path,
                    shown_source=f"{shown}/dev/null",
                )
                os.close(null)
        finally:
            os.close(place)


class Pivot(NamedTuple):
    """Make the tree the root of the mount namespace."""

    read_only: bool

    def describe(self) -> str:
        """What the step does, in a few words."""
        return "make the tree “/”" + (", read-only" if self.read_only else "")

    def apply(self, root: int, shown: str) -> None:
        """Pivot, and make "/" itself read-only last, when nothing is left to make."""
        if self.read_only:
            targets.change_flags(root, "/", mount_flags.MS_RDONLY, shown)
        roots.pivot(root, shown)
