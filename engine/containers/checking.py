"""Checking: what makes no sense is refused before anything is made.

The words are Docker's where Docker has some, and a hint says what would make sense.

Try it: `lab create -m 1k busybox`, `lab create --name 'a b' busybox`
"""

import os
import re

from engine.containers.options import ContainerOptions
from engine.errors import InvalidArgument
from engine.oci.health import MILLISECOND
from engine.runtime.restart import NO

LONGEST_HOSTNAME = 64
NETWORKS = ("none", "host")
SMALLEST_MEMORY = 6 << 20  # bytes: with less, not even the engine's init could run
_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+\Z")


def check(options: ContainerOptions) -> None:
    """Raise InvalidArgument, in Docker's words, for what makes no sense."""
    if options.name is not None:
        check_name(options.name)
    if options.network not in NETWORKS:
        raise InvalidArgument(
            f"network {options.network} not found",
            f"There are, for now: {', '.join(NETWORKS)}.",
        )
    if options.working_directory and not options.working_directory.startswith("/"):
        raise InvalidArgument(
            f"the working directory '{options.working_directory}' is invalid, "
            "it needs to be an absolute path",
            "It is a path inside the container: begin it with /.",
        )
    if options.hostname and len(os.fsencode(options.hostname)) > LONGEST_HOSTNAME:
        raise InvalidArgument(
            f"invalid hostname: {options.hostname[:80]!r} is too long",
            f"The kernel takes {LONGEST_HOSTNAME} bytes at most.",
        )
    _check_life(options)
    _check_limits(options)


def _check_life(options: ContainerOptions) -> None:
    if options.auto_remove and options.restart.name != NO:
        raise InvalidArgument(
            "Conflicting options: --restart and --rm",
            "What is removed when it ends cannot be run again: leave one out.",
        )
    check = options.health
    for name in ("Interval", "Timeout", "StartPeriod"):
        time = check.to_json().get(name, 0)
        if time < 0 or 0 < time < MILLISECOND:
            raise InvalidArgument(
                f"{name} in Healthcheck cannot be less than 1ms",
                "Seconds are usual: --health-interval 5s.",
            )
    if check.retries < 0:
        raise InvalidArgument(
            "--health-retries cannot be negative", "3 is usual, and the default."
        )


def _check_limits(options: ContainerOptions) -> None:
    if options.memory is not None and options.memory < SMALLEST_MEMORY:
        raise InvalidArgument(
            "Minimum memory limit allowed is 6MB",
            "Give more: -m 64m is enough for most programs of busybox.",
        )
    swap = options.memory_swap
    if swap is not None and swap != -1:
        if options.memory is None:
            raise InvalidArgument(
                "You should always set the Memory limit when using Memoryswap limit",
                "Give -m too: --memory-swap is memory and swap together.",
            )
        if swap < options.memory:
            raise InvalidArgument(
                "Minimum memoryswap limit should be larger than memory limit",
                "--memory-swap is memory and swap together.",
            )
    processors = os.cpu_count() or 1
    if options.cpus is not None and not 0.01 <= options.cpus <= processors:
        raise InvalidArgument(
            f"Range of CPUs is from 0.01 to {processors}.00, as there are only "
            f"{processors} CPUs available",
            "--cpus 0.5 is half of one processor's time.",
        )
    if options.cpu_shares is not None and not 2 <= options.cpu_shares <= 262144:
        raise InvalidArgument(
            "the range of --cpu-shares is from 2 to 262144", "1024 is one share."
        )


def check_name(name: str) -> None:
    """Raise InvalidArgument unless `name` may be the name of a container."""
    if not _NAME.match(name):
        raise InvalidArgument(
            f"Invalid container name ({name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are "
            "allowed",
            "Letters, digits, then also _ . and -, two characters at least.",
        )
