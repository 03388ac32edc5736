"""OCI distribution: every endpoint of the specification's table, by its number.

The same requests go to docker-registry, to see that it is not only us who read the
specification so. What its version 2.8 does otherwise, the specification allows, or has
added since: a blob in one POST (end-4b) may be answered 202, and referrers (end-12)
came with 1.1. Whoever asks for a manifest has to say there that they can read it.

Source: opencontainers/distribution-spec 1.1, "Endpoints"
"""

import json
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.oci import digest as digests
from tests import machine
from tests.conformance import registries
from tests.conformance.registries import INDEX, MANIFEST, Answer, Http, image

LAYER, LATER = b"a layer", b"another layer"
CONFIG = b"{}"
WHOLE = image(CONFIG, LAYER)
NAME = "all/endpoints"
DIGEST = digests.sha256(WHOLE)
ENDPOINTS = {
    "end-1": ("GET", "/v2/", 200),
    "end-2": ("GET", "/v2/{name}/blobs/{layer}", 200),
    "end-2-head": ("HEAD", "/v2/{name}/blobs/{layer}", 200),
    "end-2-not-found": ("HEAD", "/v2/{name}/blobs/{nothing}", 404),
    "end-3-tag": ("GET", "/v2/{name}/manifests/1", 200),
    "end-3-digest": ("GET", "/v2/{name}/manifests/{digest}", 200),
    "end-3-head": ("HEAD", "/v2/{name}/manifests/{digest}", 200),
    "end-3-not-found": ("GET", "/v2/{name}/manifests/nosuch", 404),
    "end-4a": ("POST", "/v2/{name}/blobs/uploads/", 202),
    "end-8a": ("GET", "/v2/{name}/tags/list", 200),
    "end-8b": ("GET", "/v2/{name}/tags/list?n=1&last=0", 200),
    "end-8-not-found": ("GET", "/v2/no/such/tags/list", 404),
    "end-9-tag-not-found": ("DELETE", "/v2/{name}/manifests/{nothing}", 404),
    "end-10-not-found": ("DELETE", "/v2/{name}/blobs/{nothing}", 404),
    "end-11": ("POST", "/v2/{name}-2/blobs/uploads/?mount={layer}&from={name}", 201),
}  # fmt: skip
PLACES = {
    "name": NAME,
    "layer": digests.sha256(LAYER),
    "digest": DIGEST,
    "nothing": digests.sha256(b"nothing"),
}


@pytest.fixture(scope="module", params=["ours", "dockers"])
def asked(request: pytest.FixtureRequest, run_directory: Path) -> Iterator[Http]:
    """A registry that has one image; of each kind."""
    if request.param == "dockers":
        machine.need("docker-registry")
    folder = run_directory / f"endpoints-{request.param}"
    with getattr(registries, request.param)(folder) as server:
        http = Http(server)
        for blob in (CONFIG, LAYER):
            upload(http, blob)
        assert http.put_manifest(NAME, "1", WHOLE).status == 201
        yield http


def upload(http: Http, blob: bytes) -> Answer:
    """In two requests, as every registry takes it (end-4a, end-6)."""
    place = http.begin(NAME)
    joint = "&" if "?" in place else "?"
    return http("PUT", f"{path_of(place)}{joint}digest={digests.sha256(blob)}", blob)


def path_of(location: str) -> str:
    """docker-registry answers with whole URLs."""
    parts = urllib.parse.urlsplit(location)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


@pytest.mark.parametrize("number", ENDPOINTS)
def test_an_endpoint_answers_as_the_specification_says(
    asked: Http, number: str
) -> None:
    method, path, status = ENDPOINTS[number]
    answer = asked(method, path.format(**PLACES), accept=MANIFEST)
    assert answer.status == status
    if status == 404 and method != "HEAD":
        (error,) = json.loads(answer.body)["errors"]
        assert error["code"].replace("_", "").isupper()
    if "{digest}" in path:
        assert answer.headers["docker-content-digest"] == DIGEST
        assert answer.headers["content-type"] == MANIFEST


def test_end_4a_5_13_6_an_upload_in_pieces(asked: Http) -> None:
    place = path_of(asked.begin(NAME))
    sent = asked("PATCH", place, LATER[:5], content_range="0-4")
    assert (sent.status, sent.headers["range"]) == (202, "0-4")
    place = path_of(sent.headers["location"])
    found = asked("GET", place)
    assert (found.status, found.headers["range"]) == (204, "0-4")
    place = path_of(found.headers["location"])
    end, digest = f"5-{len(LATER) - 1}", digests.sha256(LATER)
    joint = "&" if "?" in place else "?"
    put = asked("PUT", f"{place}{joint}digest={digest}", LATER[5:], content_range=end)
    assert put.status == 201
    assert asked("GET", path_of(put.headers["location"])).body == LATER


def test_end_4b_a_blob_in_one_request_or_an_invitation_to_use_two(asked: Http) -> None:
    digest = digests.sha256(b"at once")
    path = f"/v2/{NAME}/blobs/uploads/?digest={digest}"
    assert asked("POST", path, b"at once").status in (201, 202)


def test_end_7_a_manifest_says_where_it_is_now(asked: Http) -> None:
    answer = asked.put_manifest(NAME, "2", WHOLE)
    assert answer.status == 201
    assert answer.headers["docker-content-digest"] == DIGEST
    place = path_of(answer.headers["location"])
    assert asked("GET", place, accept=MANIFEST).body == WHOLE


def test_end_9_and_10_what_is_deleted_is_gone(asked: Http) -> None:
    gone = image(CONFIG, LAYER, annotations={"is": "deleted"})
    digest = digests.sha256(gone)
    assert asked.put_manifest(NAME, "gone", gone).status == 201
    assert asked("DELETE", f"/v2/{NAME}/manifests/{digest}").status == 202
    for reference in ("gone", digest):
        assert asked("GET", f"/v2/{NAME}/manifests/{reference}").status == 404
    assert upload(asked, b"also gone").status == 201
    blob = f"/v2/{NAME}/blobs/{digests.sha256(b'also gone')}"
    assert asked("DELETE", blob).status == 202
    assert asked("GET", blob).status == 404


def test_end_12_referrers_where_they_are_known(asked: Http) -> None:
    about = {"mediaType": MANIFEST, "digest": DIGEST, "size": len(WHOLE)}
    signature = image(CONFIG, LAYER, subject=about, artifactType="application/x.signed")
    put = asked.put_manifest(NAME, digests.sha256(signature), signature)
    assert put.status == 201
    found = asked("GET", f"/v2/{NAME}/referrers/{DIGEST}?artifactType=none/such")
    if "oci-subject" not in put.headers:  # so the specification tells who knows them
        assert found.status == 404
        return
    assert put.headers["oci-subject"] == DIGEST
    assert (found.status, found.json["manifests"]) == (200, [])
    assert found.headers["oci-filters-applied"] == "artifactType"
    whole = asked("GET", f"/v2/{NAME}/referrers/{DIGEST}")
    assert whole.headers["content-type"] == INDEX
    (one,) = whole.json["manifests"]
    assert one["digest"] == digests.sha256(signature)
    assert one["artifactType"] == "application/x.signed"
