"""Walls: namespaces, capabilities, devices, and what opens them.

Source: Docker Engine API 1.41, HostConfig
Try it: `docker create --pid host --cap-add NET_ADMIN --device /dev/fuse busybox`
"""

from typing import Any

from engine.errors import InvalidArgument
from engine.fields import Fields

_PLAIN = ("", "default", "process")  # of Isolation, which is of Docker on Windows


def asked(host: Fields) -> dict[str, Any]:
    """The options about what keeps the container apart."""
    if host.objects("DeviceRequests"):
        raise InvalidArgument(
            "could not select device driver: graphics cards need their maker's runtime"
        )
    if host.text("Isolation") not in _PLAIN:
        raise InvalidArgument(f"invalid isolation: {host.text('Isolation')}")
    return {
        "privileged": host.truth("Privileged"),
        "capabilities_add": host.texts("CapAdd"),
        "capabilities_drop": host.texts("CapDrop"),
        "security_options": _security(host),
        "groups_add": host.texts("GroupAdd"),
        "pid": host.text("PidMode"),
        "ipc": host.text("IpcMode"),
        "uts": host.text("UTSMode"),
        "cgroup_namespace": host.text("CgroupnsMode"),
        "user_namespace": host.text("UsernsMode"),
        "devices": tuple(map(_device, host.objects("Devices"))),
        "device_rules": host.texts("DeviceCgroupRules"),
        "sysctls": host.text_map("Sysctls"),
    }


def _security(host: Fields) -> tuple[str, ...]:
    """What follows --security-opt. `docker` sends one of them in words of its own."""
    asked = host.texts("SecurityOpt")
    if host.data.get("MaskedPaths") == host.data.get("ReadonlyPaths") == []:
        return (*asked, "systempaths=unconfined")
    return asked


def _device(device: Fields) -> str:
    """What follows --device."""
    source = device.text("PathOnHost")
    target = device.text("PathInContainer") or source
    return f"{source}:{target}:{device.text('CgroupPermissions') or 'rwm'}"
