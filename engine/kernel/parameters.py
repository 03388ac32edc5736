"""Kernel parameters: numbers of the kernel's that are files below /proc/sys.

Dots in a parameter's name are slashes in its path: net.ipv4.ip_forward is
/proc/sys/net/ipv4/ip_forward. Those of a namespace are, for each process, those of the
namespace that it is in: the same file shows another number in another container.

man: proc(5) on /proc/sys, sysctl(8)
Try it: `sysctl net.ipv4.ip_forward`, and the same with `lab run busybox`
"""

import os

from engine.acts import act, os_error
from engine.errors import InvalidArgument, SyscallError
from engine.files import closing
from engine.kernel import paths
from engine.notes import in_c, quote


def set_parameter(root: int, name: str, value: str) -> None:
    """Set one parameter through the /proc that is mounted inside `root`."""
    path = _path(name)
    try:
        with closing(paths.open_inside(root, path, os.O_WRONLY)) as file:
            _write(file, name, value)
    except (SyscallError, OSError) as error:
        reason = os.strerror(error.errno or 0).lower()
        raise InvalidArgument(
            f"open {path}: {reason}",
            "Is there such a parameter, and may it have that value? "
            f"`sysctl {name}` on this machine.",
        ) from error


def value(name: str) -> str:
    """A parameter as this process sees it; "" if the kernel has none of this name."""
    try:
        with open(_path(name), encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""


def set_for_machine(name: str, value: str) -> None:
    """Set one parameter of the namespaces that this process is in."""
    try:
        with closing(os.open(_path(name), os.O_WRONLY | os.O_CLOEXEC)) as file:
            _write(file, name, value)
    except OSError as error:
        raise SyscallError("write", error.errno or 0, _path(name)) from error


def _path(name: str) -> str:
    return f"/proc/sys/{name.replace('.', '/')}"


@act(
    "write(2)",
    lambda file, name, value: f"sysctl -w {quote(f'{name}={value}')}",
    lambda file, name, value: f"{file}, {in_c(value)}, {len(value.encode())}",
    refusal=os_error,
)
def _write(file: int, name: str, value: str) -> int:
    return os.write(file, value.encode())
