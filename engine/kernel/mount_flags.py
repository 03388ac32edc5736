"""The flags of a mount, as the kernel, mount(8) and strace(1) write them.

    mount(2)     a bit each: 0x2
    mount(8)     a word each: "nosuid"
    strace(1)    the name in the C header: MS_NOSUID

A target inside a container's root is given as an open descriptor. mount(2) knows only
paths, and takes /proc/self/fd/N for it.

man: mount(2), mount(8), proc(5) on /proc/self/fd
Try it: `lab acts NAME --json | grep MS_NOSUID`
"""

from pathlib import Path

from engine.notes import in_c

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 0x1, 0x2, 0x4, 0x8
MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 0x20, 0x1000, 0x4000, 0x40000
MS_NOATIME, MS_RELATIME, MS_STRICTATIME = 0x400, 0x200000, 0x1000000
OF_BINDS = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC  # what each bind has for itself

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


# … and as strace(1) names it.
_NAMES = {
    MS_RDONLY: "MS_RDONLY",
    MS_NOSUID: "MS_NOSUID",
    MS_NODEV: "MS_NODEV",
    MS_NOEXEC: "MS_NOEXEC",
    MS_REMOUNT: "MS_REMOUNT",
    MS_NOATIME: "MS_NOATIME",
    MS_BIND: "MS_BIND",
    MS_REC: "MS_REC",
    MS_PRIVATE: "MS_PRIVATE",
    MS_RELATIME: "MS_RELATIME",
    MS_STRICTATIME: "MS_STRICTATIME",
}


def as_strace(
    source: str | None,
    target: int | Path,
    kind: str | None,
    flags: int,
    data: str | None = None,
) -> str:
    """The arguments of mount(2) as strace(1) prints them."""
    names = "|".join(name for flag, name in _NAMES.items() if flag & flags) or "0"
    first, third, last = (
        "NULL" if text is None else in_c(text) for text in (source, kind, data)
    )
    return f"{first}, {in_c(as_target(target))}, {third}, {names}, {last}"


def attributes(flags: int) -> str:
    """The same flags as mount_setattr(2) calls them."""
    names = (name for flag, name in _NAMES.items() if flag & flags)
    return "|".join(name.replace("MS_", "MOUNT_ATTR_") for name in names) or "0"


def words(flags: int, options: str = "") -> str:
    """Flags and options as mount(8) writes them: "nosuid,nodev,mode=755"."""
    words = [
        word for word, flag in FLAGS.items() if flag & flags and "bind" not in word
    ]
    return ",".join([*words, options] if options else words)


def as_target(place: int | Path) -> str:
    """The path by which the kernel is told a place: an open one is a file of /proc."""
    return f"/proc/self/fd/{place}" if isinstance(place, int) else str(place)
