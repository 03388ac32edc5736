"""Registries that lie, stall, mislead or break: a clear error, the store untouched."""

import base64
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.engine import Engine
from engine.errors import EngineError
from engine.registry import service
from engine.registry.wire import Patience
from tests.engine.transfers import Heard, store_of
from tests.registries import OCI, Handler, Scripted, digest_of, start_of, tar_of

pytestmark = pytest.mark.require("root", "overlay")
QUICK = Patience(connect=2, silence=0.6, first=0.01, longest=0.05, tries=3)
LAYER = tar_of({"a": b"x" * 100_000})
Spoil = Callable[[Scripted, dict[str, Any]], None]


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nobody waits long in a test, and nobody is known anywhere."""
    monkeypatch.setattr(service, "PATIENCE", QUICK)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))


def with_manifest(change: Callable[[dict[str, Any]], None]) -> Spoil:
    """The manifest is another one than the image's."""

    def spoil(registry: Scripted, manifest: dict[str, Any]) -> None:
        change(manifest)
        registry.add_manifest("1", manifest)

    return spoil


def with_answer(part: str, answer: Callable[[Handler], None]) -> Spoil:
    """What has `part` in its path is answered so."""

    def spoil(registry: Scripted, manifest: dict[str, Any]) -> None:
        def rule(handler: Handler) -> bool:
            if part in handler.path:
                answer(handler)
            return part in handler.path

        registry.rules.append(rule)

    return spoil


def with_raw_manifest(raw: bytes) -> Spoil:
    return lambda registry, _: registry.add_manifest("1", raw) and None


def with_index(raw: bytes) -> Spoil:
    return lambda registry, _: registry.add_manifest("1", raw, "index") and None


def nested(registry: Scripted, manifest: dict[str, Any]) -> None:
    """An index of an index of an index of …"""
    raw, kind = json.dumps(manifest).encode(), "manifest"
    for _ in range(5):
        entry = {
            "mediaType": f"{OCI}.{kind}.v1+json",
            "digest": digest_of(raw),
            "size": len(raw),
            "platform": {"os": "linux", "architecture": "amd64"},
        }
        raw, kind = json.dumps({"manifests": [entry]}).encode(), "index"
        registry.add_manifest("1", raw, kind)


def drips(handler: Handler) -> None:
    """A byte now and then, for ever."""
    handler.send_response(200)
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    try:
        while True:
            handler.wfile.write(b"x")
            time.sleep(0.1)
    except OSError:
        handler.close_connection = True


def drips_headers(handler: Handler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    drips_on = time.monotonic() + 10
    try:
        while time.monotonic() < drips_on:
            handler.wfile.write(b"x")
            time.sleep(0.1)
    except OSError:
        pass
    handler.close_connection = True


def never_ends(handler: Handler) -> None:
    handler.send_response(200)
    handler.end_headers()
    try:
        while True:
            handler.wfile.write(b" " * 65536)
    except OSError:
        handler.close_connection = True


def says_nothing(handler: Handler) -> None:
    time.sleep(1.5)
    handler.close_connection = True


def leads(to: str) -> Callable[[Handler], None]:
    def answer(handler: Handler) -> None:
        here = f"http://{handler.server.host}{handler.path}"
        handler.send(307, Location=to.format(here=here))

    return answer


def refuses(status: int, body: bytes = b"") -> Callable[[Handler], None]:
    return lambda handler: handler.send(status, body)


def first_layer(manifest: dict[str, Any]) -> dict[str, Any]:
    layer: dict[str, Any] = manifest["layers"][0]
    return layer


CASES: dict[str, tuple[Spoil, str]] = {
    "another digest": (
        with_answer(f"blobs/{digest_of(LAYER)}", lambda h: h.send(200, LAYER[::-1])),
        "expected sha256:.*, the bytes are sha256:",
    ),
    "truncated": (
        with_answer(f"blobs/{digest_of(LAYER)}", lambda h: h.cut(len(LAYER), b"")),
        "peer closed connection",
    ),
    "shorter than promised": (
        with_answer(
            f"blobs/{digest_of(LAYER)}",
            lambda h: h.send(200, b"" if start_of(h) else LAYER[:500]),
        ),
        "it ended after 500 of|it sends another part",
    ),
    "longer than promised": (
        with_answer(f"blobs/{digest_of(LAYER)}", lambda h: h.send(200, LAYER * 2)),
        "more than the",
    ),
    "endless": (with_answer(f"blobs/{digest_of(LAYER)}", never_ends), "more than the"),
    "endless manifest": (with_answer("manifests", never_ends), "larger than 4194304"),
    "slow loris": (with_answer(f"blobs/{digest_of(LAYER)}", drips), "a few bytes at"),
    "slow headers": (with_answer("manifests", drips_headers), "a few bytes at a time"),
    "silent": (
        with_answer("manifests", says_nothing),
        "in time|timed out|disconnected",
    ),
    "wrong size": (
        with_manifest(lambda m: first_layer(m).update(size=5)),
        "more than the 5 bytes",
    ),
    "wrong config size": (
        with_manifest(lambda m: m["config"].update(size=7)),
        "larger than 7 bytes",
    ),
    "huge config": (
        with_manifest(lambda m: m["config"].update(size=1 << 40)),
        "a config of 1099511627776 bytes",
    ),
    "negative size": (
        with_manifest(lambda m: first_layer(m).update(size=-1)),
        "size is not a number",
    ),
    "foreign layer": (
        with_manifest(lambda m: first_layer(m).update(urls=["http://127.0.0.1/x"])),
        "a foreign layer",
    ),
    "foreign by type": (
        with_manifest(
            lambda m: first_layer(m).update(
                mediaType="application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
            )
        ),
        "a foreign layer",
    ),
    "no layer": (
        with_manifest(lambda m: first_layer(m).update(mediaType="text/html")),
        "is no layer",
    ),
    "no image": (
        with_manifest(lambda m: m["config"].update(mediaType="application/x.helm")),
        "is no image",
    ),
    "digest as a path": (
        with_manifest(lambda m: first_layer(m).update(digest="sha256:../../etc/x")),
        "not a sha256 digest",
    ),
    "layers are no list": (
        with_manifest(lambda m: m.update(layers={"a": 1})),
        "layers is not a list",
    ),
    "a thousand layers": (
        with_manifest(lambda m: m.update(layers=m["layers"] * 1000)),
        "1000 layers",
    ),
    "too few layers": (
        with_manifest(lambda m: m.update(layers=[])),
        "layers length mismatch",
    ),
    "deep": (with_raw_manifest(b'{"a":' * 100_000), "is not JSON"),
    "no JSON": (with_raw_manifest(b"<html>"), "is not JSON"),
    "a list": (with_raw_manifest(b"[]"), "is not an object"),
    "schema 1": (with_raw_manifest(b'{"schemaVersion": 1}'), "schemaVersion 2"),
    "indexes within indexes": (nested, "more than 3 indexes within each other"),
    "index of wrong types": (
        with_index(json.dumps({"manifests": [{"mediaType": 5}]}).encode()),
        "mediaType is not a string",
    ),
    "huge index": (
        with_index(json.dumps({"manifests": [{}] * 2000}).encode()),
        "has 2000 entries",
    ),
    "another scheme": (
        with_answer("manifests", leads("file:///etc/shadow")),
        "redirect",
    ),
    "another host": (with_answer("blobs", leads("http://localhost:1/x")), "redirect"),
    "round in circles": (with_answer("manifests", leads("{here}")), "in circles"),
    "401": (with_answer("manifests", refuses(401)), "access denied.*401 Unauthorized"),
    "403": (with_answer("manifests", refuses(403)), "access denied.*403 Forbidden"),
    "404": (with_answer("blobs", refuses(404)), "not found.*404 Not Found"),
    "418": (with_answer("manifests", refuses(418)), "unexpected HTTP status.*418"),
    "429": (with_answer("manifests", refuses(429)), "429 Too Many Requests"),
    "500": (with_answer("blobs", refuses(500)), "500 Internal Server Error"),
    "control characters": (
        with_answer(
            "manifests",
            refuses(403, b'{"errors":[{"message":"\\u001b[31m"},5,null]}'),
        ),
        "403",
    ),
    "token server elsewhere": (
        with_answer(
            "manifests",
            lambda h: h.send(401, WWW_Authenticate='Bearer realm="ftp://x/y"'),
        ),
        "not one to be trusted",
    ),
    "wrong Docker-Content-Digest": (
        with_answer(
            "manifests/1",
            lambda h: h.send(200, b"{}", Docker_Content_Digest=f"sha256:{'0' * 64}"),
        ),
        f"expected sha256:{'0' * 64}",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_registry_that_misbehaves_is_told_and_brings_nothing(
    engine: Engine, name: str
) -> None:
    spoil, message = CASES[name]
    with Scripted() as registry:
        manifest = registry.add_image("1", LAYER, name=name)
        spoil(registry, manifest)
        before = store_of(engine)
        with pytest.raises(EngineError, match=message) as caught:
            engine.pull(f"{registry.host}/x:1", Heard())
        assert store_of(engine) == before
    told = caught.value.message
    assert registry.host in told or "layers length mismatch" in told, told


def test_a_layer_that_is_not_what_the_config_says_brings_nothing(
    engine: Engine,
) -> None:
    with Scripted() as registry:
        wrong = {"type": "layers", "diff_ids": [f"sha256:{'1' * 64}"]}
        registry.add_image("1", LAYER, rootfs=wrong)
        before = store_of(engine)
        with pytest.raises(EngineError, match="unpacks to"):
            engine.pull(f"{registry.host}/x:1", Heard())
        assert store_of(engine) == before


def test_a_layer_that_leads_out_of_its_directory_brings_nothing(
    engine: Engine,
) -> None:
    with Scripted() as registry:
        registry.add_image("1", tar_of({"../../escaped": b"x"}))
        before = store_of(engine)
        with pytest.raises(EngineError, match="leads upwards"):
            engine.pull(f"{registry.host}/x:1", Heard())
        assert store_of(engine) == before


@pytest.mark.parametrize(
    "name", ["../x", "x/../y", "%2e%2e/x", "x?y", "x#y", "a/\nb", "..", "x//y"]
)
def test_names_that_are_paths_never_get_to_a_registry(
    engine: Engine, name: str
) -> None:
    with Scripted() as registry:
        with pytest.raises(EngineError, match="invalid reference format"):
            engine.pull(f"{registry.host}/{name}", Heard())
        assert registry.asked == []


def test_tags_that_are_no_tags_are_refused(engine: Engine) -> None:
    with Scripted() as registry:
        tags = {"name": "x", "tags": ["1", "../../etc"]}
        registry.rules.append(
            lambda h: (
                "tags/list" in h.path
                and (h.send(200, json.dumps(tags).encode()), True)[1]
            )
        )
        with pytest.raises(EngineError, match="invalid reference format"):
            engine.pull_all(f"{registry.host}/x", Heard())


class TokenServer:
    """A rule: tokens are good for so many requests; every one is asked for."""

    def __init__(self, good_for: int) -> None:
        self.good_for, self.given, self.left = good_for, 0, 0
        self.seen: list[str] = []

    def __call__(self, handler: Handler) -> bool:
        if handler.path.startswith("/token"):
            self.seen.append(handler.headers.get("Authorization", ""))
            self.given, self.left = self.given + 1, self.good_for
            token = {"token": f"token-{self.given}", "expires_in": 300}
            handler.send(200, json.dumps(token).encode())
            return True
        said = handler.headers.get("Authorization", "")
        if said != f"Bearer token-{self.given}" or not self.left:
            realm = f"http://{handler.server.host}/token"
            challenge = f'Bearer realm="{realm}",service="s, \\"t\\"",scope="x"'
            handler.send(401, WWW_Authenticate=challenge)
            return True
        self.left -= 1
        return False


@pytest.mark.parametrize("good_for", [1, 2, 1000])
def test_tokens_that_expire_are_fetched_anew(engine: Engine, good_for: int) -> None:
    with Scripted() as registry:
        registry.add_image("1", LAYER, good_for=good_for)
        tokens = TokenServer(good_for)
        registry.rules.append(tokens)
        engine.pull(f"{registry.host}/x:1", Heard())
        asked = [path for _, path, _ in registry.asked if path.startswith("/token")]
    assert "scope=repository%3Ax%3Apull" in asked[0]
    assert "service=s%2C+%22t%22" in asked[0]
    assert set(tokens.seen) == {""}  # as nobody


def test_the_authorization_stays_with_the_registry_when_it_sends_us_elsewhere(
    engine: Engine, tmp_path: Path
) -> None:
    basic = base64.b64encode(b"me:s3cret").decode()
    with Scripted() as registry, Scripted() as elsewhere:
        registry.add_image("1", LAYER, elsewhere=True)
        elsewhere.blobs = registry.blobs
        port = elsewhere.host.rpartition(":")[2]

        def rule(handler: Handler) -> bool:
            if handler.headers.get("Authorization") != f"Basic {basic}":
                handler.send(401, WWW_Authenticate='Basic realm="x"')
                return True
            if "/blobs/" in handler.path:
                handler.send(307, Location=f"http://127.0.0.1:{port}{handler.path}")
            return "/blobs/" in handler.path

        registry.rules.append(rule)
        auths = {"auths": {registry.host: {"auth": basic}}}
        (tmp_path / "docker").mkdir()
        (tmp_path / "docker" / "config.json").write_text(json.dumps(auths))
        engine.pull(f"{registry.host}/x:1", Heard())
        assert elsewhere.asked_for("/blobs/")
        assert not any("Authorization" in h for h in elsewhere.asked_for("/blobs/"))


def test_a_mirror_is_asked_first_and_the_origin_if_it_fails(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "daemon.json"
    monkeypatch.setenv("LABSHELL_CONFIG", str(config))
    with Scripted() as mirror, Scripted() as origin:
        monkeypatch.setattr("engine.registry.endpoints._HUB", origin.host)
        config.write_text(json.dumps({"registry-mirrors": [f"http://{mirror.host}"]}))
        mirror.add_image("1", LAYER, at="mirror")
        origin.add_image("2", LAYER, at="origin")
        engine.pull("me/x:1", Heard())
        assert origin.asked_for("/manifests/") == []
        engine.pull("me/x:2", Heard())
        assert mirror.asked_for("/v2/me/x/manifests/2")
        assert engine.image("me/x:2").references == ("me/x:2",)
        assert OCI in origin.asked_for("/v2/me/x/manifests/2")[0]["Accept"]
