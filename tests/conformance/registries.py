"""The registries that the tests start: ours, and Debian's docker-registry.

Both listen on loopback, at a port that is free, and are ended with the `with`. `Http`
asks one by plain requests, as the specification words them.
"""

import contextlib
import http.client
import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.oci import digest as digests
from tests.shell.lines import Lab

PATIENCE = 20  # seconds
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
# What `htpasswd -nbB ada "love lace"` printed.
HASHED = "$2y$05$hZcjJdK/KXH8S6ypNZ7LUu/QpcOUt.sPQQnLRywyqwOF1Q3eJNVOa"
_DOCKERS = """\
version: 0.1
storage:
  filesystem: {{rootdirectory: {folder}}}
  delete: {{enabled: true}}
http: {{addr: 127.0.0.1:{port}, {http}}}
log: {{level: error}}
{more}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A registry that runs: where, in which process, with which files."""

    port: int
    pid: int
    root: Path

    @property
    def address(self) -> str:
        """As it stands before a repository in the name of an image."""
        return f"127.0.0.1:{self.port}"


@contextmanager
def ours(root: Path, *options: str) -> Iterator[Server]:
    """Our registry, with its files in `root`."""
    words = ["registry", "serve", "--port", "0", "--quiet", *options]
    words += ["--root", str(root)]
    process = subprocess.Popen(
        Lab(root.parent / "engine").command(*words), stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        first = process.stdout.readline().decode()
        assert " serves " in first, "the registry did not start"
        port = int(first.split()[0].rpartition(":")[2])
        yield Server(port=port, pid=process.pid, root=root)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@contextmanager
def dockers(folder: Path, more: str = "", http: str = "") -> Iterator[Server]:
    """docker-registry, with its files in `folder`.

    `more` is for its configuration, `http` for the part of it that is called so.
    """
    port = free_port()
    folder.mkdir()
    config = folder / "registry.yml"
    files = folder / "files"
    config.write_text(_DOCKERS.format(folder=files, port=port, more=more, http=http))
    process = subprocess.Popen(
        ["docker-registry", "serve", config],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(port)
        yield Server(port=port, pid=process.pid, root=folder / "files")
    finally:
        process.kill()
        process.wait()


def free_port() -> int:
    """A port at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for(port: int) -> None:
    """Wait until somebody listens there."""
    end = time.monotonic() + PATIENCE
    while True:
        with contextlib.suppress(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port)).close()
            return
        assert time.monotonic() < end, "the registry does not answer"
        time.sleep(0.05)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a registry answered. Names of headers are in small letters."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The specification's word for what is wrong."""
        assert self.headers["content-type"] == "application/json"
        return str(self.json["errors"][0]["code"])


class Http:
    """Asks a registry, one request a connection."""

    def __init__(self, server: Server) -> None:
        self.server = server

    def __call__(
        self, method: str, path: str, body: Any = None, **headers: str
    ) -> Answer:
        """Ask; `content_type="x"` is the header `content-type`."""
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.server.port, timeout=60
        )
        with contextlib.closing(connection):
            connection.request(method, path, body, named)
            answer = connection.getresponse()
            got = {name.lower(): text for name, text in answer.getheaders()}
            return Answer(status=answer.status, headers=got, body=answer.read())

    def push_blob(self, repository: str, data: bytes) -> str:
        """Push a blob in one request; its digest."""
        digest = digests.sha256(data)
        answer = self("POST", f"/v2/{repository}/blobs/uploads/?digest={digest}", data)
        assert answer.status == 201, answer
        return digest

    def begin(self, repository: str) -> str:
        """Begin an upload; where it goes on."""
        answer = self("POST", f"/v2/{repository}/blobs/uploads/")
        assert answer.status == 202, answer
        return answer.headers["location"]

    def push_image(self, repository: str, tag: str, *layers: bytes) -> str:
        """Push an image of these layers; the digest of its manifest."""
        config = json.dumps({"os": "linux", "rootfs": {"type": "layers"}}).encode()
        for blob in (config, *layers):
            self.push_blob(repository, blob)
        manifest = image(config, *layers)
        answer = self.put_manifest(repository, tag, manifest)
        assert answer.status == 201, answer
        return digests.sha256(manifest)

    def put_manifest(
        self, repository: str, reference: str, data: bytes, kind: str = MANIFEST
    ) -> Answer:
        """Push a manifest alone."""
        path = f"/v2/{repository}/manifests/{reference}"
        return self("PUT", path, data, content_type=kind)


def image(config: bytes, /, *layers: bytes, **more: Any) -> bytes:
    """A manifest that names these blobs."""
    return json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": descriptor(config, CONFIG),
            "layers": [descriptor(layer, LAYER) for layer in layers],
            **more,
        }
    ).encode()


def descriptor(data: bytes, kind: str) -> dict[str, Any]:
    """Points at a blob."""
    return {"mediaType": kind, "digest": digests.sha256(data), "size": len(data)}


def files_of(root: Path) -> dict[str, int]:
    """Every file of a registry but the locks, with its size."""
    return {
        str(path.relative_to(root)): path.stat().st_size
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.name != "lock"
    }


def memory_of(pid: int) -> int:
    """The most memory that a process ever had, in bytes."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise LookupError(os.fspath(f"/proc/{pid}"))
