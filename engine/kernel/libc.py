"""The C library's doors into the kernel that Python does not have.

Python's `os` knows open, fork and exec, but not mount, unshare or pivot_root.
They are called here through ctypes, each declared once in the table below, and
nowhere else in the engine. A call that fails raises SyscallError, which carries
what was asked, of what, and the kernel's errno.

Calls too young for the C library go through syscall(2) by number: the numbers
above 424 are the same on every architecture.

man: syscalls(2), syscall(2), errno(3)
Try it: `python3 -c "import ctypes; print(ctypes.CDLL(None).unshare(0x20000000))"`
prints 0 as root and -1 as anybody else.
"""

import ctypes
import functools
import os
from collections.abc import Sequence

from engine.errors import EngineError, SyscallError

_libc = ctypes.CDLL(None, use_errno=True)
_str, _int, _ulong, _ptr = (
    ctypes.c_char_p,
    ctypes.c_int,
    ctypes.c_ulong,
    ctypes.c_void_p,
)

PROTOTYPES = {
    "mount": (_str, _str, _str, _ulong, _str),
    "umount2": (_str, _int),
    "unshare": (_int,),
    "setns": (_int, _int),
    "pivot_root": (_str, _str),
    "sethostname": (_str, ctypes.c_size_t),
    "setdomainname": (_str, ctypes.c_size_t),
    "prctl": (_int, _ulong, _ulong, _ulong, _ulong),
    "capset": (_ptr, _ptr),
    "capget": (_ptr, _ptr),
    "inotify_init1": (_int,),
    "inotify_add_watch": (_int, _str, ctypes.c_uint32),
    "close_range": (ctypes.c_uint, ctypes.c_uint, _int),
    "syncfs": (_int,),
    "setfsuid": (ctypes.c_uint,),
    "setfsgid": (ctypes.c_uint,),
}
for _name, _arguments in PROTOTYPES.items():
    getattr(_libc, _name).argtypes = _arguments
_libc.syscall.restype = ctypes.c_long

SYS_OPENAT2 = 437


class Memory:
    """Bytes at a place in memory that a structure for the kernel can point to.

    The place is valid for as long as this object is.
    """

    def __init__(self, data: bytes) -> None:
        self._buffer = ctypes.create_string_buffer(data, len(data))
        self.address = ctypes.addressof(self._buffer)


def call(name: str, *arguments: object, target: str = "") -> int:
    """Make one call of the table; raise SyscallError if the kernel says no."""
    raw = [os.fsencode(a) if isinstance(a, str) else a for a in arguments]
    result: int = getattr(_libc, name)(*raw)
    if result == -1:
        raise SyscallError(name, ctypes.get_errno(), target)
    return result


def by_number(number: int, name: str, *arguments: object, target: str = "") -> int:
    """Make the system call `number`, called `name` in errors."""
    raw = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    result: int = _libc.syscall(ctypes.c_long(number), *raw)
    if result == -1:
        raise SyscallError(name, ctypes.get_errno(), target)
    return result


class _OpenHow(ctypes.Structure):
    """struct open_how of openat2(2)."""

    _fields_ = [
        ("flags", ctypes.c_uint64),
        ("mode", ctypes.c_uint64),
        ("resolve", ctypes.c_uint64),
    ]


def openat2(directory: int, path: str, flags: int, mode: int, resolve: int) -> int:
    """openat2(2): open `path` below `directory` under the rules of `resolve`."""
    how = _OpenHow(flags, mode, resolve)
    return by_number(
        SYS_OPENAT2,
        "openat2",
        directory,
        ctypes.c_char_p(os.fsencode(path)),
        ctypes.byref(how),
        ctypes.sizeof(how),
        target=path,
    )


@functools.cache
def _libseccomp() -> ctypes.CDLL:
    try:
        return ctypes.CDLL("libseccomp.so.2")
    except OSError as error:
        raise EngineError(
            "the library libseccomp.so.2 is not on this machine",
            "Install the package libseccomp2, or run with seccomp=unconfined.",
        ) from error


def syscall_numbers(architecture: int, names: Sequence[str]) -> list[int]:
    """The numbers of these system calls on an architecture (AUDIT_ARCH_…).

    A call that the architecture does not have is left out.
    """
    resolve = _libseccomp().seccomp_syscall_resolve_name_arch
    raw = ctypes.c_uint32(architecture)
    numbers = (resolve(raw, name.encode()) for name in names)
    return [number for number in numbers if number >= 0]
