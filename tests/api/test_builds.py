"""Builds over HTTP: a tar comes in, lines go out, and who goes away ends it."""

import base64
import bz2
import functools
import gzip
import http.server
import json
import lzma
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from engine.engine import Engine
from tests.api.serving import Client, Reply
from tests.api.test_registry_calls import SECRET, asks_who
from tests.registries import Scripted, tar_of

pytestmark = pytest.mark.require("root", "overlay")

ID = re.compile(r"[0-9a-f]{12}")
Packer = Callable[[bytes], bytes]


def build(
    labd: Client,
    content: str,
    files: dict[str, bytes] | None = None,
    pack: Packer = bytes,
    headers: dict[str, str] | None = None,
    **query: Any,
) -> Reply:
    query.setdefault("networkmode", "none")
    name = query.get("dockerfile", "Dockerfile")
    context = pack(tar_of({name: content.encode(), **(files or {})}))
    asked = urlencode(query, doseq=True)
    return labd.ask("POST", f"/build?{asked}", context, **(headers or {}))


def told(reply: Reply) -> str:
    return "".join(line.get("stream", "") for line in reply.lines)


def test_a_build_is_told_in_dockers_lines(labd: Client, busybox: str) -> None:
    dockerfile = "FROM busybox\nRUN echo out; sleep 0.2; echo err >&2\nCOPY a /a\n"
    reply = build(labd, dockerfile, {"a": b"content"}, t=["mine:1", "mine:2"])
    assert (reply.status, reply.headers["content-type"]) == (200, "application/json")
    assert ID.sub("ID", told(reply)) == (
        "Step 1/3 : FROM busybox\n ---> ID\n"
        "Step 2/3 : RUN echo out; sleep 0.2; echo err >&2\n ---> Running in ID\n"
        "out\n\x1b[91merr\n\x1b[0mRemoving intermediate container ID\n ---> ID\n"
        "Step 3/3 : COPY a /a\n ---> ID\n"
        "Successfully built ID\n"
        "Successfully tagged mine:1\nSuccessfully tagged mine:2\n"
    )
    (made,) = [line["aux"]["ID"] for line in reply.lines if "aux" in line]
    assert labd.get("/images/mine:2/json").json["Id"] == made
    assert " ---> Using cache\n" in told(build(labd, dockerfile, {"a": b"content"}))


@pytest.fixture
def web(tmp_path: Path) -> Iterator[str]:
    """The address of a web server: /context.tar, and redirects to elsewhere."""
    dockerfile = b"FROM busybox\nCOPY a /\n"
    (tmp_path / "context.tar").write_bytes(
        tar_of({"Dockerfile": dockerfile, "a": b"x"})
    )
    (tmp_path / "Dockerfile").write_bytes(b"FROM busybox\nENV a=b\n")

    class Handler(http.server.SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            if not self.path.startswith("/to/"):
                super().do_GET()
                return
            self.send_response(302)
            self.send_header("Location", self.path.removeprefix("/to/"))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    handler = functools.partial(Handler, directory=str(tmp_path))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_context_and_a_tree_may_be_behind_a_url(
    labd: Client, busybox: str, web: str
) -> None:
    for path in ("context.tar", "to//context.tar", "Dockerfile"):
        reply = labd.post(f"/build?{urlencode({'remote': f'{web}/{path}', 't': 'it'})}")
        assert "Successfully tagged it:latest" in told(reply)
    asked = urlencode({"fromSrc": f"{web}/context.tar", "repo": "tree"})
    lines = labd.post(f"/images/create?{asked}").lines
    assert lines[0] == {"status": f"Downloading from {web}/context.tar"}
    assert labd.get("/images/tree/json").json["Id"] == lines[-1]["status"]


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("{web}/nosuch", "404"),
        ("{web}/to/{web}/to/{web}/to//to/", "would lead to an infinite loop"),
        ("{web}/to/file:///etc/passwd", "is not allowed"),
        ("{web}/to/ftp://127.0.0.1/x", "only http and https are fetched"),
        ("file:///etc/passwd", "only http and https are fetched"),
        ("http://169.254.0.1:1/", "cannot fetch"),
        ("http://[::1", "cannot fetch"),
    ],
)
def test_what_is_not_fetched(labd: Client, web: str, url: str, words: str) -> None:
    asked = urlencode({"fromSrc": url.format(web=web)})
    reply = labd.post(f"/images/create?{asked}")
    assert words in (reply.message if reply.status >= 400 else str(reply.lines[-1]))


def test_a_repository_is_no_context(labd: Client) -> None:
    for url in ("git://x/y", "https://x/y.git", "git@x:y"):
        reply = labd.post(f"/build?{urlencode({'remote': url})}")
        assert (reply.status, "no repository" in reply.message) == (400, True)


def test_what_stands_in_the_query_is_done(labd: Client, busybox: str) -> None:
    reply = build(
        labd,
        'FROM busybox AS one\nARG V\nRUN echo "V is $V"; ulimit -n; cat /etc/hosts\n'
        "FROM one AS two\nRUN false\n",
        dockerfile="sub/File",
        target="one",
        buildargs=json.dumps({"V": "seven", "W": None}),
        labels=json.dumps({"team": "x"}),
        ulimits=json.dumps([{"Name": "nofile", "Soft": 77, "Hard": 99}]),
        extrahosts="other:10.9.8.7",
        memory=64 << 20,
        t="mine",
    )
    assert "V is seven\n77\n" in told(reply)
    assert "10.9.8.7" in told(reply)
    assert labd.get("/images/mine/json").json["Config"]["Labels"] == {"team": "x"}


def test_a_quiet_build_tells_the_id_or_what_went_wrong(
    labd: Client, busybox: str
) -> None:
    reply = build(labd, "FROM busybox\nRUN true\n", q=1, t="mine")
    image = labd.get("/images/mine/json").json["Id"]
    assert reply.lines == [{"stream": f"{image}\n"}]
    failed = build(labd, "FROM busybox\nRUN echo so; false\n", q=1)
    assert "so\n" in told(failed)
    assert failed.lines[-1]["errorDetail"]["code"] == 1


def test_a_step_that_fails_is_the_last_line(labd: Client, busybox: str) -> None:
    reply = build(labd, "FROM busybox\nRUN exit 42\n", forcerm=1)
    message = "The command '/bin/sh -c exit 42' returned a non-zero code: 42"
    assert reply.status == 200
    assert reply.lines[-1] == {
        "errorDetail": {"code": 42, "message": message},
        "error": message,
    }
    assert labd.get("/containers/json?all=1").json == []
    reply = build(labd, "FROM busybox\nCOPY nosuch /\n")
    assert "COPY failed" in reply.lines[-1]["error"]
    assert "code" not in reply.lines[-1]["errorDetail"]


@pytest.mark.parametrize(
    ("dockerfile", "query", "status"),
    [
        ("FROM busybox\nRUNN true\n", {}, 400),
        ("", {}, 400),
        ("FROM busybox\n", {"remote": "file:///x"}, 400),
        ("FROM busybox\n", {"version": "2"}, 501),
        ("FROM busybox\n", {"squash": "1"}, 400),
        ("FROM busybox\n", {"memory": "much"}, 400),
        ("FROM busybox\n", {"memory": "1"}, 400),
        ("FROM busybox\n", {"buildargs": "{"}, 400),
        ("FROM busybox\n", {"buildargs": '{"a": 1}'}, 400),
        ("FROM busybox\n", {"ulimits": "7"}, 400),
        ("FROM busybox\n", {"t": "Not A Name"}, 400),
        ("FROM busybox\n", {"dockerfile": "../../etc/passwd"}, 404),
    ],
)
def test_what_cannot_be_built_has_a_status(
    labd: Client, busybox: str, dockerfile: str, query: dict[str, str], status: int
) -> None:
    asked = {"networkmode": "none", **query}
    context = tar_of({"Dockerfile": dockerfile.encode()})
    reply = labd.ask("POST", f"/build?{urlencode(asked)}", context)
    assert reply.status == status, reply.body
    assert reply.message


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_a_context_may_be_compressed(labd: Client, busybox: str, pack: Packer) -> None:
    reply = build(labd, "FROM busybox\nCOPY a /\n", {"a": b"x"}, pack)
    assert "Successfully built" in told(reply)


def test_a_name_that_leads_out_of_the_context_stays_inside(
    labd: Client, engine: Engine, busybox: str
) -> None:
    before = {*engine.root.parent.rglob("outside")}  # of other tests
    reply = build(labd, "FROM busybox\n", {"../../outside": b"x"})
    assert reply.status in (200, 400)
    assert {*engine.root.parent.rglob("outside")} == before


def test_a_base_is_fetched_with_the_password_that_came_along(
    labd: Client, busybox: str
) -> None:
    with Scripted() as registry:
        registry.add_image("1", tar_of({"file": b"x"}))
        registry.rules.append(asks_who)
        dockerfile = f"FROM {registry.host}/me/box:1\nLABEL a=b\n"
        refused = build(labd, dockerfile)
        assert "access denied" in refused.lines[-1]["error"]
        brought = json.dumps({registry.host: SECRET}).encode()
        config = base64.urlsafe_b64encode(brought).decode()
        reply = build(labd, dockerfile, headers={"X_Registry_Config": config})
        assert "Successfully built" in told(reply)


@contextmanager
def lasting_build(labd: Client) -> Iterator[None]:
    """A build that is in the middle of a RUN, until its client goes away."""
    context = tar_of({"Dockerfile": b"FROM busybox\nRUN echo begun; sleep 600\n"})
    with labd.connect() as connection:
        head = "POST /build?networkmode=none&nocache=1 HTTP/1.1\r\nHost: x\r\n"
        head += f"Content-Length: {len(context)}\r\n\r\n"
        connection.sendall(head.encode() + context)
        answer = b""
        while b"begun" not in answer.partition(b"Running in")[2]:
            answer += connection.recv(4096)
        yield


def test_many_long_builds_keep_nobody_waiting(
    labd: Client, engine: Engine, busybox: str
) -> None:
    ended = engine.events(since=time.time())
    with ExitStack() as builds:
        for _ in range(8):
            builds.enter_context(lasting_build(labd))
        assert labd.get("/images/busybox/get").status == 200
    died = (event for event in ended if event.action == "die")
    assert len(list(islice(died, 8))) == 8


def test_who_goes_away_ends_the_build(
    labd: Client, engine: Engine, busybox: str
) -> None:
    ended = engine.events(since=time.time())
    with lasting_build(labd):
        pass
    died = next(event for event in ended if event.action == "die")
    assert died.attributes["exitCode"] == "137"


def test_the_cache_of_builds_is_not_pruned_by_itself(labd: Client) -> None:
    assert labd.post("/build/prune").json == {
        "CachesDeleted": None,
        "SpaceReclaimed": 0,
    }
