"""Files: what is mounted in the container.

    "Binds": ["data:/d:ro"]              as after -v
    "Mounts": [{"Type": "volume", …}]    as after --mount, but taken apart
    "Tmpfs": {"/run": "size=64m"}        as after --tmpfs
    "Volumes": {"/cache": {}}            a volume without a name

The engine takes, and keeps, what follows those options; so a mount that is taken apart
is put together again, as one record of CSV. docker-py names in `Volumes` the places of
its binds, too: they are no volumes.

Source: Docker Engine API 1.41, HostConfig and Mount; RFC 4180 for CSV
Try it: `docker create --mount type=tmpfs,target=/m,tmpfs-size=1m busybox`
"""

import csv
import io
import posixpath
from collections.abc import Iterator
from typing import Any

from engine.errors import InvalidArgument
from engine.fields import Fields


def asked(config: Fields, host: Fields) -> dict[str, Any]:
    """The options about what is mounted."""
    mounts = host.objects("Mounts")
    binds, tmpfs = host.texts("Binds"), host.text_map("Tmpfs")
    taken = {_clean(text.split(":")[1]) for text in binds if ":" in text}
    taken |= {_clean(mount.text("Target")) for mount in mounts} | {*map(_clean, tmpfs)}
    nameless = [path for path in config.keys("Volumes") if _clean(path) not in taken]
    if strange := [path for path in nameless if ":" in path]:
        raise InvalidArgument(f"invalid mount path: '{strange[0]}'")
    if host.object("StorageOpt").data:
        raise InvalidArgument("a layer has no limit of its own here: no StorageOpt")
    return {
        "volumes": (*binds, *nameless),
        "mounts": tuple(map(_mount_option, mounts)),
        "tmpfs": tuple(
            f"{path}:{words}" if words else path for path, words in tmpfs.items()
        ),
        "volumes_from": host.texts("VolumesFrom"),
        "read_only": host.truth("ReadonlyRootfs"),
        "shm_size": host.number("ShmSize") or None,
    }


def _clean(path: str) -> str:
    return posixpath.normpath(path) if path else ""


def _mount_option(mount: Fields) -> str:
    """A mount as it follows --mount."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(_pairs(mount))
    return line.getvalue()


def _pairs(mount: Fields) -> Iterator[str]:
    kind = mount.text("Type") or "volume"
    yield f"type={kind}"
    yield f"target={mount.text('Target')}"
    if source := mount.text("Source"):
        yield f"source={source}"
    if mount.truth("ReadOnly"):
        yield "readonly"
    yield from _options_of_bind(mount.object("BindOptions"))
    yield from _options_of_volume(mount.object("VolumeOptions"))
    yield from _options_of_tmpfs(mount.object("TmpfsOptions"))


def _options_of_bind(options: Fields) -> Iterator[str]:
    if propagation := options.text("Propagation"):
        yield f"bind-propagation={propagation}"
    if options.truth("NonRecursive"):
        yield "bind-nonrecursive"


def _options_of_volume(options: Fields) -> Iterator[str]:
    if options.truth("NoCopy"):
        yield "volume-nocopy"
    for name, value in options.text_map("Labels").items():
        yield f"volume-label={name}={value}"
    driver = options.object("DriverConfig")
    if name := driver.text("Name"):
        yield f"volume-driver={name}"
    for name, value in driver.text_map("Options").items():
        yield f"volume-opt={name}={value}"


def _options_of_tmpfs(options: Fields) -> Iterator[str]:
    if size := options.number("SizeBytes"):
        yield f"tmpfs-size={size}"
    if mode := options.number("Mode"):
        yield f"tmpfs-mode={mode:o}"
