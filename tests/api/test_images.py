"""Images over HTTP: lists, names, removal, and archives that come and go."""

import io
import json
import tarfile
from urllib.parse import quote, urlencode

import pytest

from engine.engine import Engine
from tests.api.serving import Client
from tests.registries import tar_of

pytestmark = pytest.mark.require("root", "overlay")


def names(labd: Client, **query: str) -> list[str]:
    found = labd.get(f"/images/json?{urlencode(query)}").json
    return sorted(name for one in found for name in one["RepoTags"])


def imported(labd: Client, name: str, **query: str) -> str:
    """The ID of an image with one file."""
    asked = urlencode({"fromSrc": "-", "repo": name, **query})
    reply = labd.post(f"/images/create?{asked}", tar_of({"file": b"content"}))
    assert reply.status == 200, reply.body
    return str(reply.lines[-1]["status"])


def test_a_list_has_what_clients_read(labd: Client, busybox: str) -> None:
    (entry,) = labd.get("/images/json").json
    assert entry["RepoTags"] == ["busybox:latest"]
    assert entry["Id"].startswith("sha256:")
    assert isinstance(entry["Created"], int)
    assert entry["Size"] == entry["VirtualSize"] > 0
    assert entry["Labels"] is None
    assert (entry["Containers"], entry["SharedSize"]) == (-1, -1)


@pytest.mark.parametrize(
    "wanted", [{"reference": {"mine*": True}}, {"reference": ["mine*"]}]
)
def test_filters_may_come_in_both_shapes(
    labd: Client, busybox: str, wanted: object
) -> None:
    assert labd.post("/images/busybox/tag?repo=mine&tag=1").status == 201
    assert names(labd, filters=json.dumps(wanted)) == ["mine:1"]


def test_an_image_without_a_name_is_called_none(labd: Client, busybox: str) -> None:
    old = imported(labd, "mine", message="first")
    imported(labd, "mine", message="second")
    filters = quote('{"dangling":["true"]}')
    (entry,) = labd.get(f"/images/json?filters={filters}").json
    assert entry["Id"] == old
    assert entry["RepoTags"] == ["<none>:<none>"]
    assert entry["RepoDigests"] == ["<none>@<none>"]


def test_an_image_is_inspected_by_a_name_with_slashes(
    labd: Client, busybox: str
) -> None:
    labd.post("/images/busybox/tag?repo=localhost:5000/me/box&tag=1")
    one = labd.get("/images/localhost:5000/me/box:1/json")
    assert one.json["Id"] == labd.get("/images/busybox/json").json["Id"]
    missing = labd.get("/images/nosuch/json")
    assert (missing.status, missing.message) == (404, "No such image: nosuch:latest")


def test_a_history_has_the_newest_step_first(labd: Client, busybox: str) -> None:
    image = imported(labd, "mine", message="by hand", changes='CMD ["x"]')
    (row,) = labd.get("/images/mine/history").json
    assert (row["Id"], row["Tags"], row["Comment"]) == (
        image,
        ["mine:latest"],
        "by hand",
    )
    assert isinstance(row["Created"], int)
    assert labd.get("/images/mine/json").json["Config"]["Cmd"] == ["x"]


def test_names_go_first_and_then_the_image(labd: Client, busybox: str) -> None:
    image = imported(labd, "mine")
    labd.post("/images/mine/tag?repo=yours")
    assert labd.delete("/images/mine").json == [{"Untagged": "mine:latest"}]
    done = labd.delete("/images/yours").json
    assert done[:2] == [{"Untagged": "yours:latest"}, {"Deleted": image}]
    assert labd.delete("/images/yours").status == 404


def test_an_image_in_use_stays(labd: Client, engine: Engine, busybox: str) -> None:
    reply = labd.post(
        "/containers/create", {"Image": busybox, "HostConfig": {"NetworkMode": "none"}}
    )
    assert reply.status == 201
    reply = labd.delete("/images/busybox")
    assert reply.status == 409
    assert "(must force)" in reply.message


def test_a_prune_takes_what_has_no_name_or_all(labd: Client, busybox: str) -> None:
    old = imported(labd, "mine", message="first")
    new = imported(labd, "mine", message="second")
    pruned = labd.post("/images/prune").json
    assert {"Deleted": old} in pruned["ImagesDeleted"]
    filters = quote('{"dangling":{"false":true},"label!":{"keep":true}}')
    pruned = labd.post(f"/images/prune?filters={filters}").json
    assert {"Deleted": new} in pruned["ImagesDeleted"]
    assert pruned["SpaceReclaimed"] > 0
    assert labd.post('/images/prune?filters={"foo":["x"]}').status == 400


def test_what_is_saved_can_be_loaded(labd: Client, busybox: str) -> None:
    image = imported(labd, "mine")
    saved = labd.get("/images/get?names=mine&names=busybox")
    assert saved.headers["content-type"] == "application/x-tar"
    with tarfile.open(fileobj=io.BytesIO(saved.body)) as tar:
        assert "manifest.json" in tar.getnames()
    labd.delete("/images/mine")
    loaded = labd.post("/images/load?quiet=1", saved.body)
    told = [line["stream"] for line in loaded.lines]
    assert "Loaded image: mine:latest\n" in told
    assert labd.get("/images/mine/json").json["Id"] == image
    assert labd.get("/images/mine/get").body != b""


def test_what_is_no_archive_is_refused_before_anything_is_sent(labd: Client) -> None:
    assert labd.post("/images/load", b"nonsense").status == 400
    assert labd.post("/images/create?fromSrc=-&repo=x", b"nonsense").status == 400
    assert labd.get("/images/get?names=nosuch").status == 404
    assert labd.get("/images/get").status == 400
    assert labd.post("/images/create?fromSrc=ftp://x/y").status == 400


def test_half_an_archive_brings_nothing(labd: Client, busybox: str) -> None:
    saved = labd.get("/images/busybox/get").body
    with labd.connect() as connection:
        head = f"POST /images/load HTTP/1.1\r\nHost: x\r\nContent-Length: {len(saved)}"
        connection.sendall(f"{head}\r\n\r\n".encode() + saved[: len(saved) // 2])
    assert names(labd) == ["busybox:latest"]


def test_there_is_no_index_to_search(labd: Client) -> None:
    reply = labd.get("/images/search?term=x")
    assert reply.status == 501
    assert "not supported here" in reply.message
