"""Inspect: a container as Docker's own tools describe it.

The names and the shape are those of the Docker Engine API, so that what is learned
here, and scripts that read it, work there. Every value is read from the records.

Source: Docker Engine API 1.41, ContainerInspect
Try it: `lab inspect NAME`
"""

from typing import Any

from engine.containers import defaults, inspect_mounts, ulimits
from engine.containers.record import Container
from engine.kernel import cgroups, counters
from engine.runtime import state
from engine.runtime.bundle import Bundle
from engine.runtime.health import UNWATCHED, Health


def inspect(container: Container) -> dict[str, Any]:
    """The container in the shape of `docker inspect`."""
    bundle = Bundle.read(container.directory / "bundle")
    return {
        "Id": container.id,
        "Created": container.created,
        "Path": container.command[0],
        "Args": list(container.command[1:]),
        "State": _state(container),
        "Image": container.image_id,
        "ResolvConfPath": str(container.directory / "resolv.conf"),
        "HostnamePath": str(container.directory / "hostname"),
        "HostsPath": str(container.directory / "hosts"),
        "LogPath": str(container.directory / "log.jsonl"),
        "Bundle": str(container.directory / "bundle"),
        "Cgroup": _cgroup(bundle.spec.cgroup),
        "Name": f"/{container.name}",
        "RestartCount": container.state.restarts,
        "Driver": "overlay",
        "Platform": "linux",
        "ExecIDs": None,
        "HostConfig": _host_config(container, bundle),
        "GraphDriver": {"Name": "overlay", "Data": _overlay(bundle)},
        "Mounts": inspect_mounts.mounts(container),
        "Config": _config(container, bundle),
        "NetworkSettings": {"Networks": {container.options.network: {}}, "Ports": {}},
    }


def _cgroup(group: str) -> dict[str, Any]:
    """Where the control group is, and what it has counted while it is there."""
    place = {"Path": f"/{group}", "Version": cgroups.version()}
    found = counters.read(group)
    if found is None:
        return place
    return place | {
        "MemoryUsage": found.memory,
        "MemoryPeak": found.memory_peak,
        "MemoryFailures": found.memory_failures,
        "OOMKills": found.memory_kills,
        "UnderOOM": found.under_oom,
        "ThrottledPeriods": found.throttled_periods,
    }


def _overlay(bundle: Bundle) -> dict[str, str]:
    if bundle.layers is None:
        return {}
    return {
        "LowerDir": ":".join(map(str, bundle.layers.lower)),
        "MergedDir": bundle.spec.root,
        "UpperDir": str(bundle.layers.upper),
        "WorkDir": str(bundle.layers.work),
    }


def _config(container: Container, bundle: Bundle) -> dict[str, Any]:
    options, process = container.options, bundle.spec.process
    health = container.options.health.to_json()
    return {
        "Hostname": bundle.spec.hostname,
        "User": options.user or "",
        "AttachStdin": options.interactive and not options.detached,
        "AttachStdout": options.shows("stdout"),
        "AttachStderr": options.shows("stderr"),
        "Tty": options.tty,
        "OpenStdin": options.interactive,
        "StdinOnce": options.stdin_once,
        "Env": list(process.environment),
        "Cmd": list(options.command) or None,
        "Image": container.image,
        "WorkingDir": process.directory,
        "Entrypoint": list(options.entrypoint or ()) or None,
        "Labels": dict(container.labels),
        **({"Healthcheck": health} if health else {}),
        "StopSignal": container.stop_signal,
    }


def _state(container: Container) -> dict[str, Any]:
    now = container.state
    return {
        "Status": now.status,
        "Running": container.active,
        "Paused": now.status == state.PAUSED,
        "Restarting": now.status == state.RESTARTING,
        "OOMKilled": now.oom_killed,
        "Dead": now.status == state.DEAD,
        "Pid": now.pid,
        "ExitCode": now.exit_code,
        "Error": now.error,
        "StartedAt": now.started_at,
        "FinishedAt": now.finished_at,
        **({"Health": _health(now.health)} if now.health != UNWATCHED else {}),
    }


def _health(health: Health) -> dict[str, Any]:
    return {
        "Status": health.status,
        "FailingStreak": health.failing,
        "Log": [
            {
                "Start": answer.start,
                "End": answer.end,
                "ExitCode": answer.exit_code,
                "Output": answer.output,
            }
            for answer in health.answers
        ],
    }


def _host_config(container: Container, bundle: Bundle) -> dict[str, Any]:
    options, limits = container.options, bundle.spec.resources
    return {
        **inspect_mounts.asked(options),
        "NetworkMode": options.network,
        "RestartPolicy": {
            "Name": options.restart.name,
            "MaximumRetryCount": options.restart.maximum,
        },
        "AutoRemove": options.auto_remove,
        "Privileged": options.privileged,
        "ReadonlyRootfs": options.read_only,
        "CapAdd": list(options.capabilities_add) or None,
        "CapDrop": list(options.capabilities_drop) or None,
        "SecurityOpt": list(options.security_options) or None,
        "Memory": limits.memory or 0,
        "MemorySwap": limits.memory_swap or 0,
        "CpuShares": limits.cpu_shares or 0,
        "NanoCpus": int((options.cpus or 0) * 1_000_000_000),
        "MemoryReservation": limits.memory_reservation or 0,
        "MemorySwappiness": limits.swappiness,
        "OomKillDisable": options.oom_kill_disable,
        "OomScoreAdj": options.oom_score_adj or 0,
        "CpuPeriod": options.cpu_period or 0,
        "CpuQuota": options.cpu_quota or 0,
        "CpusetCpus": options.cpuset_cpus or "",
        "CpusetMems": options.cpuset_mems or "",
        "BlkioWeight": options.blkio_weight or 0,
        "PidsLimit": None if limits.pids is None else max(0, limits.pids),
        "Ulimits": list(map(_ulimit, options.ulimits)),
        "ShmSize": options.shm_size or defaults.SHM_SIZE,
        "Sysctls": dict(options.sysctls) or None,
        "GroupAdd": list(options.groups_add) or None,
        "Init": options.init or None,
        "CgroupParent": options.cgroup_parent or "",
        "MaskedPaths": list(bundle.spec.masked),
        "ReadonlyPaths": list(bundle.spec.read_only_paths),
    }


def _ulimit(text: str) -> dict[str, Any]:
    name, soft, hard = ulimits.parse(text)
    return {"Name": name, "Hard": hard, "Soft": soft}
