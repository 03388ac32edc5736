"""Which containers, images and volumes a filter leaves. Docker was asked the same."""

from collections.abc import Mapping

import pytest

from engine.engine import Engine, EngineError
from tests.engine.boxes import LASTS, Box


@pytest.fixture
def three(box: Box) -> Box:
    """A container that runs, one that ended with 3, and one of an image made of it."""
    box.begin(
        *LASTS, name="box", labels={"a": "b", "team": "x"}, volumes=("vol:/data",)
    )
    gone = box.create("sh", "-c", "exit 3", name="gone")
    box.foreground(gone.id)
    box.engine.commit(gone.id, "child:1")
    Box(box.engine, "child:1").create("true", name="kid")
    return box


def names(box: Box, **filters: str) -> list[str]:
    wanted = {key.replace("_", "-"): value.split(";") for key, value in filters.items()}
    return [one.name for one in box.engine.containers(all=True, filters=wanted)]


def test_a_container_is_shown_if_it_agrees_with_every_filter(three: Box) -> None:
    everything = ["kid", "gone", "box"]
    assert names(three) == everything
    assert names(three, name="^/k") == names(three, name="^k") == ["kid"]
    assert names(three, name="kid;gone") == ["kid", "gone"]
    assert names(three, name="[") == []
    assert names(three, status="exited;created") == ["kid", "gone"]
    assert names(three, exited="3") == ["gone"]
    assert names(three, exited="0") == []
    assert names(three, label="a") == names(three, label="a=b;team=x") == ["box"]
    assert names(three, label="a=b;team=y") == []
    assert names(three, volume="vol") == names(three, volume="/data") == ["box"]
    assert names(three, network="none") == everything
    assert names(three, health="none") == everything
    assert names(three, is_task="false") == everything
    assert names(three, is_task="true") == []
    assert names(three, status="running", label="a=c") == []


def test_a_port_is_noted_or_published(box: Box) -> None:
    box.create("true", name="noted", exposed=("53/udp",))
    box.create("true", name="out", network="bridge", ports=("8080:80", "90-91"))
    assert names(box, expose="53/udp") == ["noted"]
    assert names(box, publish="53/udp") == names(box, publish="8080") == []
    assert names(box, publish="80") == names(box, expose="80/tcp") == ["out"]
    assert names(box, publish="91-95") == ["out"]


def test_since_and_before_compare_with_another_container(three: Box) -> None:
    assert names(three, since="gone") == ["kid"]
    assert names(three, before="gone") == ["box"]


def test_an_ancestor_is_an_image_or_what_that_was_made_from(three: Box) -> None:
    assert names(three, ancestor="child:1") == ["kid"]
    assert names(three, ancestor="busybox") == ["kid", "gone", "box"]
    assert names(three, ancestor="nosuch") == []


def test_without_all_only_a_status_shows_what_does_not_run(three: Box) -> None:
    def shown(filters: Mapping[str, list[str]]) -> list[str]:
        return [one.name for one in three.engine.containers(filters=filters)]

    assert shown({"exited": ["3"]}) == []
    assert shown({"status": ["exited"]}) == ["gone"]


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("foo", "bar", "Invalid filter 'foo'"),
        ("status", "foo", "Invalid filter 'status=foo'"),
        ("health", "foo", "Unrecognised filter value for health: foo"),
        ("is-task", "x", "Invalid filter 'is-task=[x]'"),
        ("exited", "abc", "'abc' is no number"),
        ("before", "nosuch", "No such container: nosuch"),
    ],
)
def test_a_filter_that_makes_no_sense_is_refused(
    box: Box, key: str, value: str, words: str
) -> None:
    box.create("true")
    with pytest.raises(EngineError) as refusal:
        box.engine.containers(all=True, filters={key: [value]})
    assert words in refusal.value.message
    assert refusal.value.hint


def test_images_are_filtered_by_name_age_label_and_want_of_a_name(three: Box) -> None:
    engine = three.engine
    engine.tag("child:1", "other/child:2")

    def shown(**filters: str) -> list[str]:
        found = engine.images(filters={key: [text] for key, text in filters.items()})
        return [name for image in found for name in image.references or ("<none>",)]

    assert shown(reference="chi*") == shown(reference="*:1") == ["child:1"]
    assert shown(reference="*/child") == ["other/child:2"]
    assert shown(before="child:1") == ["busybox:latest"]
    assert shown(since="busybox") == ["child:1", "other/child:2"]
    assert shown(label="a=b") == shown(dangling="true") == []
    engine.commit("gone")
    assert shown(dangling="true") == ["<none>"]
    with pytest.raises(EngineError, match="Invalid filter 'foo'"):
        shown(foo="1")


def test_volumes_are_filtered_by_name_label_and_use(three: Box) -> None:
    engine: Engine = three.engine
    engine.create_volume("spare", {"x": "y"})

    def shown(**filters: str) -> list[str]:
        wanted = {key: [text] for key, text in filters.items()}
        return [volume.name for volume in engine.volumes(wanted)]

    assert shown(dangling="1") == shown(name="^sp") == shown(label="x=y") == ["spare"]
    assert shown(dangling="false") == ["vol"]
    assert shown(driver="local") == ["spare", "vol"]
    assert shown(driver="nfs") == []


def test_the_size_of_a_container_is_what_it_has_written(box: Box) -> None:
    made = box.create(
        "sh", "-c", "printf 12345 >/f; ln /f /g; mkdir -p /d/e", name="big"
    )
    box.foreground(made.id)
    written, together = box.engine.container_size("big")
    assert written == 5
    assert together == 5 + box.engine.image("busybox").size
