"""Sizes: "64m" is 67108864 bytes. Units are powers of 1024, as Docker reads them.

Source: docker/go-units, RAMInBytes
Try it: `lab run --rm --mount type=tmpfs,target=/m,tmpfs-size=1m busybox df /m`
"""

import re

_SIZE = r"(\d{1,20}(?:\.\d{1,6})?) ?([kmgt]?)i?b?"
_LARGEST = (1 << 63) - 1  # what the kernel's counters hold


def read_size(text: str) -> int | None:
    """A number of bytes; None for what is none, or more than can be counted."""
    match = re.fullmatch(_SIZE, text, re.IGNORECASE | re.ASCII)
    if not match:
        return None
    number, power = match[1], 1024 ** " kmgt".index(match[2].lower() or " ")
    size = float(number) * power
    if size > _LARGEST:
        return None
    return int(size) if "." in number else int(number) * power
