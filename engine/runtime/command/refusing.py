"""Refusing: what a config.json may ask for, and this runtime does not do.

A container that silently lacks a limit or a wall that was asked for is worse than none,
and the specification says so too: "If the runtime cannot apply it, it MUST generate an
error". So what is not supported is named here, and refused if it is asked for. An empty
value asks for nothing.

Source: runtime-spec config.md and config-linux.md
Try it: add `"hooks": {"startContainer": [{"path": "/bin/true"}]}` to a config.json
"""

from collections.abc import Mapping
from typing import Any

from engine.errors import InvalidArgument

# Places in config.json -> what to do about it.
_NOT_DONE = {
    "hooks.createContainer": "prestart, createRuntime, poststart and poststop are run.",
    "hooks.startContainer": "prestart, createRuntime, poststart and poststop are run.",
    "windows": "It is for Windows.",
    "vm": "It is for virtual machines.",
    "solaris": "It is for Solaris.",
    "process.apparmorProfile": "podman: --security-opt apparmor=unconfined.",
    "process.selinuxLabel": "podman: --security-opt label=disable.",
    "process.scheduler": "The ordinary claim to the processor is all there is.",
    "process.ioPriority": "The ordinary claim to the disk is all there is.",
    "process.execCPUAffinity": "linux.resources.cpu.cpus limits processors.",
    "linux.uidMappings": "There are no user namespaces here: run it as another user.",
    "linux.gidMappings": "There are no user namespaces here: run it as another user.",
    "linux.mountLabel": "podman: --security-opt label=disable.",
    "linux.intelRdt": "It is not supported here.",
    "linux.personality": "It is not supported here.",
    "linux.memoryPolicy": "linux.resources.cpu.mems limits nodes of memory.",
    "linux.timeOffsets": "There are no time namespaces here.",
    "linux.seccomp.flags": "A filter is loaded without any.",
    "linux.seccomp.listenerPath": "System calls are decided by the filter alone.",
    "linux.resources.hugepageLimits": "It is not supported here.",
    "linux.resources.network": "It is not supported here.",
    "linux.resources.rdma": "It is not supported here.",
    "linux.resources.memory.kernel": "Kernels no longer limit it by itself.",
    "linux.resources.memory.kernelTCP": "Kernels no longer limit it by itself.",
    "linux.resources.cpu.realtimeRuntime": "It is not supported here.",
    "linux.resources.cpu.realtimePeriod": "It is not supported here.",
    "linux.resources.cpu.burst": "It is not supported here.",
    "linux.resources.cpu.idle": "It is not supported here.",
}
# Objects of which nothing else is known than this; the rest is refused by its name.
_KNOWN = {
    "linux.resources.blockIO": {"weight"},
    "linux.resources.unified": {"memory.high"},
}
_OF_MOUNTS = {"uidMappings", "gidMappings"}
_PRIVATE = ("", "private", "rprivate")


def refuse(config: Mapping[str, Any]) -> None:
    """Raise InvalidArgument if `config` asks for something that is not done here."""
    for place, hint in _NOT_DONE.items():
        value = _at(config, place)
        if any(value.values()) if isinstance(value, dict) else value:
            _refuse(place, hint)
    for place, known in _KNOWN.items():
        asked = _at(config, place) or {}
        for name in asked.keys() - known:
            if asked[name]:
                _refuse(f"{place}.{name}", "It is not supported here.")
    if _at(config, "linux.netDevices"):  # by their names: each may be an empty object
        _refuse("linux.netDevices", "A prestart hook can move devices in.")
    for number, mount in enumerate(_at(config, "mounts") or ()):
        for name in _OF_MOUNTS & mount.keys():
            if mount[name]:
                _refuse(f"mounts[{number}].{name}", "Files keep their owners here.")
    if (_at(config, "linux.rootfsPropagation") or "") not in _PRIVATE:
        _refuse("linux.rootfsPropagation", "Mounts do not travel: it is private.")


def _at(config: Mapping[str, Any], place: str) -> Any:
    value: Any = config
    for name in place.split("."):
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def _refuse(place: str, hint: str) -> None:
    raise InvalidArgument(f"config.json: {place} is not supported", hint)
