"""Manifest and config: read with care, written so that they read back the same."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import ImageError
from engine.oci.fields import Fields
from engine.oci.image import Descriptor, History, ImageConfig, ImageDefaults, Manifest

DIGEST = "sha256:" + "a" * 64
CONFIG = ImageConfig(
    architecture="amd64",
    created="2024-01-01T00:00:00Z",
    author="me",
    defaults=ImageDefaults(  # noqa: S604  # the image's shell, not a shell of ours
        env=("A=1",),
        cmd=("sh",),
        entrypoint=("/x",),
        working_dir="/srv",
        user="1:1",
        volumes=("/data",),
        exposed_ports=("80/tcp",),
        labels={"a": "b"},
        stop_signal="SIGINT",
        on_build=("RUN x",),
        shell=("/bin/sh", "-c"),
        healthcheck={"Test": ["NONE"]},
    ),
    diff_ids=(DIGEST,),
    history=(History(created_by="x"), History(comment="c", empty_layer=True)),
)


def fields(data: Any) -> Fields:
    return Fields.parse(json.dumps(data).encode(), "image config")


def test_a_config_reads_back_as_it_was_written() -> None:
    assert ImageConfig.from_json(fields(CONFIG.to_json())) == CONFIG


def test_a_manifest_reads_back_as_it_was_written() -> None:
    blob = Descriptor(media_type="x", digest=DIGEST, size=1, annotations={"a": "b"})
    manifest = Manifest(config=blob, layers=(blob, blob))
    assert Manifest.from_json(fields(manifest.to_json())) == manifest


def test_null_and_absent_read_as_empty() -> None:
    config = ImageConfig.from_json(fields({"config": None, "history": None}))
    assert config.defaults == ImageDefaults()


@pytest.mark.parametrize(
    ("data", "where"),
    [
        ({"config": {"Env": "A=1"}}, "image config.config.Env is not a list"),
        ({"config": {"Env": [1]}}, "config.Env is not a list of strings"),
        ({"config": []}, "image config.config is not an object"),
        ({"config": {"Labels": {"a": 1}}}, "Labels is not an object of strings"),
        ({"rootfs": {"diff_ids": ["x"]}}, "rootfs.diff_ids"),
        ({"history": [[]]}, r"history\[0\] is not an object"),
        ({"history": [{"empty_layer": "yes"}]}, "is not true or false"),
        ([], "image config is not an object"),
    ],
)
def test_a_wrong_type_is_an_error_that_says_where(data, where) -> None:
    with pytest.raises(ImageError, match=where):
        ImageConfig.from_json(fields(data))


@pytest.mark.parametrize("text", [b"", b"{", b"\xff", b"[" * 100_000, b"NaN"])
def test_what_is_no_json_object_is_an_image_error(text) -> None:
    with pytest.raises(ImageError):
        ImageConfig.from_json(Fields.parse(text, "image config"))


def test_a_digest_that_is_a_path_is_refused() -> None:
    with pytest.raises(ImageError, match="not a sha256 digest"):
        Descriptor.from_json(fields({"digest": "sha256:../../../etc/passwd"}))


def test_more_than_125_layers_are_refused_with_what_to_do() -> None:
    layer = {"digest": DIGEST, "size": 1}
    data = {"schemaVersion": 2, "config": layer, "layers": [layer] * 126}
    with pytest.raises(ImageError, match="126 layers") as caught:
        Manifest.from_json(fields(data))
    assert caught.value.hint


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from("config rootfs diff_ids history Env Cmd Labels".split()),
            inner,
        )
    ),
)


@given(ANY_JSON)
def test_any_json_at_all_is_a_config_or_an_image_error(data) -> None:
    try:
        ImageConfig.from_json(fields(data))
    except ImageError as error:
        assert "\n" not in error.message
