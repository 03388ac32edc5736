"""OCI distribution, category "pull": blobs and manifests, whole and in parts.

The cases are those of the specification's own conformance suite, in its order, and what
clients do besides: ranges, and what they say they can read.
"""

import pytest

from engine.oci import digest as digests
from tests.conformance.registries import MANIFEST, Http, image

BLOB = bytes(range(256)) * 40
NOT_HERE = digests.sha256(b"not here")


def test_the_registry_says_what_it_is(http: Http) -> None:
    answer = http("GET", "/v2/")
    assert answer.status == 200
    assert answer.headers["docker-distribution-api-version"] == "registry/2.0"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_blob_that_is_not_here_is_unknown(http: Http, method: str) -> None:
    answer = http(method, f"/v2/pull/blobs/{NOT_HERE}")
    assert answer.status == 404
    assert method == "HEAD" or answer.code == "BLOB_UNKNOWN"


def test_a_blob_comes_as_it_went(http: Http) -> None:
    digest = http.push_blob("pull", BLOB)
    asked = http("HEAD", f"/v2/pull/blobs/{digest}")
    assert (asked.status, asked.body) == (200, b"")
    assert asked.headers["content-length"] == str(len(BLOB))
    assert asked.headers["docker-content-digest"] == digest
    got = http("GET", f"/v2/pull/blobs/{digest}")
    assert (got.status, got.body) == (200, BLOB)


def test_a_blob_of_no_bytes_is_a_blob(http: Http) -> None:
    digest = http.push_blob("pull/empty", b"")
    assert http("GET", f"/v2/pull/empty/blobs/{digest}").body == b""


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=100-199", 100, 199),
        ("bytes=10000-", 10000, 10239),
        ("bytes=10000-99999", 10000, 10239),
        ("bytes=-5", 10235, 10239),
        ("bytes=-99999", 0, 10239),
    ],
)
def test_a_part_of_a_blob(http: Http, asked: str, first: int, last: int) -> None:
    digest = http.push_blob("pull", BLOB)
    answer = http("GET", f"/v2/pull/blobs/{digest}", range=asked)
    assert answer.status == 206
    assert answer.headers["content-range"] == f"bytes {first}-{last}/{len(BLOB)}"
    assert answer.body == BLOB[first : last + 1]


@pytest.mark.parametrize("asked", ["bytes=10240-", "bytes=99999-100000"])
def test_a_part_that_is_not_there(http: Http, asked: str) -> None:
    digest = http.push_blob("pull", BLOB)
    answer = http("GET", f"/v2/pull/blobs/{digest}", range=asked)
    assert answer.status == 416
    assert answer.headers["content-range"] == f"bytes */{len(BLOB)}"


@pytest.mark.parametrize(
    "asked", ["lines=1-2", "bytes=1-2,5-6", "bytes=9-1", "bytes=-"]
)
def test_a_range_that_nobody_understands_is_the_whole(http: Http, asked: str) -> None:
    digest = http.push_blob("pull", BLOB)
    answer = http("GET", f"/v2/pull/blobs/{digest}", range=asked)
    assert (answer.status, answer.body) == (200, BLOB)


def test_a_repository_shows_only_its_own_blobs(http: Http) -> None:
    digest = http.push_blob("pull/mine", b"secret of mine")
    assert http("GET", f"/v2/pull/yours/blobs/{digest}").status == 404


def test_a_manifest_by_tag_and_by_digest(http: Http) -> None:
    digest = http.push_image("pull/image", "1.0", BLOB)
    by_tag = http("GET", "/v2/pull/image/manifests/1.0")
    assert by_tag.status == 200
    assert by_tag.headers["content-type"] == MANIFEST
    assert by_tag.headers["docker-content-digest"] == digest
    assert digests.sha256(by_tag.body) == digest
    by_digest = http("GET", f"/v2/pull/image/manifests/{digest}")
    assert by_digest.body == by_tag.body
    asked = http("HEAD", "/v2/pull/image/manifests/1.0")
    assert (asked.status, asked.body) == (200, b"")
    assert asked.headers["content-length"] == str(len(by_tag.body))


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("reference", ["nosuch", NOT_HERE])
def test_a_manifest_that_is_not_here(http: Http, method: str, reference: str) -> None:
    http.push_image("pull/image", "1.0", BLOB)
    answer = http(method, f"/v2/pull/image/manifests/{reference}")
    assert answer.status == 404
    assert method == "HEAD" or answer.code == "MANIFEST_UNKNOWN"


def test_a_repository_that_is_not_here(http: Http) -> None:
    answer = http("GET", "/v2/pull/nosuch/manifests/latest")
    assert (answer.status, answer.code) == (404, "NAME_UNKNOWN")


def test_a_client_that_cannot_read_it_is_told(http: Http) -> None:
    http.push_image("pull/image", "1.0", BLOB)
    path = "/v2/pull/image/manifests/1.0"
    docker_only = "application/vnd.docker.distribution.manifest.v2+json"
    assert http("GET", path, accept=docker_only).code == "MANIFEST_UNKNOWN"
    assert http("GET", path, accept=f"{docker_only}, {MANIFEST};q=0.5").status == 200
    assert http("GET", path, accept="*/*").status == 200


def test_a_kind_that_is_not_in_the_bytes_is_kept(http: Http) -> None:
    config = b"{}"
    http.push_blob("pull/kind", config)
    whole = image(config, mediaType=None)
    assert http.put_manifest("pull/kind", "1", whole).status == 201
    answer = http("GET", "/v2/pull/kind/manifests/1")
    assert (answer.headers["content-type"], answer.body) == (MANIFEST, whole)
