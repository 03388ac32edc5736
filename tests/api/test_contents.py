"""What is in a container, over HTTP: files in and out, changes, export, commit."""

import base64
import io
import json
import stat
import tarfile
from typing import Any
from urllib.parse import urlencode

import pytest

from engine.api.calls.contents import go_mode
from engine.engine import Engine
from tests.api.serving import Client, Reply
from tests.api.test_containers import begin, create

pytestmark = pytest.mark.require("root", "overlay")


def tar_of(*files: tuple[str, bytes]) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for name, content in files:
            entry = tarfile.TarInfo(name)
            entry.size, entry.uid, entry.gid = len(content), 5, 6
            archive.addfile(entry, io.BytesIO(content))
    return made.getvalue()


def entries(content: bytes) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        return {entry.name: entry for entry in archive}


def archive(
    labd: Client, method: str, path: str, data: Any = None, **more: Any
) -> Reply:
    query = urlencode({"path": path, **more})
    return labd.ask(method, f"/containers/box/archive?{query}", data)


def told(reply: Reply) -> dict[str, Any]:
    """What the header says of a path."""
    header = reply.headers["x-docker-container-path-stat"]
    return dict(json.loads(base64.b64decode(header)))


def test_files_go_in_and_come_out(labd: Client, busybox: str) -> None:
    create(labd, "box")
    data = tar_of(("a", b"hello"), ("sub/b", b""))
    assert archive(labd, "PUT", "/tmp", data).status == 200
    reply = archive(labd, "GET", "/tmp/a")
    assert reply.headers["content-type"] == "application/x-tar"
    (entry,) = entries(reply.body).values()
    assert (entry.name, entry.size, entry.uid, entry.gid) == ("a", 5, 5, 6)
    assert {"tmp/a", "tmp/sub/b"} <= entries(archive(labd, "GET", "/tmp").body).keys()


def test_what_is_put_may_become_the_users(labd: Client, busybox: str) -> None:
    create(labd, "box", User="1:2")
    for flag, owner in ((0, (5, 6)), (1, (1, 2))):
        reply = archive(labd, "PUT", "/tmp", tar_of(("a", b"")), copyUIDGID=flag)
        assert reply.status == 200
        entry = entries(archive(labd, "GET", "/tmp/a").body)["a"]
        assert (entry.uid, entry.gid) == owner


def test_a_path_is_looked_at_before_it_is_copied(labd: Client, busybox: str) -> None:
    begin(labd, "box", Cmd=["sh", "-c", "ln -s ../d/./e /tmp/l; mkdir /d; sleep 600"])
    found = told(archive(labd, "HEAD", "/etc/passwd"))
    assert (found["name"], found["linkTarget"]) == ("passwd", "")
    assert found["mode"] & 0o777 == found["mode"]
    assert found["size"] > 0 and found["mtime"].endswith("Z")
    assert told(archive(labd, "GET", "/etc/"))["mode"] >> 31
    link = told(archive(labd, "HEAD", "/tmp/l"))
    assert (link["linkTarget"], link["mode"] >> 27) == ("/d/e", 1)


@pytest.mark.parametrize(
    ("mode", "go"),
    [
        (stat.S_IFREG | 0o644, 0o644),
        (stat.S_IFDIR | 0o1777, 1 << 31 | 1 << 20 | 0o777),
        (stat.S_IFREG | 0o6755, 1 << 23 | 1 << 22 | 0o755),
        (stat.S_IFCHR | 0o666, 1 << 26 | 1 << 21 | 0o666),
        (stat.S_IFIFO | 0o600, 1 << 25 | 0o600),
    ],
)
def test_a_mode_has_the_bits_of_go(mode: int, go: int) -> None:
    assert go_mode(mode) == go


def test_what_is_not_there_is_told_in_dockers_words(labd: Client, busybox: str) -> None:
    create(labd, "box")
    assert archive(labd, "HEAD", "/nosuch").status == 404
    for method in ("GET", "PUT"):
        reply = archive(labd, method, "/nosuch", tar_of() if method == "PUT" else None)
        words = "Could not find the file /nosuch in container box"
        assert (reply.status, reply.message) == (404, words)
    reply = archive(labd, "PUT", "/etc/passwd", tar_of())
    assert (reply.status, "must be a directory" in reply.message) == (400, True)
    assert archive(labd, "PUT", "/tmp", b"no tar at all" * 99).status == 400
    assert labd.get("/containers/box/archive").status == 400
    assert labd.get("/containers/nosuch/archive?path=/").status == 404


def test_no_name_in_a_tar_leads_out_of_the_container(
    labd: Client, busybox: str
) -> None:
    create(labd, "box")
    reply = archive(labd, "PUT", "/tmp", tar_of(("../../../../evil", b"x")))
    assert reply.status == 400


def test_changes_are_numbers(labd: Client, busybox: str) -> None:
    create(labd, "box")
    assert labd.get("/containers/box/changes").json is None
    archive(labd, "PUT", "/tmp", tar_of(("a", b"")))
    assert labd.get("/containers/box/changes").json == [
        {"Path": "/tmp", "Kind": 0},
        {"Path": "/tmp/a", "Kind": 1},
    ]


def test_an_export_is_all_files(labd: Client, busybox: str) -> None:
    create(labd, "box")
    reply = labd.get("/containers/box/export")
    assert reply.headers["transfer-encoding"] == "chunked"
    assert {"bin/busybox", ".dockerenv"} <= entries(reply.body).keys()
    assert labd.get("/containers/nosuch/export").status == 404


def test_a_commit_takes_what_the_body_says_and_then_the_changes(
    labd: Client, engine: Engine, busybox: str
) -> None:
    create(labd, "box", Env=["A=1", "B=2"], Labels={"a": "b"}, Cmd=["old"])
    query = urlencode(
        {
            "container": "box",
            "repo": "docker.io/library/mine",
            "tag": "1",
            "author": "me",
            "comment": "why",
            "changes": ["USER 7", "ENV C=3"],
        },
        doseq=True,
    )
    asked = {"Env": ["B=4"], "Cmd": ["new"], "ExposedPorts": {"80/tcp": {}}}
    reply = labd.post(f"/commit?{query}", asked)
    assert reply.status == 201
    image = engine.image("mine:1")
    assert reply.json == {"Id": image.id}
    defaults = image.config.defaults
    assert {"A=1", "B=4", "C=3"} <= {*defaults.env}
    assert (defaults.cmd, defaults.user) == (("new",), "7")
    assert defaults.exposed_ports == ("80/tcp",)
    assert defaults.labels == {"a": "b"}
    assert image.config.author == "me"
    assert image.config.history[-1].comment == "why"


def test_a_commit_needs_neither_a_name_nor_a_body(
    labd: Client, engine: Engine, busybox: str
) -> None:
    create(labd, "box", Cmd=["old"])
    reply = labd.ask("POST", "/commit?container=box", b"null")
    assert reply.status == 201
    image = engine.image(reply.json["Id"])
    assert (image.references, image.config.defaults.cmd) == ((), ("old",))
    assert labd.post("/commit?container=nosuch").status == 404
