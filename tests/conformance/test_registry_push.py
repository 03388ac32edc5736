"""OCI distribution, category "push": blobs in every way, and manifests.

A blob may come in one request, in two, in pieces with and without their places, or not
at all if it is in another repository. Whatever is wrong, nothing of it is kept.
"""

import json
from urllib.parse import quote

import pytest

from engine.oci import digest as digests
from tests.conformance.registries import INDEX, MANIFEST, Http, descriptor, image

BLOB = b"a layer, or so" * 1000
DIGEST = digests.sha256(BLOB)
FOREIGN = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"


def blob_of(http: Http, repository: str, digest: str = DIGEST) -> bytes | None:
    answer = http("GET", f"/v2/{repository}/blobs/{digest}")
    return answer.body if answer.status == 200 else None


def test_a_blob_in_one_request(http: Http) -> None:
    answer = http("POST", f"/v2/push/one/blobs/uploads/?digest={DIGEST}", BLOB)
    assert answer.status == 201
    assert answer.headers["location"] == f"/v2/push/one/blobs/{DIGEST}"
    assert blob_of(http, "push/one") == BLOB


def test_a_blob_in_two_requests(http: Http) -> None:
    place = http.begin("push/two")
    answer = http("PUT", f"{place}?digest={DIGEST}", BLOB)
    assert answer.status == 201
    assert answer.headers["docker-content-digest"] == DIGEST
    assert blob_of(http, "push/two") == BLOB


def test_a_blob_in_one_piece_of_unknown_length(http: Http) -> None:
    """As docker does it."""
    place = http.begin("push/stream")
    pieces = iter([BLOB[:5], BLOB[5:9000], BLOB[9000:]])
    sent = http("PATCH", place, pieces, content_type="application/octet-stream")
    assert sent.status == 202
    assert sent.headers["range"] == f"0-{len(BLOB) - 1}"
    assert http("PUT", f"{place}?digest={DIGEST}").status == 201
    assert blob_of(http, "push/stream") == BLOB


def test_a_blob_in_pieces_with_their_places(http: Http) -> None:
    place = http.begin("push/pieces")
    first = http("PATCH", place, BLOB[:4000], content_range="0-3999")
    assert (first.status, first.headers["range"]) == (202, "0-3999")
    asked = http("GET", place)
    assert (asked.status, asked.headers["range"]) == (204, "0-3999")
    assert asked.headers["location"] == place
    rest = f"4000-{len(BLOB) - 1}"
    last = http("PUT", f"{place}?digest={DIGEST}", BLOB[4000:], content_range=rest)
    assert last.status == 201
    assert blob_of(http, "push/pieces") == BLOB


@pytest.mark.parametrize("place_of_it", ["0-4", "6-9", "4-8"])
def test_a_piece_out_of_order_is_refused(http: Http, place_of_it: str) -> None:
    place = http.begin("push/order")
    assert http("PATCH", place, b"01234", content_range="0-4").status == 202
    answer = http("PATCH", place, b"56789", content_range=place_of_it)
    assert (answer.status, answer.headers["range"]) == (416, "0-4")
    assert answer.headers["location"] == place
    assert http("PATCH", place, b"56789", content_range="5-9").status == 202
    digest = digests.sha256(b"0123456789")
    assert http("PUT", f"{place}?digest={digest}").status == 201


@pytest.mark.parametrize("place_of_it", ["0-3", "0-9", "five", "4-0"])
def test_a_piece_that_is_not_as_long_as_it_says(http: Http, place_of_it: str) -> None:
    place = http.begin("push/size")
    answer = http("PATCH", place, b"01234", content_range=place_of_it)
    assert answer.status in (400, 416)
    assert answer.code == "SIZE_INVALID"
    streamed = http("PATCH", place, iter([b"012", b"34"]), content_range="0-9")
    assert streamed.code == "SIZE_INVALID"
    assert http("GET", place).headers["range"] == "0-0"  # nothing of it was kept
    digest = digests.sha256(b"01234")
    assert http("PUT", f"{place}?digest={digest}", b"01234").status == 201


def test_a_wrong_digest_is_refused_and_nothing_is_kept(http: Http) -> None:
    wrong = digests.sha256(b"something else")
    place = http.begin("push/wrong")
    answer = http("PUT", f"{place}?digest={wrong}", BLOB)
    assert (answer.status, answer.code) == (400, "DIGEST_INVALID")
    assert http("GET", place).code == "BLOB_UPLOAD_UNKNOWN"
    at_once = http("POST", f"/v2/push/wrong/blobs/uploads/?digest={wrong}", BLOB)
    assert at_once.code == "DIGEST_INVALID"
    assert blob_of(http, "push/wrong", wrong) is None
    assert blob_of(http, "push/wrong") is None


@pytest.mark.parametrize("digest", ["", "sha256:abc", "md5:" + "0" * 32, "../../x"])
def test_what_is_no_digest_is_refused(http: Http, digest: str) -> None:
    place = http.begin("push/digest")
    assert http("PUT", f"{place}?digest={digest}", BLOB).code == "DIGEST_INVALID"
    assert http("GET", f"/v2/push/blobs/{digest or 'x'}").status in (400, 404)


def test_an_upload_can_be_given_up(http: Http) -> None:
    place = http.begin("push/never")
    http("PATCH", place, BLOB)
    assert http("DELETE", place).status == 204
    assert http("GET", place).code == "BLOB_UPLOAD_UNKNOWN"
    assert http("PATCH", place, BLOB).code == "BLOB_UPLOAD_UNKNOWN"


def test_an_upload_belongs_to_its_repository(http: Http) -> None:
    place = http.begin("push/mine").replace("push/mine", "push/yours")
    assert http("PATCH", place, BLOB).code == "BLOB_UPLOAD_UNKNOWN"


def test_a_blob_of_another_repository_is_mounted(http: Http) -> None:
    http.push_blob("push/from", BLOB)
    mount = f"/v2/push/to/blobs/uploads/?mount={DIGEST}&from=push/from"
    answer = http("POST", mount)
    assert answer.status == 201
    assert answer.headers["location"] == f"/v2/push/to/blobs/{DIGEST}"
    assert blob_of(http, "push/to") == BLOB


@pytest.mark.parametrize("source", ["&from=push/nobody", ""])
def test_what_cannot_be_mounted_is_uploaded(http: Http, source: str) -> None:
    digest = digests.sha256(b"nowhere")
    answer = http("POST", f"/v2/push/up/blobs/uploads/?mount={digest}{source}")
    assert answer.status == 202
    place = answer.headers["location"]
    assert http("PUT", f"{place}?digest={digest}", b"nowhere").status == 201


def test_equal_blobs_of_two_repositories_lie_on_the_disk_once(http: Http) -> None:
    blob = b"the same in both"
    digest = http.push_blob("push/first", blob)
    http.push_blob("push/second", blob)
    shared = http.server.root / "blobs" / "sha256" / digests.hex_of(digest)
    assert shared.stat().st_nlink == 3


def test_a_tag_moves_and_the_old_manifest_stays(http: Http) -> None:
    first = http.push_image("push/moves", "latest", b"one")
    second = http.push_image("push/moves", "latest", b"two")
    now = http("HEAD", "/v2/push/moves/manifests/latest")
    assert now.headers["docker-content-digest"] == second != first
    assert http("GET", f"/v2/push/moves/manifests/{first}").status == 200


def test_a_manifest_whose_blobs_are_missing_is_refused(http: Http) -> None:
    config = b"{}"
    http.push_blob("push/lacks", config)
    answer = http.put_manifest("push/lacks", "1", image(config, b"nobody sent it"))
    assert (answer.status, answer.code) == (404, "MANIFEST_BLOB_UNKNOWN")
    assert http("GET", "/v2/push/lacks/manifests/1").status == 404


def test_a_manifest_that_lies_about_a_size_is_refused(http: Http) -> None:
    config = b"{}"
    http.push_blob("push/lies", config)
    lie = {**descriptor(config, MANIFEST), "size": 3}
    answer = http.put_manifest("push/lies", "1", image(config, config=lie))
    assert answer.code == "SIZE_INVALID"


def test_a_foreign_layer_lies_elsewhere(http: Http) -> None:
    config = b"{}"
    http.push_blob("push/foreign", config)
    layer = {**descriptor(b"elsewhere", FOREIGN), "urls": ["https://example.com/x"]}
    whole = image(config, layers=[layer])
    assert http.put_manifest("push/foreign", "1", whole).status == 201


def test_an_index_holds_manifests_that_are_here(http: Http) -> None:
    digest = http.push_image("push/index", "amd64", b"for amd64")
    child = {"mediaType": MANIFEST, "digest": digest, "size": 100}
    missing = {**child, "digest": digests.sha256(b"for arm64")}
    for children, status in ([child], 201), ([child, missing], 404):
        whole = {"schemaVersion": 2, "mediaType": INDEX, "manifests": children}
        data = json.dumps(whole).encode()
        assert http.put_manifest("push/index", "all", data, INDEX).status == status


@pytest.mark.parametrize(
    ("data", "kind", "code"),
    [
        (b"{", MANIFEST, "MANIFEST_INVALID"),
        (b"[]", MANIFEST, "MANIFEST_INVALID"),
        (b"[" * 100_000, MANIFEST, "MANIFEST_INVALID"),
        (b'{"schemaVersion": 1}', MANIFEST, "MANIFEST_INVALID"),
        (b'{"schemaVersion": 2}', MANIFEST, "MANIFEST_INVALID"),
        (b'{"schemaVersion": 2, "layers": 1}', MANIFEST, "MANIFEST_INVALID"),
        (b'{"schemaVersion": 2, "config": {"digest": "../x"}}', MANIFEST,
         "MANIFEST_INVALID"),
        (b'{"schemaVersion": 2}', "text/html", "MANIFEST_INVALID"),
        (b'{"schemaVersion": 2, "mediaType": "x"}', INDEX, "MANIFEST_INVALID"),
        (b" " * (4 << 20) + b"{}", MANIFEST, "SIZE_INVALID"),
    ],
)  # fmt: skip
def test_what_is_no_manifest_is_refused(
    http: Http, data: bytes, kind: str, code: str
) -> None:
    answer = http.put_manifest("push/bad", "1", data, kind)
    assert answer.code == code
    assert 400 <= answer.status < 500


def test_a_manifest_under_another_digest_is_refused(http: Http) -> None:
    config = b"{}"
    http.push_blob("push/named", config)
    wrong = digests.sha256(b"another")
    answer = http.put_manifest("push/named", wrong, image(config))
    assert answer.code == "DIGEST_INVALID"
    right = digests.sha256(image(config))
    assert http.put_manifest("push/named", right, image(config)).status == 201


@pytest.mark.parametrize("tag", ["-x", ".", "..", "a" * 129, "a b", "ü"])
def test_what_is_no_tag_is_refused(http: Http, tag: str) -> None:
    answer = http.put_manifest("push/tags", quote(tag), image(b"{}"))
    assert 400 <= answer.status < 500


@pytest.mark.parametrize(
    "name",
    [
        "UPPER",
        "a//b",
        "a/../b",
        "../../etc",
        "a/.",
        "-a",
        "a" * 256,
        "a%2f..%2fb",
        "a+b",
    ],
)
def test_what_is_no_name_is_refused(http: Http, name: str) -> None:
    answer = http("POST", f"/v2/{name}/blobs/uploads/")
    assert (answer.status, answer.code) == (400, "NAME_INVALID")
