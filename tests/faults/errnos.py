"""What the kernel could plausibly have said to an act: (call, what it acts on) -> why.

An errno that a call never gives would ask too much or too little of the engine. Where
there are several, act n of a verb gets the n-th of them, round and round.
"""

from typing import Any

PLAUSIBLE = {
    "mount(2)": ("EINVAL", "ENOMEM", "EPERM"),
    "umount2(2)": ("EBUSY",),
    "open_tree(2)": ("ENOENT", "ENOMEM", "EPERM"),
    "mount_setattr(2)": ("EINVAL", "EPERM"),
    "move_mount(2)": ("EINVAL", "ENOMEM"),
    "pivot_root(2)": ("EINVAL", "EBUSY"),
    "unshare(2)": ("ENOSPC", "EPERM", "ENOMEM"),
    "setns(2)": ("EINVAL", "ESRCH"),
    "fork(2)": ("EAGAIN", "ENOMEM"),
    "execve(2)": ("ENOEXEC", "EACCES", "ENOENT"),
    "chown(2)": ("EPERM", "EROFS"),
    "fchownat(2)": ("EPERM", "EROFS"),
    "chmod(2)": ("EPERM", "EROFS"),
    "prlimit(2)": ("EPERM", "EINVAL"),
    "mkdir(2)": ("ENOSPC", "EIO", "EROFS"),
    "mkdirat(2)": ("ENOSPC", "EROFS"),
    "rename(2)": ("ENOSPC", "EIO", "EROFS"),
    "symlink(2)": ("ENOSPC", "EIO", "EROFS"),
    "symlinkat(2)": ("ENOSPC", "EROFS"),
    "mknodat(2)": ("EPERM", "ENOSPC"),
    "unlink(2)": ("EIO", "EROFS", "EPERM"),
    "rmdir(2)": ("EBUSY",),
    "cp(1)": ("ENOSPC", "EIO"),
    "rm(1)": ("EIO", "EBUSY", "EROFS"),
    "tar(1)": ("ENOSPC", "EIO"),
    "sha256sum(1)": ("EIO",),
    "fsync(2)": ("EIO", "ENOSPC"),
    "syncfs(2)": ("EIO", "ENOSPC"),
    "openat(2)": ("EMFILE", "ENOENT"),
    "openat2(2)": ("EMFILE", "EACCES"),
    "chdir(2)": ("EACCES", "ENOENT"),
    "fchdir(2)": ("EACCES",),
    "setxattr(2)": ("EOPNOTSUPP", "EPERM"),
    "setsid(2)": ("EPERM",),
    "setgroups(2)": ("EPERM",),
    "setresgid(2)": ("EPERM", "EINVAL"),
    "setresuid(2)": ("EAGAIN", "EPERM"),
    "setfsuid(2)": ("EPERM",),
    "setfsgid(2)": ("EPERM",),
    "capset(2)": ("EPERM",),
    "prctl(2)": ("EINVAL", "EPERM"),
    "keyctl(2)": ("EDQUOT", "ENOMEM"),
    "bpf(2)": ("EPERM", "ENOMEM"),
    "sethostname(2)": ("EPERM",),
    "setdomainname(2)": ("EPERM",),
    "close_range(2)": ("EMFILE", "ENOMEM"),
    "bind(2)": ("EADDRINUSE", "EACCES", "EADDRNOTAVAIL"),
    "sendto(2)": ("EPERM", "ENOMEM", "EOPNOTSUPP"),
    "nft(8)": ("EPERM", "ENOENT"),
    "runc(8)": ("EPERM", "ENOENT"),
    "ioctl(2)": ("EPERM", "EIO"),
    "pidfd_send_signal(2)": ("EPERM",),
    "kill(2)": ("EPERM",),
}
_WRITES = {"cgroups": ("EBUSY", "EINVAL"), "": ("ENOSPC", "EIO", "EROFS")}


def plausible(act: dict[str, Any], number: int) -> str:
    """The errno with which this act, the `number`-th of its verb, shall fail."""
    if act["call"] == "write(2)":
        known = _WRITES.get(act["concept"], _WRITES[""])
    else:
        known = PLAUSIBLE[act["call"]]
    return known[number % len(known)]
