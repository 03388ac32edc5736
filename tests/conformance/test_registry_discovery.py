"""OCI distribution, category "content discovery": tags, repositories, referrers."""

import json
from typing import Any

import pytest

from engine.oci import digest as digests
from tests.conformance import registries
from tests.conformance.registries import INDEX, MANIFEST, Http, image

SIGNATURE = "application/vnd.example.signature"


def test_the_tags_come_in_order(http: Http) -> None:
    for tag in ("b", "a", "C", "1.0"):
        http.push_image("find/tags", tag, b"the same")
    answer = http("GET", "/v2/find/tags/tags/list")
    assert answer.json == {"name": "find/tags", "tags": ["1.0", "C", "a", "b"]}


def test_the_tags_of_nobody(http: Http) -> None:
    answer = http("GET", "/v2/find/nobody/tags/list")
    assert (answer.status, answer.code) == (404, "NAME_UNKNOWN")


def test_tags_in_pages(http: Http) -> None:
    tags = [f"t{number}" for number in range(7)]
    for tag in tags:
        http.push_image("find/pages", tag, b"the same")
    found, path = [], "/v2/find/pages/tags/list?n=3"
    while path:
        answer = http("GET", path)
        assert len(answer.json["tags"]) <= 3
        found += answer.json["tags"]
        link = answer.headers.get("link", "")
        assert not link or link.endswith('; rel="next"')
        path = link.partition("<")[2].partition(">")[0]
    assert found == tags


@pytest.mark.parametrize(
    ("query", "tags"),
    [("last=t2", ["t3"]), ("last=t9", []), ("n=0", []), ("n=2&last=a", ["t0", "t1"])],
)
def test_tags_behind_another(http: Http, query: str, tags: list[str]) -> None:
    for number in range(4):
        http.push_image("find/last", f"t{number}", b"the same")
    assert http("GET", f"/v2/find/last/tags/list?{query}").json["tags"] == tags


@pytest.mark.parametrize("number", ["-1", "many", "%C2%B2", ""])
def test_a_number_that_is_none(http: Http, number: str) -> None:
    http.push_image("find/number", "1", b"the same")
    assert http("GET", f"/v2/find/number/tags/list?n={number}").status == 400


def test_the_catalogue_lists_what_was_pushed(http: Http) -> None:
    http.push_image("find/catalogue/b", "1", b"the same")
    http.push_image("find/catalogue/a", "1", b"the same")
    http.push_blob("find/catalogue/only-a-blob", b"no manifest")
    answer = http("GET", "/v2/_catalog?last=find/catalogue/&n=2")
    assert answer.json["repositories"] == ["find/catalogue/a", "find/catalogue/b"]


def put_signature(http: Http, repository: str, subject: str, **more: Any) -> bytes:
    about = {"mediaType": MANIFEST, "digest": subject, "size": 1}
    config = b"{}"
    http.push_blob(repository, config)
    whole = image(config, subject=about, **more)
    answer = http.put_manifest(repository, digests.sha256(whole), whole)
    assert answer.headers["oci-subject"] == subject
    return whole


def test_what_is_about_a_manifest(http: Http) -> None:
    subject = http.push_image("find/signed", "1", b"signed")
    notes = {"by": "ada"}
    first = put_signature(
        http, "find/signed", subject, artifactType=SIGNATURE, annotations=notes
    )
    second = put_signature(http, "find/signed", subject)
    answer = http("GET", f"/v2/find/signed/referrers/{subject}")
    assert answer.headers["content-type"] == INDEX
    found = {one["digest"]: one for one in answer.json["manifests"]}
    assert set(found) == {digests.sha256(first), digests.sha256(second)}
    ours = found[digests.sha256(first)]
    assert (ours["artifactType"], ours["annotations"]) == (SIGNATURE, notes)
    assert found[digests.sha256(second)]["artifactType"] == registries.CONFIG

    query = f"?artifactType={SIGNATURE}"
    some = http("GET", f"/v2/find/signed/referrers/{subject}{query}")
    assert [one["digest"] for one in some.json["manifests"]] == [digests.sha256(first)]
    assert some.headers["oci-filters-applied"] == "artifactType"


def test_a_signature_may_come_first(http: Http) -> None:
    subject = digests.sha256(b"comes later")
    put_signature(http, "find/early", subject)
    found = http("GET", f"/v2/find/early/referrers/{subject}").json
    assert len(found["manifests"]) == 1


def test_what_nobody_is_about(http: Http) -> None:
    http.push_image("find/alone", "1", b"alone")
    answer = http("GET", f"/v2/find/alone/referrers/{digests.sha256(b'x')}")
    assert (answer.status, json.loads(answer.body)["manifests"]) == (200, [])
    assert http("GET", "/v2/find/alone/referrers/x").code == "DIGEST_INVALID"
