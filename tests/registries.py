"""Registries for tests: one that does as it is told, and one that is hard to reach.

    with Scripted() as registry:                 blobs and manifests in dicts
        registry.rules.append(function)          … which may answer instead, or cut off
    with Cutting(port) as proxy:                 leads to another, and hangs up

A rule is given the request's handler; it returns True if it has answered. Real
registries are in tests/conformance/registries.py.
"""

import hashlib
import io
import json
import socket
import socketserver
import tarfile
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any, Self

OCI = "application/vnd.oci.image"


def digest_of(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def tar_of(files: dict[str, bytes]) -> bytes:
    """A layer, not compressed."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return out.getvalue()


class Handler(BaseHTTPRequestHandler):
    """One connection to a `Scripted` registry."""

    protocol_version = "HTTP/1.1"
    server: "Scripted"

    def do_GET(self) -> None:
        self.server.asked.append((self.command, self.path, dict(self.headers)))
        if any(rule(self) for rule in self.server.rules):
            return
        self.server.answer(self)

    do_HEAD = do_POST = do_PUT = do_PATCH = do_GET

    def send(self, status: int, body: bytes = b"", **headers: str) -> None:
        """Answer; `_` in the names of headers means "-"."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def cut(self, announced: int, body: bytes, status: int = 200) -> None:
        """Promise so many bytes, send these, and hang up."""
        self.send_response(status)
        self.send_header("Content-Length", str(announced))
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


Rule = Callable[[Handler], bool]


class _OnLoopback(socketserver.ThreadingTCPServer):
    """A server at a port that the kernel chooses, as long as a `with` lasts."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, handler: type[socketserver.BaseRequestHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.host = f"127.0.0.1:{self.server_address[1]}"
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join()


class Scripted(_OnLoopback):
    """A registry that holds what it is given, and does what its rules say."""

    def __init__(self) -> None:
        super().__init__(Handler)
        self.blobs: dict[str, bytes] = {}
        self.manifests: dict[str, tuple[str, bytes]] = {}  # by tag and by digest
        self.rules: list[Rule] = []
        self.asked: list[tuple[str, str, dict[str, str]]] = []

    def handle_error(self, *_: Any) -> None:
        """That a client hangs up is what some tests are about."""

    def answer(self, handler: Handler) -> None:
        """What a registry would answer."""
        kind, _, name = handler.path.rpartition("/")
        if handler.path == "/v2/":
            handler.send(200, b"{}")
        elif kind.endswith("/manifests") and name in self.manifests:
            media_type, raw = self.manifests[name]
            handler.send(200, raw, Content_Type=media_type)
        elif kind.endswith("/blobs") and name in self.blobs:
            self._answer_blob(handler, self.blobs[name])
        else:
            error = {"errors": [{"code": "NAME_UNKNOWN", "message": "not known here"}]}
            handler.send(404, json.dumps(error).encode())

    def _answer_blob(self, handler: Handler, blob: bytes) -> None:
        start = start_of(handler)
        if start:
            place = f"bytes {start}-{len(blob) - 1}/{len(blob)}"
            handler.send(206, blob[start:], Content_Range=place)
        else:
            handler.send(200, blob)

    def add_blob(self, data: bytes) -> str:
        self.blobs[digest_of(data)] = data
        return digest_of(data)

    def add_manifest(self, tag: str, manifest: Any, kind: str = "manifest") -> str:
        raw = manifest if isinstance(manifest, bytes) else json.dumps(manifest).encode()
        entry = (f"{OCI}.{kind}.v1+json", raw)
        self.manifests[tag] = self.manifests[digest_of(raw)] = entry
        return digest_of(raw)

    def add_image(self, tag: str, *layers: bytes, **config: Any) -> dict[str, Any]:
        """An image of layers that are not compressed; its manifest, as data."""
        whole = {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Cmd": ["true"]},
            "rootfs": {"type": "layers", "diff_ids": [digest_of(x) for x in layers]},
            **config,
        }
        raw = json.dumps(whole).encode()
        manifest = {
            "schemaVersion": 2,
            "mediaType": f"{OCI}.manifest.v1+json",
            "config": self._descriptor(f"{OCI}.config.v1+json", raw),
            "layers": [self._descriptor(f"{OCI}.layer.v1.tar", x) for x in layers],
        }
        self.add_manifest(tag, manifest)
        return manifest

    def _descriptor(self, kind: str, data: bytes) -> dict[str, Any]:
        return {"mediaType": kind, "digest": self.add_blob(data), "size": len(data)}

    def asked_for(self, part: str, method: str = "GET") -> list[dict[str, str]]:
        """The headers of every request whose path holds `part`."""
        return [h for m, path, h in list(self.asked) if part in path and m == method]


def start_of(handler: Handler) -> int:
    """The byte from which a request wants a blob."""
    wanted = handler.headers.get("Range", "")
    return int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0


class Cutting(_OnLoopback):
    """A proxy to `port`, whose connections end after so many bytes that were sent.

    `cuts` are those numbers, one for each connection; when they are used up, the
    connections live on. `meanwhile` is done before each cut: to kill somebody, say.
    """

    def __init__(
        self,
        port: int,
        cuts: Iterator[int],
        meanwhile: Callable[[], object] = lambda: None,
    ) -> None:
        super().__init__(_Cut)
        self.port, self.cuts, self.meanwhile = port, cuts, meanwhile

    def handle_error(self, *_: Any) -> None:
        """That one of both hangs up is what it is for."""


class _Cut(socketserver.BaseRequestHandler):
    server: Cutting

    def handle(self) -> None:
        left = next(self.server.cuts, 1 << 40)
        with socket.create_connection(("127.0.0.1", self.server.port)) as there:
            back = threading.Thread(target=_pass_on, args=(there, self.request))
            back.start()
            while left > 0 and (data := self.request.recv(min(left, 65536))):
                there.sendall(data)
                left -= len(data)
            if left <= 0:
                self.server.meanwhile()
            there.shutdown(socket.SHUT_RDWR)
            self.request.shutdown(socket.SHUT_RDWR)
            back.join()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        return  # somebody has hung up
