"""Mounts: what a process sees when it looks at a path.

A container's root is one overlay mount, seen in a mount namespace of its own, and
then pivoted to (see roots.py):

    overlay   upper (read-write) over init layer over image layers
    private   so that no mount of ours travels back to the host

The order matters: pivot_root(2) refuses a root that is not a mount point, and a
shared mount would carry every later mount to the host.

A target inside a container's root is given as a *descriptor* that
`paths.open_inside` opened, never as a text: a link that the image planted must not
lead a mount out of the root. The kernel takes the path /proc/self/fd/N for it.

man: mount(2), umount(2), mount_namespaces(7), proc(5) on mountinfo
Try it: `lab run --explain busybox true`, then `lab mounts`.
"""

import os
import struct
from collections.abc import Iterable, Sequence
from pathlib import Path

from engine.acts import act
from engine.files import closing, remove_tree
from engine.kernel import libc, pseudo_files
from engine.kernel.mount_flags import (
    MS_BIND,
    MS_PRIVATE,
    MS_REC,
    MS_REMOUNT,
    as_strace,
    as_target,
    attributes,
    words,
)
from engine.notes import in_c, quote

_MNT_DETACH = 0x2

# The newer interface, by number: the same on every architecture.
SYS_OPEN_TREE, SYS_MOVE_MOUNT, SYS_MOUNT_SETATTR = 428, 429, 442
OPEN_TREE_CLONE, AT_FDCWD, AT_EMPTY_PATH, AT_RECURSIVE = 0x1, -100, 0x1000, 0x8000
MOVE_BETWEEN_OPEN = 0x4 | 0x40  # both the tree and its place are given as descriptors

_PAGE = 4096  # bytes: the options of one mount(2) must fit in a page

WHOLE = "redirect_dir=off,metacopy=off"
_NESTED = "redirect_dir=nofollow,metacopy=off,userxattr"  # who may set no trusted.*


@act(
    "mount(2)",
    lambda target: f"mount --make-rprivate {quote(target)}",
    lambda target: as_strace(None, target, None, MS_REC | MS_PRIVATE),
)
def make_private(target: Path) -> None:
    """Stop mounts below `target` from travelling to and from the host."""
    flags = MS_REC | MS_PRIVATE
    libc.call("mount", None, str(target), None, flags, None, target=str(target))


def overlay(
    target: Path,
    lower: Sequence[Path],
    upper: Path,
    work: Path,
    *,
    volatile: bool = False,
) -> None:
    """Show `upper` over the `lower` directories, topmost first, as one tree.

    Two shortcuts are switched off with which a kernel may leave in `upper` only half
    of what was written: the other half would be missing in a commit. The end of an
    overlay waits for the whole disk below it, unless it is `volatile`.
    """
    whole = _NESTED if pseudo_files.is_nested() else WHOLE
    rest = f",upperdir={_escaped(upper)},workdir={_escaped(work)},{whole}"
    _overlay(target, lower, f"{rest},volatile" if volatile else rest)


def forget_volatile(work: Path) -> None:
    """Let a volatile overlay be mounted once more.

    The kernel leaves a mark in its work directory, and refuses when it sees it: for
    all it knows there was a power cut in between.
    """
    if (work / "work").is_dir():
        remove_tree(work / "work" / "incompat")


def overlay_to_read(target: Path, lower: Sequence[Path]) -> None:
    """Show two or more `lower` directories as one tree that nobody can write to."""
    _overlay(target, lower, "")


def _overlay(target: Path, lower: Sequence[Path], rest: str) -> None:
    """Mount it; if the options are too long for a page, name layers by descriptors."""
    options = f"lowerdir={_joined(lower)}{rest}"
    if len(os.fsencode(options)) < _PAGE:
        _overlay_with(target, options, options)
        return
    opened = [os.open(layer, os.O_PATH | os.O_CLOEXEC) for layer in lower]
    try:
        short = ":".join(f"/proc/self/fd/{descriptor}" for descriptor in opened)
        _overlay_with(target, f"lowerdir={short}{rest}", options)
    finally:
        for descriptor in opened:
            os.close(descriptor)


@act(
    "mount(2)",
    lambda target, options, shown: (
        f"mount -t overlay overlay -o {quote(shown)} {quote(str(target))}"
    ),
    lambda target, options, shown: as_strace("overlay", target, "overlay", 0, options),
)
def _overlay_with(target: Path, options: str, shown: str) -> None:
    """`shown` is what a person would write for these options."""
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
        f"mount -t {quote(kind)} -o {quote(words(flags, options) or 'defaults')} "
        f"{quote(source)} {quote(shown)}"
    ),
    lambda kind, source, target, flags, options, shown: as_strace(
        source, target, kind, flags, options
    ),
)
def filesystem(
    kind: str, source: str, target: int | Path, flags: int, options: str, shown: str
) -> None:
    """Mount a new file system of `kind` (proc, tmpfs, devpts …) on `target`.

    `target` is an open descriptor or a path that we trust; `shown` is how a person
    would write it.
    """
    libc.call("mount", source, as_target(target), kind, flags, options, target=shown)


@act(
    "mount(2)",
    lambda source, target, shown, recursive=True, shown_source="": (
        f"mount --{'r' if recursive else ''}bind {quote(shown_source or str(source))} "
        f"{quote(shown)}"
    ),
    lambda source, target, shown, recursive=True, shown_source="": as_strace(
        str(source), target, None, MS_BIND | (MS_REC if recursive else 0)
    ),
)
def bind(
    source: Path,
    target: int | Path,
    shown: str,
    recursive: bool = True,
    shown_source: str = "",
) -> None:
    """Show the file or directory `source` at `target` too."""
    flags = MS_BIND | (MS_REC if recursive else 0)
    libc.call("mount", str(source), as_target(target), None, flags, None, target=shown)


def bind_with(
    source: Path, target: int, flags: int, shown: str, recursive: bool = True
) -> None:
    """Show `source` at the open `target` with flags, from its first moment.

    The copy of the mount is made apart, changed, and only then put in its place: in
    between nobody could write through it, or swap the place for another.
    """
    with closing(copy_apart(source, flags, shown, recursive)) as tree:
        move(tree, target, source, flags, shown, recursive)


def copy_apart(source: Path, flags: int, shown: str, recursive: bool = True) -> int:
    """What is mounted at `source`, copied: open, nowhere in the tree, with `flags`."""
    below = AT_RECURSIVE if recursive else 0
    tree = _copy_of_mount(source, below)
    if flags:
        try:
            _set_attributes(tree, flags, below, shown)
        except BaseException:
            os.close(tree)
            raise
    return tree


@act(
    "open_tree(2)",
    lambda source, below: f"# a copy of the mount at {source}, still apart",
    lambda source, below: (
        f"AT_FDCWD, {in_c(source)}, OPEN_TREE_CLONE|OPEN_TREE_CLOEXEC"
        + ("|AT_RECURSIVE" if below else "")
    ),
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
    "mount_setattr(2)",
    lambda tree, flags, below, shown: f"# the copy becomes {words(flags)}",
    lambda tree, flags, below, shown: (
        f'{tree}, "", AT_EMPTY_PATH{"|AT_RECURSIVE" if below else ""}, '
        f"{{attr_set={attributes(flags)}, attr_clr=0, propagation=0, userns_fd=0}}, 32"
    ),
)
def _set_attributes(tree: int, flags: int, below: int, shown: str) -> None:
    # The four flags have the same values here as in mount(2).
    wanted = struct.pack("QQQQ", flags, 0, 0, 0)
    libc.by_number(
        SYS_MOUNT_SETATTR,
        "mount_setattr",
        tree,
        b"",
        AT_EMPTY_PATH | below,
        wanted,
        len(wanted),
        target=shown,
    )


@act(
    "move_mount(2)",
    lambda tree, target, source, flags, shown, recursive: (
        f"mount --{'r' if recursive else ''}bind "
        f"{f'-o {words(flags)} ' if flags else ''}"
        f"{quote(str(source))} {quote(shown)}"
    ),
    lambda tree, target, source, flags, shown, recursive: (
        f'{tree}, "", {target}, "", MOVE_MOUNT_F_EMPTY_PATH|MOVE_MOUNT_T_EMPTY_PATH'
    ),
)
def move(
    tree: int, target: int, source: Path, flags: int, shown: str, recursive: bool
) -> None:
    """Put the copy into its place. What it is a copy of is needed for the words."""
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


@act(
    "mount(2)",
    lambda target, flags, shown: f"mount -o remount,bind,{words(flags)} {quote(shown)}",
    lambda target, flags, shown: as_strace(
        None, target, None, flags | MS_REMOUNT | MS_BIND
    ),
)
def remount(target: int | Path, flags: int, shown: str) -> None:
    """Change the flags of a mount point: read-only, nosuid, nodev, noexec.

    A bind mount takes its flags only from a second mount(2) such as this one.
    """
    flags |= MS_REMOUNT | MS_BIND
    libc.call("mount", None, as_target(target), None, flags, None, target=shown)


@act(
    "umount2(2)",
    lambda target: f"umount -l {quote(str(target))}",
    lambda target: f"{in_c(target)}, MNT_DETACH",
)
def unmount(target: Path) -> None:
    """Take a mount away; what is still open below goes when it is closed."""
    libc.call("umount2", str(target), _MNT_DETACH, target=str(target))
