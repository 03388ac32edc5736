"""An image as plain data, read from an archive that `save` wrote, to compare two.

    config     what a container is started with: only what is not empty
    history    each step: its words, and whether it has a layer
    layers     what each layer's tar holds, whiteouts too
    tree       the files that a container sees: the layers, one on the other

A file is a line of text: kind and mode, owner, content. Not its time: two builds are
never at the same moment. Files that are one, by hard links, name each other.

Nothing of the engine is used here: the archive is read by Python's tarfile.
"""

import functools
import hashlib
import io
import json
import posixpath
import stat
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

CONFIG = (
    *("Env", "Cmd", "Entrypoint", "WorkingDir", "User", "Volumes", "ExposedPorts"),
    *("Labels", "OnBuild", "Healthcheck", "Shell", "StopSignal"),
)
_HISTORY = ("created_by", "empty_layer", "author", "comment")
_KINDS = {
    tarfile.DIRTYPE: stat.S_IFDIR,
    tarfile.SYMTYPE: stat.S_IFLNK,
    tarfile.CHRTYPE: stat.S_IFCHR,
    tarfile.BLKTYPE: stat.S_IFBLK,
    tarfile.FIFOTYPE: stat.S_IFIFO,
}
_DELETED, _OPAQUE = ".wh.", ".wh..wh..opq"
_SHORT = 80  # bytes of a file that are shown as they are


class File(NamedTuple):
    """A file as text; and all its names, if it has several."""

    text: str
    names: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.text} = {' '.join(self.names)}" if self.names else self.text


Files = dict[str, File]


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """One image."""

    config: dict[str, Any]
    history: list[dict[str, Any]]
    layers: list[Files]

    @property
    def tree(self) -> Files:
        """What a container of the image sees."""
        tree: dict[str, tuple[int, File]] = {}
        for number, layer in enumerate(self.layers):
            _put(number, layer, tree)
        return {path: _still_named(path, tree) for path in tree}


def read(archive: Path) -> Built:
    """The only image of a docker-archive."""
    with tarfile.open(archive) as tar:

        def member(name: str) -> bytes:
            found = tar.extractfile(name)
            assert found, f"{name} is no file in {archive}"
            return found.read()

        (listed,) = json.loads(member("manifest.json"))
        config = json.loads(member(listed["Config"]))
        layers = [read_layer(member(name)) for name in listed["Layers"]]
    settings = {name: config["config"].get(name) for name in CONFIG}
    settings["author"] = config.get("author")
    return Built(
        config={name: value for name, value in settings.items() if value},
        history=[
            {name: row[name] for name in _HISTORY if row.get(name)}
            for row in config["history"]
        ],
        layers=layers,
    )


@functools.lru_cache(maxsize=16)  # the layers of busybox are there each time
def read_layer(data: bytes) -> Files:
    """What a layer's tar holds."""
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        found: Files = {}
        same: dict[str, list[str]] = {}
        for info in tar:
            path = "/" + posixpath.normpath(info.name)
            if info.type == tarfile.LNKTYPE:
                other = "/" + posixpath.normpath(info.linkname)
                found[path] = found[other]
                same.setdefault(other, [other]).append(path)
            else:
                found[path] = File(_described(tar, info))
    for names in same.values():
        for path in names:
            found[path] = found[path]._replace(names=tuple(sorted(names)))
    return found


def read_directory(directory: Path) -> Files:
    """A tree that somebody has unpacked, by way of GNU tar."""
    command = ["tar", "-C", directory, "--format=posix", "-c"]
    command += ["--xattrs", "--xattrs-include=security.*", "--sort=name", "."]
    data = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    found = dict(read_layer(data))
    del found["/."]
    return found


def _described(tar: tarfile.TarFile, info: tarfile.TarInfo) -> str:
    kind = _KINDS.get(info.type, stat.S_IFREG)
    words = [stat.filemode(kind | info.mode & 0o7777), f"{info.uid}:{info.gid}"]
    if info.isreg():
        file = tar.extractfile(info)
        assert file
        words.append(_content(file.read()))
    elif info.issym():
        words[0] = "l"  # a link's own mode means nothing
        words.append(f"-> {info.linkname}")
    elif info.isdev() and not info.isfifo():
        words.append(f"{info.devmajor},{info.devminor}")
    xattrs = sorted(
        f"{name}={value!r}"
        for name, value in info.pax_headers.items()
        if name.startswith("SCHILY.xattr.")
    )
    return " ".join([*words, *xattrs])


def _content(data: bytes) -> str:
    if len(data) <= _SHORT:
        return json.dumps(data.decode(errors="backslashreplace"), ensure_ascii=False)
    return f"{len(data)} bytes, sha256 {hashlib.sha256(data).hexdigest()[:12]}"


def _put(number: int, layer: Files, tree: dict[str, tuple[int, File]]) -> None:
    """Put one more layer on a tree."""
    for path in layer:
        directory, name = posixpath.split(path)
        if name == _OPAQUE:
            _remove_below(tree, directory)
        elif name.startswith(_DELETED):
            gone = posixpath.join(directory, name.removeprefix(_DELETED))
            _remove_below(tree, gone)
            tree.pop(gone, None)
    for path, file in layer.items():
        if posixpath.basename(path).startswith(_DELETED):
            continue
        if not file.text.startswith("d"):
            _remove_below(tree, path)
        tree[path] = number, file


def _remove_below(tree: dict[str, tuple[int, File]], directory: str) -> None:
    for path in [path for path in tree if path.startswith(f"{directory}/")]:
        del tree[path]


def _still_named(path: str, tree: dict[str, tuple[int, File]]) -> File:
    """A file with those of its names that no later layer has taken away."""
    number, file = tree[path]
    left = tuple(name for name in file.names if tree.get(name, (-1,))[0] == number)
    return file._replace(names=left if len(left) > 1 else ())


def listing(layers: list[Files]) -> str:
    """Layers as text, a line for each file: to compare with what is expected."""
    return "--\n".join(
        "".join(f"{file}  {path}\n" for path, file in sorted(layer.items()))
        for layer in layers
    )
