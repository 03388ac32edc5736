"""Owners that are numbered in another way where they go.

    on the disk    7              user 7, as in any image
    in the tree    first + 7      what `ls -ln containers/ID/rootfs` shows, and who
                                  copies from outside finds, with --userns auto
    inside         7

A file's capabilities name a root too, for whose user namespace they hold: none, which
is version 2 of the attribute, is user 0.

man: user_namespaces(7), capabilities(7) on versions of that attribute
Try it: `lab run -d --name box --userns auto busybox sleep 60`, then
`lab cp box:/etc - | tar tv`
"""

import os
import struct
from typing import NamedTuple

_NOBODY = 65534
_CAPABILITY = "security.capability"
_VERSIONS, _VERSION_2, _VERSION_3 = 0xFF000000, 0x02000000, 0x03000000
_SIZE_2 = 20  # bytes; version 3 has the root's ID behind them


class Shift(NamedTuple):
    """The IDs from `first` on, `size` of them, become those from `to` on.

    Any other becomes nobody's.
    """

    first: int
    to: int
    size: int = 1 << 16

    def of(self, status: os.stat_result) -> tuple[int, int]:
        """What user and group of a file become."""
        if self.first == self.to:
            return status.st_uid, status.st_gid
        return self.number(status.st_uid), self.number(status.st_gid)

    def number(self, number: int) -> int:
        """What an ID becomes."""
        if self.first == self.to:
            return number
        within = self.first <= number < self.first + self.size
        return self.to + (number - self.first if within else _NOBODY)

    def attribute(self, name: str, value: bytes) -> bytes:
        """What the value of an extended attribute becomes."""
        if self.first == self.to or name != _CAPABILITY or len(value) < _SIZE_2:
            return value
        (magic,) = struct.unpack_from("<I", value)
        version, flags = magic & _VERSIONS, magic & ~_VERSIONS
        root = (
            struct.unpack_from("<I", value, _SIZE_2)[0] if len(value) > _SIZE_2 else 0
        )
        if version not in (_VERSION_2, _VERSION_3):
            return value
        new, sets = self.number(root), value[4:_SIZE_2]
        if new == 0:
            return struct.pack("<I", _VERSION_2 | flags) + sets
        return struct.pack("<I", _VERSION_3 | flags) + sets + struct.pack("<I", new)


AS_IS = Shift(0, 0)
