"""What was asked of the machine for a container, in the shape of Docker's HostConfig.

Three kinds of fields: walls (capabilities, namespaces, what is masked), limits (memory,
CPU, processes), and what is kept (log, restart policy). What the engine does not have
is listed at the end, as Docker prints it where nobody has asked for it.

Source: Docker Engine API 1.41, HostConfig
Try it: `lab inspect -f '{{json .HostConfig}}' NAME`
"""

from typing import Any

from engine.containers import defaults
from engine.containers.looking import inspect_mounts, inspect_ports, inspect_walls
from engine.containers.options import logs, runtimes, ulimits
from engine.containers.options.asked import ContainerOptions
from engine.containers.record import Container
from engine.oci.resources import Resources
from engine.runtime.bundle import Bundle

_ABSENT: dict[str, Any] = {
    "ContainerIDFile": "",
    "VolumeDriver": "",
    "Cgroup": "",
    "Links": None,
    "ConsoleSize": [0, 0],
    "Isolation": "",
    "BlkioWeightDevice": [],
    "BlkioDeviceReadBps": [],
    "BlkioDeviceWriteBps": [],
    "BlkioDeviceReadIOps": [],
    "BlkioDeviceWriteIOps": [],
    "CpuRealtimePeriod": 0,
    "CpuRealtimeRuntime": 0,
    "DeviceRequests": None,
    "KernelMemory": 0,
    "KernelMemoryTCP": 0,
    "CpuCount": 0,  # this and the next three are for Windows
    "CpuPercent": 0,
    "IOMaximumIOps": 0,
    "IOMaximumBandwidth": 0,
}


def host_config(container: Container, bundle: Bundle) -> dict[str, Any]:
    """All of HostConfig; what only some containers have is left out by the others."""
    options = container.options
    found = {
        **_ABSENT,
        **inspect_mounts.asked(options),
        **inspect_walls.asked(options),
        **_walls(options, bundle),
        **_limits(options, bundle.spec.resources),
        "LogConfig": {
            "Type": logs.driver(options),
            "Config": dict(options.log_options),
        },
        "RestartPolicy": {
            "Name": options.restart.name,
            "MaximumRetryCount": options.restart.maximum,
        },
        "AutoRemove": options.auto_remove,
        "Runtime": options.runtime or runtimes.OURS,
        "PortBindings": inspect_ports.asked(options),
        "PublishAllPorts": options.publish_all,
        "Sysctls": dict(options.sysctls) or None,
        "Init": options.init or None,
        "IDMappings": inspect_walls.mappings(container),
    }
    for name in ("Mounts", "Tmpfs", "Sysctls", "Init", "IDMappings"):
        if found[name] is None:
            del found[name]
    return found


def _walls(options: ContainerOptions, bundle: Bundle) -> dict[str, Any]:
    return {
        "NetworkMode": options.network,
        "Privileged": options.privileged,
        "ReadonlyRootfs": options.read_only,
        "CapAdd": [_capability(name) for name in options.capabilities_add] or None,
        "CapDrop": [_capability(name) for name in options.capabilities_drop] or None,
        "GroupAdd": list(options.groups_add) or None,
        "SecurityOpt": list(options.security_options) or None,
        "MaskedPaths": list(bundle.spec.masked),
        "ReadonlyPaths": list(bundle.spec.read_only_paths),
    }


def _capability(name: str) -> str:
    """net_admin is CAP_NET_ADMIN; ALL stays as it is."""
    plain = name.upper().removeprefix("CAP_")
    return plain if plain == "ALL" else f"CAP_{plain}"


def _limits(options: ContainerOptions, limits: Resources) -> dict[str, Any]:
    return {
        "Memory": limits.memory or 0,
        "MemorySwap": limits.memory_swap or 0,
        "MemoryReservation": limits.memory_reservation or 0,
        "MemorySwappiness": limits.swappiness,
        "OomKillDisable": options.oom_kill_disable,
        "OomScoreAdj": options.oom_score_adj or 0,
        "NanoCpus": int((options.cpus or 0) * 1_000_000_000),
        "CpuShares": limits.cpu_shares or 0,
        "CpuPeriod": options.cpu_period or 0,
        "CpuQuota": options.cpu_quota or 0,
        "CpusetCpus": options.cpuset_cpus or "",
        "CpusetMems": options.cpuset_mems or "",
        "BlkioWeight": options.blkio_weight or 0,
        "PidsLimit": None if limits.pids is None else max(0, limits.pids),
        "Ulimits": list(map(_ulimit, options.ulimits)),
        "ShmSize": options.shm_size or defaults.SHM_SIZE,
        "CgroupParent": options.cgroup_parent or "",
    }


def _ulimit(text: str) -> dict[str, Any]:
    name, soft, hard = ulimits.parse(text)
    return {"Name": name, "Hard": hard, "Soft": soft}


def log_path(container: Container) -> str:
    """Where the log is; "" where `docker inspect` names none either."""
    kept = logs.driver(container.options) == logs.JSON_FILE
    return str(container.directory / "log.jsonl") if kept else ""
