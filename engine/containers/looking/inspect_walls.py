"""What was asked of namespaces, names and devices, in the shape of HostConfig.

Source: Docker Engine API 1.41, HostConfig
Try it: `lab inspect -f '{{json .HostConfig.Devices}}' NAME`
"""

from typing import Any

from engine.containers.options import devices, names
from engine.containers.options.asked import ContainerOptions
from engine.containers.record import Container


def asked(options: ContainerOptions) -> dict[str, Any]:
    """The fields of HostConfig that say which walls were left out or opened."""
    hosts = map(names.extra_host, options.extra_hosts)
    return {
        "PidMode": options.pid,
        "IpcMode": options.ipc or "private",
        "UTSMode": options.uts,
        "CgroupnsMode": options.cgroup_namespace or "private",
        "UsernsMode": options.user_namespace,
        "ExtraHosts": [f"{name}:{address}" for name, address in hosts] or None,
        "Dns": list(options.dns),
        "DnsSearch": list(options.dns_search),
        "DnsOptions": list(options.dns_options),
        "Devices": [_device(text) for text in options.devices],
        "DeviceCgroupRules": list(options.device_rules) or None,
    }


def mappings(container: Container) -> dict[str, list[str]] | None:
    """Inside, outside, how many: as podman shows it; None where they are the same."""
    if (found := container.identities) is None:
        return None
    line = f"0:{found.first}:{found.size}"
    return {"UidMap": [line], "GidMap": [line]}


def _device(text: str) -> dict[str, str]:
    source, target, access = devices.parse(text)
    return {
        "PathOnHost": source,
        "PathInContainer": target,
        "CgroupPermissions": access,
    }
