"""What is mounted in a container, as Docker describes it.

    Mounts              what is there: type, source, destination, may it be written to
    HostConfig.Mounts   what was asked for with --mount, option by option

Source: Docker Engine API 1.41, MountPoint and Mount
Try it: `lab inspect -f '{{json .Mounts}}' NAME`
"""

from typing import Any

from engine.containers import binds
from engine.containers.binds import BoundPath
from engine.containers.options.asked import ContainerOptions
from engine.containers.options.mount_option import mount_option
from engine.containers.options.mount_request import TMPFS, MountRequest, tmpfs_option
from engine.containers.record import Container


def mounts(container: Container) -> list[dict[str, Any]]:
    """What is mounted; not what --tmpfs asked for, which Docker leaves out too."""
    by_option = {tmpfs_option(text).destination for text in container.options.tmpfs}
    memory = [
        _in_memory(request)
        for request in binds.requests(container.options)
        if request.type == TMPFS and request.destination not in by_option
    ]
    return [*map(_bound, container.bound), *memory]


def _bound(path: BoundPath) -> dict[str, Any]:
    return {
        "Type": "volume" if path.volume else "bind",
        **({"Name": path.volume, "Driver": "local"} if path.volume else {}),
        "Source": str(path.source),
        "Destination": path.destination,
        "Mode": path.mode,
        "RW": not path.read_only,
        "Propagation": "" if path.volume else "rprivate",
    }


def _in_memory(request: MountRequest) -> dict[str, Any]:
    return {
        "Type": "tmpfs",
        "Source": "",
        "Destination": request.destination,
        "Mode": "",
        "RW": not request.read_only,
        "Propagation": "",
    }


def asked(options: ContainerOptions) -> dict[str, Any]:
    """What was asked for, as in HostConfig."""
    return {
        "Binds": [text for text in options.volumes if ":" in text] or None,
        "Mounts": [_described(text) for text in options.mounts] or None,
        "VolumesFrom": list(options.volumes_from) or None,
        "Tmpfs": dict(text.partition(":")[::2] for text in options.tmpfs) or None,
    }


def _described(text: str) -> dict[str, Any]:
    """What follows --mount, in the shape of HostConfig.Mounts."""
    request = mount_option(text)
    asked: dict[str, Any] = {"Type": request.type, "Target": request.destination}
    if request.source:
        asked["Source"] = request.source
    if request.read_only:
        asked["ReadOnly"] = True
    options = _OPTIONS[request.type](request)
    if options:
        asked[f"{request.type.capitalize()}Options"] = options
    return asked


def _bind_options(request: MountRequest) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if request.propagation:
        options["Propagation"] = request.propagation
    if not request.recursive:
        options["NonRecursive"] = True
    return options


def _volume_options(request: MountRequest) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if not request.fill:
        options["NoCopy"] = True
    if request.labels:
        options["Labels"] = dict(request.labels)
    if request.driver_options:
        options["DriverConfig"] = {"Options": dict(request.driver_options)}
    return options


def _tmpfs_options(request: MountRequest) -> dict[str, Any]:
    words = dict(word.partition("=")[::2] for word in request.words)
    options: dict[str, Any] = {}
    if "size" in words:
        options["SizeBytes"] = int(words["size"])
    if "mode" in words:
        options["Mode"] = int(words["mode"], 8)
    return options


_OPTIONS = {
    "bind": _bind_options,
    "volume": _volume_options,
    "tmpfs": _tmpfs_options,
}
