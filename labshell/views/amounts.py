"""Sizes and times in words, as Docker says them.

    1984172 bytes                 1.98MB (powers of 1000, three digits)
    "2023-11-14T22:13:20Z"        2023-11-14 23:13:20 +0100 CET

Times are RFC 3339 text with nanoseconds, as Docker writes them into JSON. How long ago
that is, engine/moments.py says.

Try it: `lab images`, `lab ps -a`
"""

import time

from engine.moments import seconds_since_epoch

UNITS = ("B", "kB", "MB", "GB", "TB", "PB")
MEMORY_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")


def size(count: float, digits: int = 3) -> str:
    """A number of bytes with so many digits and a unit: "1.98MB"."""
    unit = 0
    while count >= 1000 - 10 ** (3 - digits) / 2 and unit < len(UNITS) - 1:
        count /= 1000
        unit += 1
    return f"{count:.{digits}g}{UNITS[unit]}"


def memory_size(count: float) -> str:
    """A number of bytes in powers of 1024, four digits: "1.892MiB"."""
    unit = 0
    while count >= 1024 and unit < len(MEMORY_UNITS) - 1:
        count /= 1024
        unit += 1
    return f"{count:.4g}{MEMORY_UNITS[unit]}"


def local_time(moment: str) -> str:
    """A moment in this machine's zone: "2023-11-14 23:13:20 +0100 CET"."""
    local = time.localtime(seconds_since_epoch(moment))
    return time.strftime("%Y-%m-%d %H:%M:%S %z %Z", local)
