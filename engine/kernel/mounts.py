"""Mounts: what a process sees when it looks at a path.

A container's root is one overlay mount, seen in a mount namespace of its own, and
then pivoted to:

    overlay   upper (read-write) over init layer over image layers
    private   so that no mount of ours travels back to the host
    pivot     "." becomes "/", the old root is let go

The order matters: pivot_root(2) refuses a root that is not a mount point, and a
shared mount would carry every later mount to the host.

A target inside a container's root is given as a *descriptor* that
`paths.open_inside` opened, never as a text: a link that the image planted must not
lead a mount out of the root. The kernel takes the path /proc/self/fd/N for it.

man: mount(2), umount(2), pivot_root(2), mount_namespaces(7), proc(5) on mountinfo
Try it: `lab run --explain busybox true`, then `lab mounts`.
"""

import os
import struct
from collections.abc import Iterable, Sequence
from pathlib import Path

from engine.acts import act
from engine.files import closing
from engine.kernel import libc

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 0x1, 0x2, 0x4, 0x8
MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 0x20, 0x1000, 0x4000, 0x40000
MS_NOATIME, MS_RELATIME, MS_STRICTATIME = 0x400, 0x200000, 0x1000000
MNT_DETACH = 0x2

# The newer interface, by number: the same on every architecture.
SYS_OPEN_TREE, SYS_MOVE_MOUNT, SYS_MOUNT_SETATTR = 428, 429, 442
OPEN_TREE_CLONE, AT_FDCWD, AT_EMPTY_PATH, AT_RECURSIVE = 0x1, -100, 0x1000, 0x8000
MOVE_BETWEEN_OPEN = 0x4 | 0x40  # both the tree and its place are given as descriptors

_PAGE = 4096  # bytes: the options of one mount(2) must fit in a page

_WHOLE = "redirect_dir=off,metacopy=off"

# Option word of mount(8) -> flag of mount(2).
FLAGS = {
    "ro": MS_RDONLY,
    "nosuid": MS_NOSUID,
    "nodev": MS_NODEV,
    "noexec": MS_NOEXEC,
    "noatime": MS_NOATIME,
    "relatime": MS_RELATIME,
    "strictatime": MS_STRICTATIME,
    "bind": MS_BIND,
    "rbind": MS_BIND | MS_REC,
}


def _words(flags: int, options: str = "") -> str:
    """Flags and options as mount(8) writes them: "nosuid,nodev,mode=755"."""
    words = [
        word for word, flag in FLAGS.items() if flag & flags and "bind" not in word
    ]
    return ",".join([*words, options] if options else words)


def _as_target(place: int | Path) -> str:
    return f"/proc/self/fd/{place}" if isinstance(place, int) else str(place)


@act("mount(2)", lambda target: f"mount --make-rprivate {target}")
def make_private(target: Path) -> None:
    """Stop mounts below `target` from travelling to and from the host."""
    flags = MS_REC | MS_PRIVATE
    libc.call("mount", None, str(target), None, flags, None, target=str(target))


@act(
    "mount(2)",
    lambda target, lower, upper, work: (
        f"mount -t overlay overlay -o lowerdir={':'.join(map(str, lower))},"
        f"upperdir={upper},workdir={work},{_WHOLE} {target}"
    ),
)
def overlay(target: Path, lower: Sequence[Path], upper: Path, work: Path) -> None:
    """Show `upper` over the `lower` directories, topmost first, as one tree.

    Two shortcuts are switched off with which a kernel may leave in `upper` only half
    of what was written: the other half would be missing in a commit.
    """
    rest = f",upperdir={_escaped(upper)},workdir={_escaped(work)},{_WHOLE}"
    _mount_overlay(target, lower, rest)


@act(
    "mount(2)",
    lambda target, lower: (
        f"mount -t overlay overlay -o lowerdir={':'.join(map(str, lower))} {target}"
    ),
)
def overlay_to_read(target: Path, lower: Sequence[Path]) -> None:
    """Show two or more `lower` directories as one tree that nobody can write to."""
    _mount_overlay(target, lower, "")


def _mount_overlay(target: Path, lower: Sequence[Path], rest: str) -> None:
    """Mount it; if the options are too long for a page, name layers by descriptors."""
    options = f"lowerdir={_joined(lower)}{rest}"
    if len(os.fsencode(options)) < _PAGE:
        _overlay_with(target, options)
        return
    opened = [os.open(layer, os.O_PATH | os.O_CLOEXEC) for layer in lower]
    try:
        short = ":".join(f"/proc/self/fd/{descriptor}" for descriptor in opened)
        _overlay_with(target, f"lowerdir={short}{rest}")
    finally:
        for descriptor in opened:
            os.close(descriptor)


def _overlay_with(target: Path, options: str) -> None:
    where = str(target)
    libc.call("mount", "overlay", where, "overlay", 0, options, target=where)


def _joined(layers: Iterable[Path]) -> str:
    """With colons between them."""
    return ":".join(map(_escaped, layers))


def _escaped(path: Path) -> str:
    """A colon, a comma or a backslash that is part of a name, with one before it."""
    text = str(path)
    for character in "\\:,":
        text = text.replace(character, f"\\{character}")
    return text


@act(
    "mount(2)",
    lambda kind, source, target, flags, options, shown: (
        f"mount -t {kind} -o {_words(flags, options) or 'defaults'} {source} {shown}"
    ),
)
def filesystem(
    kind: str, source: str, target: int | Path, flags: int, options: str, shown: str
) -> None:
    """Mount a new file system of `kind` (proc, tmpfs, devpts …) on `target`.

    `target` is an open descriptor or a path that we trust; `shown` is how a person
    would write it.
    """
    libc.call("mount", source, _as_target(target), kind, flags, options, target=shown)


@act(
    "mount(2)",
    lambda source, target, shown, recursive=True: (
        f"mount --{'r' if recursive else ''}bind {source} {shown}"
    ),
)
def bind(source: Path, target: int | Path, shown: str, recursive: bool = True) -> None:
    """Show the file or directory `source` at `target` too."""
    flags = MS_BIND | (MS_REC if recursive else 0)
    libc.call("mount", str(source), _as_target(target), None, flags, None, target=shown)


@act(
    "mount_setattr(2)",
    lambda source, target, flags, shown, recursive=True: (
        f"mount --{'r' if recursive else ''}bind -o {_words(flags)} {source} {shown}"
    ),
)
def bind_with(
    source: Path, target: int, flags: int, shown: str, recursive: bool = True
) -> None:
    """Show `source` at the open `target` with flags, from its first moment.

    The copy of the mount is made apart, changed, and only then put in its place: in
    between nobody could write through it, or swap the place for another.
    """
    below = AT_RECURSIVE if recursive else 0
    with closing(_copy_of_mount(source, below)) as tree:
        # The four flags have the same values here as in mount(2).
        attributes = struct.pack("QQQQ", flags, 0, 0, 0)
        way = AT_EMPTY_PATH | below
        libc.by_number(
            SYS_MOUNT_SETATTR,
            "mount_setattr",
            tree,
            b"",
            way,
            attributes,
            len(attributes),
            target=shown,
        )
        libc.by_number(
            SYS_MOVE_MOUNT,
            "move_mount",
            tree,
            b"",
            target,
            b"",
            MOVE_BETWEEN_OPEN,
            target=shown,
        )


def _copy_of_mount(source: Path, below: int) -> int:
    """What is mounted at `source`, as a copy that is nowhere in the tree yet."""
    return libc.by_number(
        SYS_OPEN_TREE,
        "open_tree",
        AT_FDCWD,
        os.fsencode(source),
        OPEN_TREE_CLONE | below | os.O_CLOEXEC,
        target=str(source),
    )


@act(
    "mount(2)",
    lambda target, flags, shown: f"mount -o remount,bind,{_words(flags)} {shown}",
)
def remount(target: int | Path, flags: int, shown: str) -> None:
    """Change the flags of a mount point: read-only, nosuid, nodev, noexec.

    A bind mount takes its flags only from a second mount(2) such as this one.
    """
    flags |= MS_REMOUNT | MS_BIND
    libc.call("mount", None, _as_target(target), None, flags, None, target=shown)


@act(
    "pivot_root(2)", lambda root, shown: f"cd {shown} && pivot_root . . && umount -l ."
)
def pivot(root: int, shown: str) -> None:
    """Make the directory `root` the root of this mount namespace; let the old one go.

    Both arguments of pivot_root(2) are ".": the old root is stacked on the new one
    at "/", and unmounting "." removes the top of that stack, so that no directory is
    needed for it.
    """
    os.fchdir(root)
    libc.call("pivot_root", ".", ".", target=shown)
    libc.call("umount2", ".", MNT_DETACH, target="the old root")
    os.chdir("/")


@act("umount2(2)", lambda target: f"umount -l {target}")
def unmount(target: Path) -> None:
    """Take a mount away; what is still open below goes when it is closed."""
    libc.call("umount2", str(target), MNT_DETACH, target=str(target))
