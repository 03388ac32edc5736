"""Inspect: a container as Docker's own tools describe it.

    State             what it is now                     from state.json
    Config            the program: what the image said, and what was asked otherwise
    HostConfig        its walls and limits               inspect_host.py
    Mounts            what it sees of the machine        inspect_mounts.py
    NetworkSettings   its networks and addresses: inspect_networks.py
    GraphDriver       the directories of its overlay

The names and the shape are those of the Docker Engine API, so that what is learned
here, and scripts that read it, work there. Every value is read from the records; what
Docker has and the engine has not is there and empty, since programs ask for it. Bundle,
Cgroup and State.Stepped are ours.

Source: Docker Engine API 1.41, ContainerInspect
Try it: `lab inspect NAME`
"""

from collections.abc import Sequence
from typing import Any

from engine.containers.commit import own_defaults
from engine.containers.looking import (
    inspect_host,
    inspect_mounts,
    inspect_networks,
)
from engine.containers.record import Container
from engine.images.inspecting import defaults_as_docker
from engine.kernel import cgroups, counters
from engine.oci.image import ImageDefaults
from engine.runtime import state
from engine.runtime.bundle import Bundle
from engine.runtime.health import UNWATCHED, Health


def inspect(
    container: Container, image: ImageDefaults, execs: Sequence[str] = ()
) -> dict[str, Any]:
    """The container, made of an `image` that said this, in Docker's shape.

    `execs` are the IDs of what has been executed in it, and runs.
    """
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
        "LogPath": inspect_host.log_path(container),
        "Bundle": str(container.directory / "bundle"),
        "Cgroup": _cgroup(bundle.spec.cgroup),
        "Name": f"/{container.name}",
        "RestartCount": container.state.restarts,
        "Driver": "overlay2",
        "Platform": "linux",
        "MountLabel": "",
        "ProcessLabel": "",
        "AppArmorProfile": "",
        "ExecIDs": list(execs) or None,
        "HostConfig": inspect_host.host_config(container, bundle),
        "GraphDriver": {"Data": _overlay(bundle), "Name": "overlay2"},
        "Mounts": inspect_mounts.mounts(container),
        "Config": _config(container, bundle, image),
        "NetworkSettings": inspect_networks.settings(container),
    }


def _cgroup(group: str) -> dict[str, Any]:
    """Where the control group is, and what it has counted while it is there."""
    place = {"Path": f"/{cgroups.path_of(group)}", "Version": cgroups.version()}
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


def _config(
    container: Container, bundle: Bundle, image: ImageDefaults
) -> dict[str, Any]:
    """The same fields as an image has, with what was asked otherwise."""
    options = container.options
    config = defaults_as_docker(own_defaults(container, image))
    config |= {
        "Hostname": bundle.spec.hostname,
        "Domainname": bundle.spec.domainname,
        "AttachStdin": options.stdin_once,
        "AttachStdout": options.shows("stdout"),
        "AttachStderr": options.shows("stderr"),
        "Tty": options.tty,
        "OpenStdin": options.interactive,
        "StdinOnce": options.stdin_once,
        "Image": container.image,
        "Labels": dict(container.labels),
    }
    if options.entrypoint == ():  # said as [], which dockerd shows as it was said
        config["Entrypoint"] = []
    if health := options.health.to_json():
        config["Healthcheck"] = {**config.get("Healthcheck", {}), **health}
    if options.stop_timeout is not None:
        config["StopTimeout"] = options.stop_timeout
    return config


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
        **({"Stepped": True} if now.stepped else {}),
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
