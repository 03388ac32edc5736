"""Options: what was asked of a new container, before anything is decided.

They are kept in config.json as they were given, so that `inspect` can tell what the
student asked for apart from what came of it. None and the empty tuple mean "not said":
then the image decides, or the default.

Try it: `lab inspect NAME`
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from engine.oci.health import UNASKED, Healthcheck
from engine.runtime.restart import NEVER_AGAIN, NO, RestartPolicy


class ContainerOptions(NamedTuple):
    """What was asked of a new container.

    `environment` holds "NAME=value"; `volumes`, `mounts`, `tmpfs` and `volumes_from`
    hold what follows -v, --mount, --tmpfs and --volumes-from; `health` says what of the
    image's check was asked otherwise; `ports` and `exposed` hold what follows -p and
    --expose; memory is in bytes (-1 of swap: without limit),
    `cpu_quota` and `cpu_period` in microseconds; `ulimits` holds "nofile=1024:2048";
    `attached` are the streams of -a, none meaning all, and `detached` means -d.
    """

    image: str
    command: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] | None = None
    name: str | None = None
    hostname: str | None = None
    domainname: str | None = None
    extra_hosts: tuple[str, ...] = ()
    dns: tuple[str, ...] = ()
    dns_search: tuple[str, ...] = ()
    dns_options: tuple[str, ...] = ()
    user: str | None = None
    working_directory: str | None = None
    environment: tuple[str, ...] = ()
    labels: Mapping[str, str] = {}
    interactive: bool = False
    attached: tuple[str, ...] = ()
    detached: bool = False
    tty: bool = False
    auto_remove: bool = False
    read_only: bool = False
    volumes: tuple[str, ...] = ()
    mounts: tuple[str, ...] = ()
    tmpfs: tuple[str, ...] = ()
    volumes_from: tuple[str, ...] = ()
    network: str = "bridge"
    more_networks: tuple[str, ...] = ()
    network_aliases: tuple[str, ...] = ()
    ip: str | None = None
    mac_address: str | None = None
    ports: tuple[str, ...] = ()
    publish_all: bool = False
    exposed: tuple[str, ...] = ()
    pid: str = ""
    ipc: str = ""
    uts: str = ""
    cgroup_namespace: str = ""
    user_namespace: str = ""
    devices: tuple[str, ...] = ()
    device_rules: tuple[str, ...] = ()
    capabilities_add: tuple[str, ...] = ()
    capabilities_drop: tuple[str, ...] = ()
    privileged: bool = False
    security_options: tuple[str, ...] = ()
    memory: int | None = None
    memory_swap: int | None = None
    memory_reservation: int | None = None
    memory_high: int | None = None
    memory_swappiness: int | None = None
    oom_kill_disable: bool = False
    oom_score_adj: int | None = None
    cpus: float | None = None
    cpu_shares: int | None = None
    cpu_quota: int | None = None
    cpu_period: int | None = None
    cpuset_cpus: str | None = None
    cpuset_mems: str | None = None
    blkio_weight: int | None = None
    pids_limit: int | None = None
    cgroup_parent: str | None = None
    ulimits: tuple[str, ...] = ()
    shm_size: int | None = None
    sysctls: Mapping[str, str] = {}
    groups_add: tuple[str, ...] = ()
    init: bool = False
    stop_signal: str | None = None
    stop_timeout: int | None = None
    restart: RestartPolicy = NEVER_AGAIN
    health: Healthcheck = UNASKED
    log_driver: str | None = None
    log_options: Mapping[str, str] = {}
    runtime: str | None = None

    @property
    def stdin_once(self) -> bool:
        """Whether the end of an attached input is the end of the program's input."""
        return self.interactive and not self.detached

    def shows(self, stream: str) -> bool:
        """Whether "stdout" or "stderr" is attached when it is run."""
        return not self.detached and (not self.attached or stream in self.attached)

    def to_json(self) -> dict[str, Any]:
        """As in config.json: what was not said is left out."""
        values = self._asdict()
        values["health"] = self.health.to_json()
        values["restart"] = self.restart.to_json() if self.restart.name != NO else None
        said = {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in values.items()
            if value is not False and value not in (None, "", (), {})
        }
        if self.entrypoint is not None:  # () is none; None is that of the image
            said["entrypoint"] = list(self.entrypoint)
        return said

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "ContainerOptions":
        """The options that config.json holds."""
        values: dict[str, Any] = {
            name: tuple(data[name]) if isinstance(data[name], list) else data[name]
            for name in ContainerOptions._fields
            if name in data
        }
        values["health"] = Healthcheck.from_json(data.get("health", {}))
        if "restart" in data:
            values["restart"] = RestartPolicy.from_json(data["restart"])
        return ContainerOptions(**values)


class UpdateOptions(NamedTuple):
    """What shall be different of a container that is there; None leaves it alone.

    The fields are those of ContainerOptions.
    """

    memory: int | None = None
    memory_swap: int | None = None
    memory_reservation: int | None = None
    memory_high: int | None = None
    cpus: float | None = None
    cpu_shares: int | None = None
    cpu_quota: int | None = None
    cpu_period: int | None = None
    cpuset_cpus: str | None = None
    cpuset_mems: str | None = None
    blkio_weight: int | None = None
    pids_limit: int | None = None
    restart: RestartPolicy | None = None

    def given(self) -> dict[str, Any]:
        """What is asked for, by its field's name."""
        values = self._asdict()
        return {name: value for name, value in values.items() if value is not None}


class ExecOptions(NamedTuple):
    """What was asked of one more process in a running container."""

    command: tuple[str, ...]
    interactive: bool = False
    tty: bool = False
    detach: bool = False
    user: str | None = None
    working_directory: str | None = None
    environment: tuple[str, ...] = ()
    privileged: bool = False
    detach_keys: str | None = None
