"""Streams: what create, run and exec do alike with what whoever has called hands down.

    0, 1, 2            are the program's own: conmon's pipes, or our terminal
    3, 4 …             with --preserve-fds N, so many of them too
    --pid-file FILE    is told the number of the process

man: fstat(2); runc-create(8) on --preserve-fds and --pid-file
Try it: `labshell-runc run --preserve-fds 1 box 3< /etc/hostname`
"""

import os
from pathlib import Path

from engine import files
from engine.errors import InvalidArgument
from engine.runtime.starter import Streams

HANDED_DOWN = Streams(input=0, output=1, errors=2)


def preserved(count: int) -> range:
    """The descriptors that the program gets besides its streams."""
    return range(3, 3 + count)


def check_preserved(count: int) -> None:
    """Raise InvalidArgument unless so many descriptors are open."""
    for descriptor in preserved(count):
        try:
            os.fstat(descriptor)
        except OSError as error:
            raise InvalidArgument(
                f"please check that preserved-fd {descriptor} is present",
                f"--preserve-fds {count} passes on descriptors 3 to {2 + count}.",
            ) from error


def write_pid(path: Path | None, pid: int) -> None:
    """Tell the number of a process in a file, if that was asked for."""
    if path is not None:
        files.atomic_write(path, str(pid).encode(), mode=0o644)
