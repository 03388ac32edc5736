"""What follows -v, --mount, --tmpfs and --volumes-from: how it is read and refused."""

import pytest

from engine.containers import binds
from engine.containers.options import mount_request
from engine.containers.options.asked import ContainerOptions
from engine.containers.options.mount_option import mount_option
from engine.containers.options.mount_request import (
    MountRequest,
    tmpfs_option,
    volume_option,
)
from engine.errors import InvalidArgument


def refusal(text: str) -> str:
    with pytest.raises(InvalidArgument) as caught:
        mount_option(text)
    assert caught.value.hint
    return caught.value.message


def test_the_keys_have_the_short_names_of_mount() -> None:
    short = mount_option("type=bind,src=/a,dst=/b,ro")
    assert short == mount_option("type=bind,source=/a,target=/b,readonly=true")
    assert short == MountRequest(
        type="bind", source="/a", destination="/b", read_only=True
    )


def test_a_mount_without_a_type_is_a_volume() -> None:
    assert mount_option("target=/x").type == "volume"


def test_a_value_with_a_comma_stands_in_quotes() -> None:
    assert mount_option('type=bind,"source=/a,b",target=/c').source == "/a,b"


def test_a_volume_has_labels_and_options_of_its_driver() -> None:
    text = "type=volume,source=data,target=/d,volume-nocopy,volume-label=a=b=c,"
    request = mount_option(text + "volume-label=d,volume-opt=device=/x")
    assert request.labels == {"a": "b=c", "d": ""}
    assert request.driver_options == {"device": "/x"}
    assert not request.fill


def test_the_size_of_a_tmpfs_is_bytes_and_its_mode_octal() -> None:
    request = mount_option("type=tmpfs,target=/t,tmpfs-size=1m,tmpfs-mode=1700")
    assert request.words == ("size=1048576", "mode=1700")


@pytest.mark.parametrize("word", ["bind-nonrecursive", "bind-recursive=disabled"])
def test_a_bind_can_leave_out_what_is_mounted_below(word: str) -> None:
    assert not mount_option(f"type=bind,src=/a,dst=/b,{word}").recursive


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("type=bind,target=/x", "field Source must not be empty"),
        ("type=bind,source=rel,target=/x", "invalid mount path: 'rel'"),
        ("type=volume,target=x", "invalid mount path: 'x' mount path must be abs"),
        ("type=volume,target=/", "destination can't be '/'"),
        ("type=volume,target=/a/..", "destination can't be '/'"),
        ("type=foo,target=/x", 'invalid mount config for type "foo": mount type unk'),
        ("type=volume,foo=1,target=/x", "unexpected key 'foo' in 'foo=1'"),
        ("type=volume,foo,target=/x", "invalid field 'foo' must be a key=value pair"),
        ("type=tmpfs,source=a,target=/x", "field Source must not be specified"),
        ("type=tmpfs,target=/x,tmpfs-size=abc", "invalid value for tmpfs-size: abc"),
        ("type=tmpfs,target=/x,tmpfs-size=-1", "invalid value for tmpfs-size: -1"),
        ("type=tmpfs,target=/x,tmpfs-size=99999999999t", "invalid value for tmpfs-s"),
        ("type=tmpfs,target=/x,tmpfs-mode=999", "invalid value for tmpfs-mode: 999"),
        ("type=tmpfs,target=/x,volume-nocopy", "cannot mix 'volume-*' options"),
        ("target=/x,bind-propagation=private", "cannot mix 'bind-*' options"),
        ("target=/x,tmpfs-size=1m", "cannot mix 'tmpfs-*' options"),
        ("target=/x,readonly=foo", "invalid value for readonly: foo"),
        ("type=volume", "target is required"),
        ("target=/x,volume-driver=nosuch", 'plugin "nosuch" not found'),
        ("type=bind,src=/a,dst=/x,bind-propagation=foo", "invalid propagation mode"),
        ("type=bind,src=/a,dst=/x,bind-propagation=rshared", "is not supported"),
        ("", ""),
        ('"type=volume', ""),
        ("target=/x\ntarget=/y", ""),
    ],
)
def test_what_makes_no_sense_after_mount_is_refused(text: str, words: str) -> None:
    assert words in refusal(text)


def test_what_stands_behind_v() -> None:
    assert volume_option("/srv:/www:ro,z").source == "/srv"
    assert volume_option("/srv:/www:ro,z").read_only
    assert volume_option("data:/d:nocopy") == MountRequest(
        type="volume",
        source="data",
        destination="/d",
        mode="nocopy",
        make_source=True,
        fill=False,
    )
    assert volume_option("/cache").source == ""
    assert volume_option("/a:/b/../c//d/").destination == "/c/d"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "invalid empty volume spec"),
        (":/x", "empty section between colons"),
        ("data:", "empty section between colons"),
        ("data:/x:", "empty section between colons"),
        ("a:b:c:d", "too many colons"),
        ("data:x", "invalid mount path: 'x' mount path must be absolute"),
        ("data:/", "destination can't be '/'"),
        ("/tmp:/x:foo", "invalid mode: foo"),
        ("/tmp:/x:ro,rw", "invalid mode: ro,rw"),
        ("/tmp:/x:z,Z", "invalid mode: z,Z"),
        ("data:/x:nocopy,nocopy", "invalid mode: nocopy,nocopy"),
        ("/tmp:/x:nocopy", "nocopy is for volumes"),
        ("data:/x:private", "a volume has no mount propagation"),
        ("/tmp:/x:rslave", "mount propagation rslave is not supported"),
    ],
)
def test_what_makes_no_sense_behind_v_is_refused(text: str, words: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        volume_option(text)
    assert words in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    "text", ["t", "/t:foo", "/t:size=abc", "/t:size", "/t:mode=9", "/", "/t:shared"]
)
def test_what_makes_no_sense_after_tmpfs_is_refused(text: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        tmpfs_option(text)
    assert caught.value.hint


@pytest.mark.parametrize("text", ["", ":ro", "a:", "a:foo", "a:nocopy", "a:ro,rw"])
def test_what_makes_no_sense_after_volumes_from_is_refused(text: str) -> None:
    with pytest.raises(InvalidArgument):
        mount_request.shared_option(text)


@pytest.mark.parametrize(
    "asked",
    [
        {"volumes": ("ab:/x", "cd:/x")},
        {"volumes": ("ab:/x",), "mounts": ("type=tmpfs,target=/x",)},
        {"volumes": ("ab:/x",), "tmpfs": ("/x/",)},
        {"mounts": ("target=/x", "target=/y/../x")},
    ],
)
def test_two_mounts_at_one_place_are_refused(asked: dict[str, tuple[str, ...]]) -> None:
    options = ContainerOptions(image="busybox", **asked)  # type: ignore[arg-type]  # fields by name
    with pytest.raises(InvalidArgument, match="Duplicate mount point: /x"):
        binds.requests(options)


def test_the_same_option_twice_is_the_option_once() -> None:
    options = ContainerOptions(
        image="busybox", volumes=("ab:/x", "ab:/x"), tmpfs=("/t:size=1m", "/t:size=2m")
    )
    assert [request.words for request in binds.requests(options)] == [(), ("size=2m",)]
