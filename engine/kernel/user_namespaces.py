"""User namespaces: who somebody is depends on where one looks.

    inside      0    1    2  …   65535
                │    │    │        │        /proc/PID/uid_map:  0 655360 65536
    outside  655360  …   655362    …

A process that is user 0 in such a namespace holds every capability *in it*: over that
namespace and over others that belong to it, a network say. Over what is the machine's
it has none, and of the machine's files it owns none: those of all users that are not
mapped are nobody's (65534) when they are looked at from inside.

Whoever makes a user namespace is in it. So a child that is thrown away does, and may
make others at the same time, which then belong to it; its parent says which IDs are
mapped, and opens the namespaces: open, they need no process to live.

    parent                          child
      fork ──────────────────────▶  unshare(CLONE_NEWUSER|…)
      uid_map, gid_map  ◀── done ──
      open /proc/CHILD/ns/user
      hang up  ──────────────────▶  ends

Files have owners too, on a disk that knows nothing of this. A mount can be *idmapped*
(Linux 5.12; under an overlay 5.19): through it all owners are shifted as the namespace
says, there and back, while those on the disk stay what they are.

An engine may be in such a namespace itself (`pseudo_files.is_nested`). Its root has all
that a start needs, but for what only root of the machine may do:

    a node for a device        the one that is there is shown there, too
    rules about devices        nobody there can make a node, so there are none to set
    trusted.overlay.opaque     user.overlay.opaque, and an overlay is told so

man: user_namespaces(7), mount_setattr(2), ioctl_ns(2)
Try it: `lab run --rm --userns auto busybox cat /proc/self/uid_map`
"""

import contextlib
import errno
import fcntl
import os
import socket
import struct
from typing import NoReturn

from engine.acts import act, os_error
from engine.errors import EngineError, SyscallError
from engine.files import closing
from engine.kernel import capabilities, libc, mounts, namespaces, processes
from engine.notes import quote

_IDMAP = 0x100000  # MOUNT_ATTR_IDMAP
_NS_GET_USERNS = 0xB701
_KEPT = 0xFFFFFFFF  # for setfsuid(2): change nothing, tell what it is


def open_new(kinds: tuple[str, ...], first: int, count: int) -> list[int]:
    """New namespaces of these kinds, "user" among them: open, and without a process.

    IDs from 0 inside are those from `first` on outside, `count` of them.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours:
        with theirs:
            child = processes.fork()
            if child == 0:
                ours.close()
                _make_and_wait(kinds, theirs)
        try:
            _hear(ours)
            for name in ("uid_map", "gid_map"):
                _map(child, name, first, count)
            return [_open(child, kind) for kind in kinds]
        finally:
            ours.close()
            with contextlib.suppress(ChildProcessError):  # the spawner ignores its own
                os.waitpid(child, 0)


def _make_and_wait(kinds: tuple[str, ...], theirs: socket.socket) -> NoReturn:
    """As the child: make them, tell, and live until the other end hangs up."""
    try:
        number = 0
        try:
            namespaces.unshare(kinds)
        except SyscallError as error:
            number = error.errno
        theirs.send(str(number).encode())
        theirs.recv(1)
    finally:
        processes.leave(0)


def _hear(ours: socket.socket) -> None:
    """Wait until the child has made them; raise what it could not do."""
    answer = ours.recv(16)
    if not answer:
        raise EngineError(
            "no user namespace came: the process that makes it was killed",
            "Try again in a moment.",
        )
    if number := int(answer):
        raise SyscallError("unshare", number, "user")


def _map(child: int, name: str, first: int, count: int) -> None:
    path = f"/proc/{child}/{name}"
    try:
        with closing(os.open(path, os.O_WRONLY | os.O_CLOEXEC)) as file:
            _write(file, path, f"0 {first} {count}")
    except OSError as error:
        raise SyscallError("write", error.errno or 0, path) from error


@act(
    "write(2)",
    lambda file, path, line: f"echo {line} > {path}",
    lambda file, path, line: f'{file}, "{line}", {len(line)}',
    concept="namespaces",
    refusal=os_error,
)
def _write(file: int, path: str, line: str) -> int:
    return os.write(file, line.encode())


def _open(child: int, kind: str) -> int:
    path = f"/proc/{child}/ns/{namespaces.KINDS[kind][1]}"
    return os.open(path, os.O_RDONLY | os.O_CLOEXEC)


@act(
    "ioctl(2)",
    lambda opened, path: f"# the user namespace to which {quote(path)} belongs",
    lambda opened, path: f"{opened}, NS_GET_USERNS",
    concept="namespaces",
    refusal=os_error,
)
def owner(opened: int, path: str) -> int:
    """The user namespace to which an open one belongs, which is mounted at `path`."""
    return fcntl.ioctl(opened, _NS_GET_USERNS)


@act(
    "mount_setattr(2)",
    lambda tree, namespace, shown: (
        f"mount --bind -o X-mount.idmap=/proc/$CHILD/ns/user {quote(shown)} "
        f"{quote(shown)}"
    ),
    lambda tree, namespace, shown: (
        f'{tree}, "", AT_EMPTY_PATH, {{attr_set=MOUNT_ATTR_IDMAP, attr_clr=0, '
        f"propagation=0, userns_fd={namespace}}}, 32"
    ),
    concept="mounts",
)
def shift(tree: int, namespace: int, shown: str) -> None:
    """Shift the owners of all files of a tree that is open and nowhere mounted yet."""
    wanted = struct.pack("QQQQ", _IDMAP, 0, 0, namespace)
    libc.by_number(
        mounts.SYS_MOUNT_SETATTR,
        "mount_setattr",
        tree,
        b"",
        mounts.AT_EMPTY_PATH,
        wanted,
        len(wanted),
        target=shown,
    )


def make_files_as(uid: int, gid: int) -> None:
    """From now on this thread's new files belong to this user, whose ID is mapped.

    Who is not mapped may make nothing in a shifted tree. The change takes capabilities
    over files away; they are fetched back.
    """
    _set_file_group(gid)
    _set_file_user(uid)
    for name, wanted in (("setfsgid", gid), ("setfsuid", uid)):
        if libc.call(name, _KEPT) != wanted:  # they never say that they failed
            raise SyscallError(name, errno.EPERM, str(wanted))
    held = capabilities.available()
    every = tuple(name for name in capabilities.NAMES if name in held)
    capabilities.set_current(every, every)


@act(
    "setfsgid(2)",
    lambda gid: f"# the group of new files is {gid}",
    concept="credentials",
)
def _set_file_group(gid: int) -> None:
    libc.call("setfsgid", gid)


@act(
    "setfsuid(2)",
    lambda uid: f"# the owner of new files is {uid}",
    concept="credentials",
)
def _set_file_user(uid: int) -> None:
    libc.call("setfsuid", uid)
