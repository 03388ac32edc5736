"""What a process costs, as the kernel tells it: proc(5)."""

import os
from pathlib import Path
from typing import NamedTuple


class Cost(NamedTuple):
    """Open files, threads, and the most memory that it ever had, in kB."""

    descriptors: int
    threads: int
    peak: int


def cost(pid: int) -> Cost:
    """That of a process, now."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    told = {name: value.split()[0] for name, _, value in map(_parts, lines) if value}
    descriptors = len(os.listdir(f"/proc/{pid}/fd"))
    return Cost(descriptors, int(told["Threads"]), int(told["VmHWM"]))


def _parts(line: str) -> tuple[str, str, str]:
    name, colon, value = line.partition(":")
    return name, colon, value.strip()
