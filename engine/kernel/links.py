"""Links: network interfaces.

A new network namespace holds one interface, the loopback `lo`, and it is down: not
even 127.0.0.1 answers. Switching it on is all that `--network none` needs.

man: netdevice(7), network_namespaces(7)
Try it: `lab run busybox ip addr`
"""

import fcntl
import socket
import struct

from engine.acts import act, os_error
from engine.errors import SyscallError

_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 0x1


# What linux/if.h calls the flags of an interface, from the lowest bit.
_FLAGS = (
    "IFF_UP IFF_BROADCAST IFF_DEBUG IFF_LOOPBACK IFF_POINTOPOINT IFF_NOTRAILERS "
    "IFF_RUNNING IFF_NOARP IFF_PROMISC IFF_ALLMULTI IFF_MASTER IFF_SLAVE IFF_MULTICAST "
    "IFF_PORTSEL IFF_AUTOMEDIA IFF_DYNAMIC"
).split()


def _names(flags: int) -> str:
    return "|".join(name for bit, name in enumerate(_FLAGS) if flags >> bit & 1)


def set_up(name: str) -> None:
    """Switch the interface `name` of this network namespace on."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sH14x", name.encode(), 0)
        try:
            answer = fcntl.ioctl(any_socket, _SIOCGIFFLAGS, request)
            flags = struct.unpack("16sH14x", answer)[1] | _IFF_UP
            _set_flags(any_socket.fileno(), name, flags)
        except OSError as error:
            raise SyscallError("ioctl", error.errno or 0, name) from error


@act(
    "ioctl(2)",
    lambda any_socket, name, flags: f"ip link set {name} up",
    lambda any_socket, name, flags: (
        f'{any_socket}, SIOCSIFFLAGS, {{ifr_name="{name}", ifr_flags={_names(flags)}}}'
    ),
    refusal=os_error,
)
def _set_flags(any_socket: int, name: str, flags: int) -> None:
    request = struct.pack("16sH14x", name.encode(), flags)
    fcntl.ioctl(any_socket, _SIOCSIFFLAGS, request)
