"""Terminals: a pair of files that makes a program believe in a keyboard and a screen.

    master   what the shim holds: reads what the program prints, writes what is typed
    slave    what the program holds as descriptors 0, 1 and 2: /dev/pts/0 inside

The pair is opened in the *container's* own devpts, by the container's init, and the
master is sent out to the shim: so `tty` inside names a file that is there.

Raw mode is for the student's own terminal: every key goes to the container at once,
Ctrl-C too, and the container's terminal turns it into a signal.

man: pty(7), devpts in mount(8), ioctl_tty(2), termios(3)
Try it: `lab run -it busybox tty`
"""

import fcntl
import os
import struct
import termios
from collections.abc import Iterator
from contextlib import contextmanager

from engine.acts import act, os_error
from engine.errors import SyscallError, from_os_error

_DEVPTS_SUPER_MAGIC_MAJORS = range(136, 144)  # device numbers of pty slaves


def open_pair() -> tuple[int, int, str]:
    """A new terminal of the devpts at /dev/pts: (master, slave, the slave's path).

    The slave is opened from the master by ioctl, not by its name, and must be a pty:
    a container cannot have put something else in its place.
    """
    try:
        master = _open_master()
        fcntl.ioctl(master, 0x40045431, struct.pack("i", 0))  # TIOCSPTLCK: unlock
        number = struct.unpack("I", fcntl.ioctl(master, 0x80045430, b"\0" * 4))[0]
        slave = open_slave(master)
    except OSError as error:
        raise from_os_error(error) from error
    if os.major(os.fstat(slave).st_rdev) not in _DEVPTS_SUPER_MAGIC_MAJORS:
        raise SyscallError("open", 19, "/dev/pts/ptmx")
    return master, slave, f"/dev/pts/{number}"


@act(
    "openat(2)",
    lambda: "exec 3<>/dev/pts/ptmx",
    lambda: 'AT_FDCWD, "/dev/pts/ptmx", O_RDWR|O_NOCTTY|O_CLOEXEC',
    refusal=os_error,
)
def _open_master() -> int:
    return os.open("/dev/pts/ptmx", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)


def open_slave(master: int) -> int:
    """The other side of an open master, whatever its name is and wherever it is."""
    flags = os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC
    slave: int = fcntl.ioctl(master, 0x5441, flags)  # TIOCGPTPEER
    return slave


def make_controlling(slave: int) -> None:
    """Make `slave` the terminal of this session, and its input, output and errors."""
    try:
        _take(slave)
    except OSError as error:
        raise from_os_error(error) from error
    for standard in (0, 1, 2):
        os.dup2(slave, standard)


@act(
    "ioctl(2)",
    lambda slave: "setsid --ctty …",
    lambda slave: f"{slave}, TIOCSCTTY, 0",
    refusal=os_error,
)
def _take(slave: int) -> None:
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)


def set_size(descriptor: int, rows: int, columns: int) -> None:
    """Tell a terminal how large its window is; programs on it get SIGWINCH."""
    size = struct.pack("HHHH", rows & 0xFFFF, columns & 0xFFFF, 0, 0)
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, size)


def size(descriptor: int) -> tuple[int, int]:
    """Rows and columns of the terminal behind `descriptor`; 24, 80 if it has none."""
    try:
        raw = fcntl.ioctl(descriptor, termios.TIOCGWINSZ, b"\0" * 8)
    except OSError:
        return 24, 80
    rows, columns = struct.unpack("HHHH", raw)[:2]
    return rows or 24, columns or 80


@contextmanager
def raw(descriptor: int) -> Iterator[None]:
    """Pass every key through for a while, and put the terminal back afterwards."""
    saved = termios.tcgetattr(descriptor)
    mode = termios.tcgetattr(descriptor)
    mode[0] &= ~(
        termios.BRKINT | termios.ICRNL | termios.INPCK | termios.ISTRIP | termios.IXON
    )
    mode[1] &= ~termios.OPOST
    mode[2] |= termios.CS8
    mode[3] &= ~(termios.ECHO | termios.ICANON | termios.IEXTEN | termios.ISIG)
    termios.tcsetattr(descriptor, termios.TCSADRAIN, mode)
    try:
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, saved)
