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
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.acts import act
from engine.kernel import libc

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 0x1, 0x2, 0x4, 0x8
MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 0x20, 0x1000, 0x4000, 0x40000
MS_NOATIME, MS_RELATIME, MS_STRICTATIME = 0x400, 0x200000, 0x1000000
MNT_DETACH = 0x2

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """One line of /proc/PID/mountinfo.

    `id` and `parent` number the mounts of the machine; `target` is where it is seen,
    `root` the directory of the file system `device` that is seen there; what is mounted
    below a `private` one is not mounted elsewhere too; `options` are those of the mount
    point, then those of the file system.
    """

    id: int
    parent: int
    device: str
    root: str
    private: bool
    kind: str
    source: str
    target: str
    options: str


def table(pid: int | str = "self") -> Iterator[Mount]:
    """The mounts that process `pid` sees, in the order in which they were made."""
    try:
        text = os.fsdecode(Path(f"/proc/{pid}/mountinfo").read_bytes())
    except (FileNotFoundError, ProcessLookupError, OSError):
        return  # the process has ended: it sees nothing
    for line in text.split("\n")[:-1]:  # other ends of line may be part of a name
        before, _, after = line.partition(" - ")
        fields, (kind, source, options) = before.split(" "), after.split(" ", 2)
        yield Mount(
            id=int(fields[0]),
            parent=int(fields[1]),
            device=fields[2],
            root=_unescape(fields[3]),
            private=not any(word.startswith("shared:") for word in fields[6:]),
            kind=kind,
            source=_unescape(source),
            target=_unescape(fields[4]),
            options=f"{fields[5]},{options}",
        )


def _unescape(field: str) -> str:
    """Spaces, tabs, newlines and backslashes are written \\040 and so on."""
    first, *rest = field.split("\\")
    return first + "".join(chr(int(part[:3], 8)) + part[3:] for part in rest)


def is_mount_point(path: Path) -> bool:
    """Whether something is mounted exactly at `path`: it is another mount there."""
    return _mount_of(path) != _mount_of(path.parent)


def is_on_itself(path: Path) -> bool:
    """Whether the directory `path` is privately mounted on itself, on top of all else.

    A disk that somebody has mounted there is not: that shows another directory.
    """
    by_number = {mount.id: mount for mount in table()}
    mount = by_number.get(int(_mount_of(path)))
    below = by_number.get(mount.parent) if mount else None
    if mount is None or below is None or mount.target != str(path):
        return False
    hidden = os.path.join(below.root, os.path.relpath(mount.target, below.target))
    same = mount.device == below.device and mount.root == os.path.normpath(hidden)
    return same and mount.private


def _mount_of(path: Path) -> str:
    """The number of the mount that `path` is seen through."""
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        lines = Path(f"/proc/self/fdinfo/{descriptor}").read_text().splitlines()
    finally:
        os.close(descriptor)
    return next(line.split()[1] for line in lines if line.startswith("mnt_id:"))
