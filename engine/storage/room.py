"""Room: how much of the disk one archive may take.

A kilobyte of compressed zeros can become a megabyte, a megabyte a gigabyte. No size
that an archive claims is worth believing, and no fixed number is right for everybody.
What must not happen is that other programs of the machine find the disk full. So what
comes out of an archive may take what is free, but for a reserve:

    |■■■■■■■■■■■ used ■■■■■■■■■■■|········ room ········|reserve|
                                                          1 GB, or a tenth of
                                                          what is free

man: statvfs(3)
Try it: `df -h /var/lib/labshell`
"""

import os
from pathlib import Path

from engine.errors import ImageError

_RESERVE = 1 << 30  # bytes


class Allowance:
    """How many bytes may come out of what is read, where nothing is written."""

    def __init__(self, size: int) -> None:
        self.size = self._left = size

    def take(self, size: int) -> None:
        """Note that `size` bytes more came; ImageError if that is too much."""
        self._left -= size
        if self._left < 0:
            raise self._refusal()

    def _refusal(self) -> ImageError:
        return ImageError(
            f"more than {self.size >> 20} MB came out of it",
            "It is too large to be looked at: make it smaller.",
        )


class Room(Allowance):
    """What one archive may still bring into the file system of `directory`."""

    def __init__(self, directory: Path) -> None:
        status = os.statvfs(directory)
        free = status.f_bavail * status.f_frsize
        super().__init__(free - min(_RESERVE, free // 10))

    def _refusal(self) -> ImageError:
        return ImageError(
            "No space left on device: the archive holds more than "
            f"{self.size >> 20} MB",
            "The disk is full: `lab system df`, `lab system prune`.",
        )
