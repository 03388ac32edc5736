"""An image as `docker image inspect` prints it: the same fields, in the same order.

What has no meaning here (the container that a build step ran in, the Docker version)
is there and empty, since programs that read this ask for it.

Source: the Docker Engine API 1.41, ImageInspect
Try it: `lab inspect busybox`
"""

from typing import Any

from engine.images.stored import StoredImage
from engine.oci.image import ImageDefaults
from engine.storage.snapshots import Snapshots
from engine.times import NEVER


def inspect(image: StoredImage, snapshots: Snapshots) -> dict[str, Any]:
    """The image in Docker's shape."""
    config = image.config
    return {
        "Id": image.id,
        "RepoTags": list(image.references),
        "RepoDigests": list(image.repo_digests),
        "Parent": image.parent or "",
        "Comment": config.history[-1].comment if config.history else "",
        "Created": config.created,
        "Container": "",
        "ContainerConfig": defaults_as_docker(ImageDefaults()),
        "DockerVersion": "",
        "Author": config.author,
        "Config": defaults_as_docker(config.defaults),
        "Architecture": config.architecture,
        "Os": config.os,
        "Size": image.size,
        "VirtualSize": image.size,
        "GraphDriver": {"Name": "overlay2", "Data": _directories(image, snapshots)},
        "RootFS": {"Type": "layers", "Layers": list(config.diff_ids)},
        "Metadata": {"LastTagTime": image.tagged or NEVER},
    }


def defaults_as_docker(defaults: ImageDefaults) -> dict[str, Any]:
    """The defaults for containers, with the fields that Docker always prints."""
    return {
        "Hostname": "",
        "Domainname": "",
        "User": defaults.user,
        "AttachStdin": False,
        "AttachStdout": False,
        "AttachStderr": False,
        **_optional("ExposedPorts", {port: {} for port in defaults.exposed_ports}),
        "Tty": False,
        "OpenStdin": False,
        "StdinOnce": False,
        "Env": list(defaults.env) or None,
        "Cmd": list(defaults.cmd) or None,
        **_optional("Healthcheck", dict(defaults.healthcheck or {})),
        "Image": "",
        "Volumes": {path: {} for path in defaults.volumes} or None,
        "WorkingDir": defaults.working_dir,
        "Entrypoint": list(defaults.entrypoint) or None,
        "OnBuild": list(defaults.on_build) or None,
        "Labels": dict(defaults.labels) or None,
        **_optional("StopSignal", defaults.stop_signal),
        **_optional("Shell", list(defaults.shell)),
    }


def _optional(key: str, value: Any) -> dict[str, Any]:
    return {key: value} if value else {}


def _directories(image: StoredImage, snapshots: Snapshots) -> dict[str, str]:
    """Where the layers are: the topmost as "upper", the others below it."""
    paths = [str(snapshots.path(chain_id)) for chain_id in reversed(image.chain_ids)]
    if not paths:
        return {}
    lower = {"LowerDir": ":".join(paths[1:])} if len(paths) > 1 else {}
    return {**lower, "UpperDir": paths[0]}
