"""What is in a container: changes, export, files in and out, and an image made of it.

`docker cp` asks first what is at a path (HEAD), then copies a tar (GET, PUT). What is
there is told in a header, as JSON in base64:

    X-Docker-Container-Path-Stat: {"name": "passwd", "size": 340, "mode": 420, …}

Source: Docker Engine API 1.41, "ContainerArchive" and "ImageCommit"
Try it: `docker cp NAME:/etc/passwd -`; `docker diff NAME`
"""

import base64
import json
import stat
from typing import TYPE_CHECKING

from engine.api.answers import TAR, Answer, Written, as_json, nothing
from engine.api.call import Call
from engine.api.problems import Problem
from engine.api.routes import Route, Takes

if TYPE_CHECKING:
    from engine.engine import PathStatus

_KINDS = {"C": 0, "A": 1, "D": 2}
# The kind of a file, as Go's os.FileMode has it.
_GO_KINDS = {
    stat.S_IFDIR: 1 << 31,
    stat.S_IFLNK: 1 << 27,
    stat.S_IFBLK: 1 << 26,
    stat.S_IFCHR: 1 << 26 | 1 << 21,
    stat.S_IFIFO: 1 << 25,
    stat.S_IFSOCK: 1 << 24,
}
_GO_BITS = {stat.S_ISUID: 1 << 23, stat.S_ISGID: 1 << 22, stat.S_ISVTX: 1 << 20}


def changes(call: Call) -> Answer:
    """What it has changed in the files of its image; null for nothing."""
    found = [
        {"Path": change.path, "Kind": _KINDS[change.kind]}
        for change in call.engine.changes(call.name)
    ]
    return as_json(found or None)


def export(call: Call) -> Answer:
    """All of its files, as one tar."""
    kind = {"Content-Type": "application/octet-stream"}
    return Answer(
        200, kind, Written(lambda out: call.engine.export(call.name, out.fileno()))
    )


def look(call: Call) -> Answer:
    """What is at a path."""
    return Answer(200, _told(call))


def pack(call: Call) -> Answer:
    """What is at a path, as a tar."""
    told, path = _told(call), _path(call)
    return Answer(
        200,
        {**told, "Content-Type": TAR},
        Written(lambda out: call.engine.pack_files(call.name, path, out.fileno())),
    )


def unpack(call: Call) -> Answer:
    """Unpack a tar into the directory at a path.

    `copyUIDGID`: all of it shall belong to the container's user. Directories and files
    never take each other's place, whatever `noOverwriteDirNonDir` says.
    """
    assert call.input is not None, "its route takes a stream"
    path, as_user = _path(call), call.request.flag("copyUIDGID")
    call.engine.path_status(call.name, path)  # NotFound, if nothing is there
    call.engine.unpack_files(call.name, path, call.input, as_user=as_user)
    return nothing(200)


def _path(call: Call) -> str:
    """The path that is asked for. Problem (400) if none is."""
    path = call.request.text("path")
    if not path:
        raise Problem(400, "bad parameter: path cannot be empty")
    return path


def _told(call: Call) -> dict[str, str]:
    """The header that says what is at the path."""
    found = json.dumps(described(call.engine.path_status(call.name, _path(call))))
    encoded = base64.b64encode(found.encode(errors="surrogateescape"))
    return {"X-Docker-Container-Path-Stat": encoded.decode()}


def described(found: "PathStatus") -> dict[str, str | int]:
    """What is at a path, in Docker's shape."""
    return {
        "name": found.name,
        "size": found.size,
        "mode": go_mode(found.mode),
        "mtime": found.modified,
        "linkTarget": found.target,
    }


def go_mode(mode: int) -> int:
    """The mode of a file in the bits of Go's os.FileMode."""
    kind = _GO_KINDS.get(stat.S_IFMT(mode), 0)
    bits = sum(go for bit, go in _GO_BITS.items() if mode & bit)
    return kind | bits | mode & 0o777


def commit(call: Call) -> Answer:
    """Make an image of it; the body may say what the image's configuration shall be."""
    request = call.request
    repository, tag = request.text("repo"), request.text("tag")
    image = call.engine.commit(
        request.text("container"),
        (f"{repository}:{tag}" if tag else repository) or None,
        author=request.text("author"),
        message=request.text("comment"),
        changes=[
            line
            for text in request.texts("changes")
            for line in text.splitlines()
            if line.strip()
        ],
        pause=request.flag("pause", True),
        otherwise=call.data,
    )
    return as_json({"Id": image.id}, 201)


ROUTES = (
    Route("GET", "/containers/{name}/changes", changes),
    Route("GET", "/containers/{name}/export", export, slow=True),
    Route("HEAD", "/containers/{name}/archive", look),
    Route("GET", "/containers/{name}/archive", pack, slow=True),
    Route("PUT", "/containers/{name}/archive", unpack, Takes.STREAM, slow=True),
    Route("POST", "/commit", commit, Takes.JSON, slow=True),
)
