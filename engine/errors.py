"""What can go wrong, as one tree.

    EngineError                    a message (what is wrong) and a hint (what to do)
    ├── NotFound                   no such container, image, volume, network
    ├── Conflict                   the name is taken, the thing is in use
    ├── InvalidReference           not the name of an image
    ├── InvalidState               not possible in the state it is in
    ├── InvalidArgument            an option or a value that makes no sense
    ├── DigestMismatch             the bytes are not what their name says
    ├── ImageError                 an image, layer or archive that breaks its format
    ├── RegistryError              a registry that says no, or nothing
    ├── BuildFileError             a Dockerfile or .dockerignore, and where in it
    ├── BuildFailed                a step of a build, and what it left behind
    ├── NotExecutable              the program is there and cannot be run
    ├── ProgramNotFound            the program is not in the container
    ├── EngineBroken               the engine's own files or processes are damaged
    └── SyscallError               the kernel said no: which call, errno, on what

Every error that a student can meet is one of these. The shell prints `message` as
one red line and `hint` as the next, never a traceback. One table below maps the
kinds to exit codes, another maps (system call, errno) to advice: read it as a
lesson in what the kernel refuses and why.

man: errno(3)
Try it: `lab run nosuch true; echo $?`
"""

import contextlib
import errno
import os
from collections.abc import Iterator
from typing import Any


class EngineError(Exception):
    """Something the engine could not do, and what the student can do about it.

    `message` says what is wrong with what, in one line; `hint` says what to do, in
    one line, and may be empty. `exit_code` is what a command that fails with this
    error returns to the shell.
    """

    exit_code = 125

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def to_json(self) -> dict[str, Any]:
        """The error as data, so that it can travel from one process to another."""
        return {
            "kind": type(self).__name__,
            "message": self.message,
            "hint": self.hint,
            "exit_code": self.exit_code,
        }

    @staticmethod
    def from_json(data: dict[str, Any]) -> "EngineError":
        """The error that `to_json` described, as the same kind where it is known."""
        kind = _KINDS.get(str(data.get("kind")), EngineError)
        error = EngineError.__new__(kind)
        EngineError.__init__(error, str(data["message"]), str(data.get("hint", "")))
        error.exit_code = int(data.get("exit_code", 125))
        if isinstance(error, SyscallError):
            error.call, error.target = str(data.get("call")), str(data.get("target"))
            error.errno = int(data.get("errno", 0))
        return error


class NotFound(EngineError):
    """No such container, image, volume or network."""


class Conflict(EngineError):
    """The name is taken, or the thing is in use."""


class InvalidReference(EngineError):
    """Not the name of an image."""


class InvalidState(EngineError):
    """Not possible in the state that the container is in."""


class InvalidArgument(EngineError):
    """An option or a value that makes no sense."""


class DigestMismatch(EngineError):
    """The bytes are not what their name says."""


class ImageError(EngineError):
    """An image, layer or archive that breaks its format."""


class RegistryError(EngineError):
    """A registry that says no, or nonsense, or nothing at all.

    `status` is that of its answer, 0 if there was none that counts; `unreachable`: it
    did not answer, so that another server may be asked for the same.
    """

    status = 0
    unreachable = False


class BuildFileError(EngineError):
    """A Dockerfile or .dockerignore that says something that cannot be done.

    The message begins with the place: "Dockerfile:3: unknown instruction: RUNN".
    `excerpt` is two lines to print below it, the line of the file and a caret under
    the place; "" if there is nothing to show.
    """

    exit_code = 1
    excerpt = ""


class BuildFailed(EngineError):
    """A step of a build that failed.

    `excerpt` shows the line of the Dockerfile, as with BuildFileError; `scene` is the
    name of the container that the step left behind, "" if there is none.
    """

    exit_code = 1
    excerpt = ""
    scene = ""


class NotExecutable(EngineError):
    """The program is there, and the kernel would not run it."""

    exit_code = 126


class ProgramNotFound(EngineError):
    """The program is not in the container."""

    exit_code = 127


class EngineBroken(EngineError):
    """The engine's own files or processes are not as it left them."""


class Aborted(EngineError):
    """Whoever is asked before each act has had enough."""

    def __init__(self) -> None:
        super().__init__("the start was broken off", "All is as it was before.")


class SyscallError(EngineError):
    """A system call that the kernel refused: which call, why, and on what."""

    def __init__(self, call: str, number: int, target: str = "") -> None:
        where = f" {target}" if target else ""
        super().__init__(
            f"{call}{where}: {os.strerror(number)}", hint_for(call, number)
        )
        self.call = call
        self.errno = number
        self.target = target

    def to_json(self) -> dict[str, Any]:
        """As data, with what is asked of it where it arrives."""
        told = {"call": self.call, "errno": self.errno, "target": self.target}
        return {**super().to_json(), **told}

    @property
    def name(self) -> str:
        """The errno's symbolic name, as `strace` prints it: "EPERM"."""
        return errno.errorcode.get(self.errno, str(self.errno))


# (system call, errno) -> what to do about it. An empty call means any call.
HINTS = {
    ("mount", errno.EPERM): "Mounting needs root (CAP_SYS_ADMIN): start with sudo.",
    ("mount", errno.ENODEV): "This kernel has no such file system: `lab doctor`.",
    ("mount", errno.EINVAL): "The kernel refused these options: see `dmesg | tail`.",
    ("mount", errno.EBUSY): "Something is mounted or open there: `lab mounts`.",
    ("mount_setattr", errno.EINVAL): (
        "--userns: owners can be shifted on ext4, xfs and btrfs, from Linux 5.19 on."
    ),
    ("unshare", errno.EPERM): "New namespaces need root: start with sudo.",
    ("unshare", errno.ENOSPC): "Too many namespaces: see /proc/sys/user/max_*.",
    ("setns", errno.ESRCH): "The process has ended, and its namespaces with it.",
    ("openat2", errno.ENOTDIR): "A part of this path is a file, not a directory.",
    ("pivot_root", errno.EINVAL): "The new root must be a private mount point.",
    ("fork", errno.EAGAIN): "A limit on processes is reached: `ulimit -u`, pids.max.",
    ("fork", errno.ENOMEM): "The pid namespace is dead: its first process has ended.",
    ("umount2", errno.EBUSY): "Something below is open: `fuser -m` shows by whom.",
    ("write", errno.EACCES): "Less than it is now takes CAP_SYS_RESOURCE, or root.",
    ("write", errno.EBUSY): "The control group holds more than that, or processes.",
    ("sendto", errno.EPERM): "Networks take CAP_NET_ADMIN; --network none takes none.",
    ("sendto", errno.EOPNOTSUPP): (
        "This kernel has no bridges or veth: `modprobe bridge veth`, or --network none."
    ),
    ("execve", errno.ENOEXEC): "Not a program: is it for another architecture?",
    ("execve", errno.E2BIG): "The arguments and environment are too long.",
    ("", errno.ENOSPC): "The disk is full: `lab image prune`, `df -h`.",
    ("", errno.EROFS): (
        "The file system is read-only: name another place, the engine's by --root."
    ),
    ("", errno.EACCES): "Permission denied: the engine needs root, start with sudo.",
    ("", errno.EPERM): "Permission denied: the engine needs root, start with sudo.",
    ("", errno.ENAMETOOLONG): "A path is longer than the kernel allows.",
    ("", errno.EMFILE): "Too many open files: `ulimit -n`.",
}


def hint_for(call: str, number: int) -> str:
    """What to do when `call` fails with errno `number`; "" if nobody knows."""
    return HINTS.get((call, number)) or HINTS.get(("", number), "")


def from_os_error(error: OSError) -> SyscallError:
    """The OSError of one of Python's own system calls, as part of the tree.

    It does not say which call that was; acts.py adds a note where it knows.
    """
    named = isinstance(error.filename, (str, bytes))  # not by an open descriptor
    target = os.fsdecode(error.filename) if named else ""
    call = next(iter(getattr(error, "__notes__", ())), "file operation")
    return SyscallError(call, error.errno or errno.EIO, target)


@contextlib.contextmanager
def told_as_engine_errors() -> Iterator[None]:
    """Make an OSError of Python's own system calls part of the tree.

    That nobody reads any more what is being written is not an error: it says "enough".
    """
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise from_os_error(error) from error


_KINDS = {kind.__name__: kind for kind in EngineError.__subclasses__()}
