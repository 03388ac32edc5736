"""Binds: the directories of the machine, and the volumes, that a container sees.

    what was asked  ──plan──▶     BoundPath: from where, to where
                    ──provide──▶  the volume, or the directory, if it is not there
                    ──fill──▶     the image's files, if the volume is empty

A volume too is a directory of the machine: volumes/NAME/_data. Both are bind mounts
over a path of the container. So what is written there goes past the layers: it is in
no diff and in no commit.

Planning touches nothing. The plan goes into the record of the new container before a
volume is made: so whoever finds a half-made container knows what else to remove, and
whoever removes volumes knows which are wanted.

A volume that is still empty when it is first used is filled with what the image has at
that path; a directory of the machine never is.

man: mount(8) "Bind mounts"
Try it: `lab run -v data:/data busybox sh -c 'date > /data/now'; lab volume ls`
"""

import os
import posixpath
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from engine import files
from engine.containers.options import mount_request
from engine.containers.options.asked import ContainerOptions
from engine.containers.options.mount_request import TMPFS, VOLUME, MountRequest
from engine.errors import InvalidArgument, NotFound, SyscallError
from engine.kernel import paths
from engine.storage import volumes
from engine.storage.volumes import Volumes


class BoundPath(NamedTuple):
    """A directory or file of the machine that a container sees.

    `volume` is the name of the volume that `source` belongs to, "" for a directory of
    the machine; `anonymous` if nobody chose that name; `recursive` if mounts below the
    source are seen too; `mode` is what stood behind the second colon of -v.
    """

    source: Path
    destination: str
    read_only: bool = False
    volume: str = ""
    anonymous: bool = False
    recursive: bool = True
    mode: str = ""

    def to_json(self) -> dict[str, Any]:
        """As in config.json."""
        return {
            "source": str(self.source),
            "destination": self.destination,
            "read_only": self.read_only,
            "volume": self.volume,
            "anonymous": self.anonymous,
            "recursive": self.recursive,
            "mode": self.mode,
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "BoundPath":
        """The bound path that config.json holds."""
        return BoundPath(**{**data, "source": Path(data["source"])})


class Planned(NamedTuple):
    """A bound path, and the request it came from: None if another container's."""

    path: BoundPath
    request: MountRequest | None


def requests(options: ContainerOptions) -> tuple[MountRequest, ...]:
    """All mounts that were asked for. InvalidArgument for what makes no sense."""
    tmpfs = map(mount_request.tmpfs_option, options.tmpfs)
    return mount_request.without_duplicates(
        [
            *map(mount_request.volume_option, dict.fromkeys(options.volumes)),
            *map(_mount_option, options.mounts),
            *{request.destination: request for request in tmpfs}.values(),
        ]
    )


def _mount_option(text: str) -> MountRequest:
    from engine.containers.options.mount_option import mount_option  # rarely asked for

    return mount_option(text)


def plan(
    options: ContainerOptions,
    image_volumes: Iterable[str],
    store: Volumes,
    bound_by: Callable[[str], Iterable[BoundPath]],
) -> tuple[Planned, ...]:
    """What will be bound, by destination: what was asked goes before the rest.

    `bound_by` tells what another container has bound, for --volumes-from.
    """
    asked = requests(options)
    found: dict[str, Planned] = {}
    for text in options.volumes_from:
        name, read_only = mount_request.shared_option(text)
        for path in bound_by(name):
            path = path._replace(read_only=path.read_only or read_only)
            found[path.destination] = Planned(path=path, request=None)
    for request in asked:
        found.pop(request.destination, None)
        if request.type != TMPFS:
            found[request.destination] = _planned(request, store)
    taken = {request.destination for request in asked} | found.keys()
    for named in image_volumes:  # an image's "data" is /data, as in Docker
        destination = mount_request.place(posixpath.join("/", named))
        if destination not in taken:
            request = MountRequest(type=VOLUME, destination=destination)
            found[destination] = _planned(request, store)
    return tuple(found.values())


def _planned(request: MountRequest, store: Volumes) -> Planned:
    path = BoundPath(
        source=Path(request.source),
        destination=request.destination,
        read_only=request.read_only,
        recursive=request.recursive,
        mode=request.mode,
    )
    if request.type == VOLUME:
        name = request.source or volumes.new_name()
        path = path._replace(
            source=_content(name, request, store),
            volume=name,
            anonymous=not request.source,
        )
    elif not request.make_source and not os.path.lexists(request.source):
        raise _no_source(request.source)
    return Planned(path=path, request=request)


def _content(name: str, request: MountRequest, store: Volumes) -> Path:
    """Where the volume's content is, or will be."""
    volumes.check_name(name)
    try:
        return store.find(name).content
    except NotFound:
        volumes.check_options(name, request.driver_options)
        device = request.driver_options.get("device")
        return Path(device) if device else store.directory / name / "_data"


def _no_source(path: str) -> InvalidArgument:
    return InvalidArgument(
        'invalid mount config for type "bind": bind source path does not exist: '
        f"{path}",
        "Make it first, or use -v, which makes an empty directory there.",
    )


def provide(planned: Iterable[Planned], store: Volumes) -> None:
    """Make the volumes that are not there yet, and the directories that -v asks for."""
    for one in planned:
        if one.request is None:
            if one.path.volume:
                with store.changing():  # from now on our record keeps it
                    store.find(one.path.volume)
        elif one.path.volume:
            store.create(
                one.path.volume,
                one.request.labels,
                one.request.driver_options,
                anonymous=one.path.anonymous,
            )
        elif one.request.make_source:
            _make_directory(one.path.source)


def _make_directory(path: Path) -> None:
    """A path of the machine; Docker makes a directory where there is nothing."""
    try:
        path.mkdir(mode=0o755, parents=True, exist_ok=True)
    except FileExistsError:
        return  # a file can be bound too
    except OSError as error:
        raise SyscallError("mkdir", error.errno or 0, str(path)) from error


def fill(root: int, planned: Planned, store: Volumes) -> None:
    """Copy what the image has at the destination into a volume that is empty.

    `root` is the image's tree. Who comes second, while it is being filled, waits.
    """
    path, request = planned.path, planned.request
    if not path.volume or request is None or not request.fill:
        return
    from engine.storage.trees import TreeCopy  # few containers fill a volume

    with files.locked(store.directory / path.volume / "fill.lock"):
        if os.listdir(path.source):
            return
        try:
            content = paths.open_directory(root, path.destination)
        except SyscallError:
            return  # the image has no such directory
        with (
            files.closing(content),
            files.closing(files.open_directory(path.source)) as target,
        ):
            try:
                TreeCopy(target, owners=True).whole(content)
            except BaseException:
                files.empty_tree(path.source)  # not half of it either
                raise
