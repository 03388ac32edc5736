"""Registries over HTTP: how a pull and a push are told, whose password is used."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.serving import Client, Reply
from tests.conformance import registries
from tests.registries import Handler, Scripted, digest_of, tar_of

pytestmark = pytest.mark.require("root", "overlay")

SECRET = {"username": "me", "password": "not-for-logs"}
BASIC = "Basic " + base64.b64encode(b"me:not-for-logs").decode()


def encoded(data: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(data).encode()).decode()


def asks_who(handler: Handler) -> bool:
    """A rule: without the right password there is nothing here."""
    if handler.headers.get("Authorization") == BASIC:
        return False
    handler.send(401, b"{}", WWW_Authenticate='Basic realm="here"')
    return True


@pytest.fixture
def registry() -> Iterator[Scripted]:
    with Scripted() as scripted:
        scripted.add_image("1", tar_of({"file": b"x" * 3_000_000}))
        yield scripted


def pull(labd: Client, registry: Scripted, tag: str = "1", **headers: str) -> Reply:
    query = f"fromImage={registry.host}/me/box&tag={tag}"
    return labd.ask("POST", f"/images/create?{query}", **headers)


def test_a_pull_is_told_in_dockers_lines(labd: Client, registry: Scripted) -> None:
    reply = pull(labd, registry, X_Registry_Auth="e30=")
    assert (reply.status, reply.headers["content-type"]) == (200, "application/json")
    first, *middle, digest, status = reply.lines
    assert first == {"status": "Pulling from me/box", "id": "1"}
    assert digest["status"].startswith("Digest: sha256:")
    name = f"{registry.host}/me/box:1"
    assert status == {"status": f"Status: Downloaded newer image for {name}"}
    states = list(dict.fromkeys(line["status"] for line in middle))
    wanted = ["Pulling fs layer", "Downloading", "Download complete", "Pull complete"]
    assert [state for state in states if state in wanted] == wanted
    amounts = [m["progressDetail"] for m in middle if m["status"] == "Downloading"]
    assert 1 < len(amounts) <= 101
    assert amounts[-1]["current"] == amounts[-1]["total"]
    again = pull(labd, registry).lines[-1]
    assert again == {"status": f"Status: Image is up to date for {name}"}


def test_what_a_registry_has_not_is_404_and_no_registry_500(
    labd: Client, registry: Scripted
) -> None:
    missing = pull(labd, registry, "9")
    assert missing.status == 404
    assert "me/box:9 not found" in missing.message
    gone = labd.post("/images/create?fromImage=127.0.0.1:1/x&tag=1")
    assert gone.status == 500
    assert "could not be reached" in gone.message
    assert labd.post("/images/create").status == 400


def test_a_layer_that_is_damaged_is_a_last_line(
    labd: Client, registry: Scripted
) -> None:
    (layer,) = registry.add_image("bad", tar_of({"other": b"y"}))["layers"]
    registry.blobs[layer["digest"]] = b"x" * layer["size"]
    reply = pull(labd, registry, "bad")
    assert reply.status == 200
    last = reply.lines[-1]
    assert last["error"] == last["errorDetail"]["message"]
    assert layer["digest"] in last["error"]


def test_a_password_is_used_for_one_call_and_never_kept(
    labd: Client, registry: Scripted
) -> None:
    registry.rules.append(asks_who)
    assert pull(labd, registry).status == 404
    assert pull(labd, registry, X_Registry_Auth=encoded(SECRET)).status == 200
    assert pull(labd, registry).status == 404
    wrong = {**SECRET, "password": "wrong"}
    assert pull(labd, registry, X_Registry_Auth=encoded(wrong)).status == 404
    assert pull(labd, registry, X_Registry_Auth="!").status == 400


def test_a_login_is_tried_and_not_kept(labd: Client, registry: Scripted) -> None:
    registry.rules.append(asks_who)
    login = {**SECRET, "serveraddress": registry.host}
    reply = labd.post("/auth", login)
    assert (reply.status, reply.json["Status"]) == (200, "Login Succeeded")
    assert labd.post("/auth", {**login, "password": "wrong"}).status == 401
    nobody = {**login, "serveraddress": "127.0.0.1:1"}
    assert labd.post("/auth", nobody).status == 500
    assert pull(labd, registry).status == 404


def test_what_a_registry_has_can_be_looked_at(labd: Client, registry: Scripted) -> None:
    reply = labd.get(f"/distribution/{registry.host}/me/box:1/json").json
    _, raw = registry.manifests["1"]
    assert reply["Descriptor"]["digest"] == digest_of(raw)
    assert reply["Descriptor"]["size"] == len(raw)
    assert reply["Platforms"] == [{"architecture": "amd64", "os": "linux"}]
    assert labd.get(f"/distribution/{registry.host}/x:9/json").status == 404


def test_a_push_is_told_in_dockers_lines(
    labd: Client, busybox: str, tmp_path: Path
) -> None:
    with registries.ours(tmp_path / "registry") as server:
        name = f"{server.address}/me/box"
        labd.post(f"/images/busybox/tag?repo={name}&tag=1")
        assert labd.post(f"/images/{name}/push?tag=1").status == 400
        path = f"/images/{name}/push?tag=1"
        reply = labd.ask("POST", path, X_Registry_Auth="e30=")
        first, *middle, status, last = reply.lines
        assert first["status"] == f"The push refers to repository [{name}]"
        assert [m["status"] for m in middle if m["status"] != "Pushing"] == [
            "Preparing",
            "Pushed",
        ]
        sent = last["aux"]
        assert sent["Tag"] == "1"
        assert status["status"] == f"1: digest: {sent['Digest']} size: {sent['Size']}"
        again = labd.ask("POST", path, X_Registry_Auth="e30=").lines
        assert "Layer already exists" in [line.get("status") for line in again]
        found = labd.get(f"/distribution/{name}:1/json").json["Descriptor"]
        assert (found["digest"], found["size"]) == (sent["Digest"], sent["Size"])


def test_what_is_not_here_cannot_be_pushed(labd: Client) -> None:
    path = "/images/127.0.0.1:1/nosuch/push?tag=1"
    reply = labd.ask("POST", path, X_Registry_Auth="e30=")
    assert reply.status == 404
    assert "does not exist locally with the tag" in reply.message
