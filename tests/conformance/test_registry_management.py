"""OCI distribution, category "content management": what is deleted is gone."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance import registries
from tests.conformance.registries import Http


def test_a_tag_goes_and_its_manifest_stays(http: Http) -> None:
    digest = http.push_image("manage/tag", "1", b"layer")
    http.push_image("manage/tag", "2", b"layer")
    for tag in ("1", "2"):
        assert http("DELETE", f"/v2/manage/tag/manifests/{tag}").status == 202
        assert http("GET", f"/v2/manage/tag/manifests/{tag}").status == 404
    assert http("GET", "/v2/manage/tag/tags/list").json["tags"] == []
    assert http("GET", f"/v2/manage/tag/manifests/{digest}").status == 200


def test_a_manifest_goes_with_its_tags(http: Http) -> None:
    digest = http.push_image("manage/whole", "1", b"layer")
    http.push_image("manage/whole", "2", b"layer")
    other = http.push_image("manage/whole", "3", b"another")
    assert http("DELETE", f"/v2/manage/whole/manifests/{digest}").status == 202
    assert http("GET", "/v2/manage/whole/tags/list").json["tags"] == ["3"]
    assert http("GET", f"/v2/manage/whole/manifests/{digest}").status == 404
    assert http("GET", f"/v2/manage/whole/manifests/{other}").status == 200
    again = http("DELETE", f"/v2/manage/whole/manifests/{digest}")
    assert again.code == "MANIFEST_UNKNOWN"


def test_a_blob_goes_from_one_repository_only(http: Http) -> None:
    digest = http.push_blob("manage/one", b"in both")
    http.push_blob("manage/other", b"in both")
    assert http("DELETE", f"/v2/manage/one/blobs/{digest}").status == 202
    assert http("DELETE", f"/v2/manage/one/blobs/{digest}").code == "BLOB_UNKNOWN"
    assert http("HEAD", f"/v2/manage/one/blobs/{digest}").status == 404
    assert http("GET", f"/v2/manage/other/blobs/{digest}").body == b"in both"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PATCH", "/v2/", "GET, HEAD"),
        ("POST", "/v2/x/manifests/1", "GET, PUT, DELETE, HEAD"),
        ("DELETE", "/v2/x/tags/list", "GET, HEAD"),
        ("GET", "/v2/x/blobs/uploads/", "POST"),
        ("BREW", "/", "GET, HEAD"),
    ],
)
def test_a_method_that_is_not_for_this(
    http: Http, method: str, path: str, allowed: str
) -> None:
    answer = http(method, path)
    assert (answer.status, answer.code) == (405, "UNSUPPORTED")
    assert answer.headers["allow"] == allowed


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Http]:
    """A registry with one image, that now takes nothing in."""
    with registries.ours(tmp_path / "registry") as server:
        Http(server).push_image("shop", "1", b"layer")
    with registries.ours(tmp_path / "registry", "--read-only") as server:
        yield Http(server)


def test_a_registry_that_is_read_only(read_only: Http) -> None:
    before = registries.files_of(read_only.server.root)
    assert read_only("GET", "/v2/shop/manifests/1").status == 200
    assert read_only("HEAD", "/v2/shop/manifests/1").status == 200
    for method, path in (
        ("POST", "/v2/shop/blobs/uploads/"),
        ("PUT", "/v2/shop/manifests/2"),
        ("DELETE", "/v2/shop/manifests/1"),
    ):
        answer = read_only(method, path, b"x")
        assert (answer.status, answer.code) == (405, "UNSUPPORTED")
    assert registries.files_of(read_only.server.root) == before
