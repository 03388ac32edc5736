"""Options: what was asked of a new container, before anything is decided.

They are kept in config.json as they were given, so that `inspect` can tell what the
student asked for apart from what came of it. None and the empty tuple mean "not said":
then the image decides, or the default.

Try it: `lab inspect NAME`
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.errors import InvalidArgument

LONGEST_HOSTNAME = 64
NETWORKS = ("none", "host")
SMALLEST_MEMORY = 6 << 20  # bytes: with less, not even the engine's init could run
_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerOptions:
    """What was asked of a new container.

    `environment` holds "NAME=value"; `volumes` and `tmpfs` hold what follows -v and
    --tmpfs; `memory` and `memory_swap` are bytes (-1: swap without limit).
    """

    image: str
    command: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] | None = None
    name: str | None = None
    hostname: str | None = None
    user: str | None = None
    working_directory: str | None = None
    environment: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    interactive: bool = False
    tty: bool = False
    auto_remove: bool = False
    read_only: bool = False
    volumes: tuple[str, ...] = ()
    tmpfs: tuple[str, ...] = ()
    network: str = "none"
    capabilities_add: tuple[str, ...] = ()
    capabilities_drop: tuple[str, ...] = ()
    privileged: bool = False
    security_options: tuple[str, ...] = ()
    memory: int | None = None
    memory_swap: int | None = None
    cpus: float | None = None
    cpu_shares: int | None = None
    pids_limit: int | None = None
    stop_signal: str | None = None
    stop_timeout: int | None = None

    def to_json(self) -> dict[str, Any]:
        """As in config.json: what was not said is left out."""
        values = {name: getattr(self, name) for name in self.__slots__}
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in values.items()
            if value is not False and value not in (None, (), {})
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "ContainerOptions":
        """The options that config.json holds."""
        values: dict[str, Any] = {
            name: tuple(data[name]) if isinstance(data[name], list) else data[name]
            for name in ContainerOptions.__slots__
            if name in data
        }
        return ContainerOptions(**values)

    def check(self) -> None:
        """Raise InvalidArgument, in Docker's words, for what makes no sense."""
        if self.name is not None:
            check_name(self.name)
        if self.network not in NETWORKS:
            raise InvalidArgument(
                f"network {self.network} not found",
                f"There are, for now: {', '.join(NETWORKS)}.",
            )
        if self.working_directory and not self.working_directory.startswith("/"):
            raise InvalidArgument(
                f"the working directory '{self.working_directory}' is invalid, "
                "it needs to be an absolute path",
                "It is a path inside the container: begin it with /.",
            )
        if self.hostname and len(os.fsencode(self.hostname)) > LONGEST_HOSTNAME:
            raise InvalidArgument(
                f"invalid hostname: {self.hostname[:80]!r} is too long",
                f"The kernel takes {LONGEST_HOSTNAME} bytes at most.",
            )
        self._check_limits()

    def _check_limits(self) -> None:
        if self.memory is not None and self.memory < SMALLEST_MEMORY:
            raise InvalidArgument(
                "Minimum memory limit allowed is 6MB",
                "Give more: -m 64m is enough for most programs of busybox.",
            )
        swap = self.memory_swap
        if swap is not None and swap != -1:
            if self.memory is None:
                raise InvalidArgument(
                    "You should always set the Memory limit when using Memoryswap "
                    "limit",
                    "Give -m too: --memory-swap is memory and swap together.",
                )
            if swap < self.memory:
                raise InvalidArgument(
                    "Minimum memoryswap limit should be larger than memory limit",
                    "--memory-swap is memory and swap together.",
                )
        processors = os.cpu_count() or 1
        if self.cpus is not None and not 0.01 <= self.cpus <= processors:
            raise InvalidArgument(
                f"Range of CPUs is from 0.01 to {processors}.00, as there are only "
                f"{processors} CPUs available",
                "--cpus 0.5 is half of one processor's time.",
            )
        if self.cpu_shares is not None and not 2 <= self.cpu_shares <= 262144:
            raise InvalidArgument(
                "the range of --cpu-shares is from 2 to 262144", "1024 is one share."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecOptions:
    """What was asked of one more process in a running container."""

    command: tuple[str, ...]
    interactive: bool = False
    tty: bool = False
    detach: bool = False
    user: str | None = None
    working_directory: str | None = None
    environment: tuple[str, ...] = ()
    privileged: bool = False


def check_name(name: str) -> None:
    """Raise InvalidArgument unless `name` may be the name of a container."""
    if not _NAME.match(name):
        raise InvalidArgument(
            f"Invalid container name ({name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are "
            "allowed",
            "Letters, digits, then also _ . and -, two characters at least.",
        )
