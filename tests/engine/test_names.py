"""How a container is called, found, listed and described."""

import pytest

from engine.containers import names
from engine.errors import Conflict, EngineError, InvalidArgument, NotFound
from tests.engine.boxes import Box


def test_a_container_is_found_by_name_id_and_the_beginning_of_its_id(box: Box) -> None:
    container = box.create("true", name="found")
    for name in ("found", container.id, container.short_id, container.id[:4]):
        assert box.engine.container(name).id == container.id


def test_a_name_wins_over_the_beginning_of_an_id(box: Box) -> None:
    first = box.create("true")
    second = box.create("true", name=first.id[:6])
    assert box.engine.container(first.id[:6]).id == second.id
    assert box.engine.container(first.id[:7]).id == first.id


def test_the_beginning_of_two_ids_is_refused(box: Box) -> None:
    containers = [box.create("true") for _ in range(17)]  # two begin with one digit
    digits = [container.id[0] for container in containers]
    twice = next(digit for digit in digits if digits.count(digit) > 1)
    with pytest.raises(Conflict, match="Multiple IDs found with provided prefix"):
        box.engine.container(twice)


@pytest.mark.parametrize(
    "name", ["", ".", "..", "/", "a/b", "../names", "nosuch", "\0"]
)
def test_what_is_no_name_finds_nothing(box: Box, name: str) -> None:
    box.create("true")
    with pytest.raises(NotFound):
        box.engine.container(name)


def test_a_name_in_use_is_refused_and_nothing_is_left(box: Box) -> None:
    first = box.create("true", name="q1")
    with pytest.raises(Conflict) as caught:
        box.create("true", name="q1", volumes=("/v",))
    assert caught.value.message == (
        f'Conflict. The container name "/q1" is already in use by container '
        f'"{first.id}". You have to remove (or rename) that container to be able to '
        "reuse that name."
    )
    assert [c.id for c in box.engine.containers(all=True)] == [first.id]
    assert box.engine.volumes() == []


def test_a_name_is_free_again_after_removal(box: Box) -> None:
    box.engine.remove(box.create("true", name="q1").id)
    assert box.create("true", name="q1").name == "q1"


@pytest.mark.parametrize(
    "name", ["bad/name", "-x", ".x", "a b", "x", "", "ä1", "a\n", "../up"]
)
def test_a_name_that_is_none_is_refused(box: Box, name: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        box.create("true", name=name)
    assert caught.value.message == (
        f"Invalid container name ({name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed"
    )


def test_a_container_gets_a_name_that_can_be_said(box: Box) -> None:
    names = {box.create("true").name for _ in range(5)}
    assert len(names) == 5
    assert all("_" in name for name in names)


def test_rename_gives_another_name_and_frees_the_old_one(box: Box) -> None:
    container = box.create("true", name="old")
    box.engine.rename("old", "new")
    assert box.engine.container("new").id == container.id
    with pytest.raises(NotFound):
        box.engine.container("old")
    box.create("true", name="old")


@pytest.mark.parametrize("new", ["taken", "old", "bad/name", ""])
def test_rename_to_what_cannot_be_changes_nothing(box: Box, new: str) -> None:
    container = box.create("true", name="old")
    box.create("true", name="taken")
    with pytest.raises(EngineError) as caught:
        box.engine.rename("old", new)
    assert caught.value.hint
    assert box.engine.container("old").id == container.id
    assert len(box.engine.containers(all=True)) == 2


def test_a_running_container_can_be_renamed(box: Box) -> None:
    container = box.begin(name="old")
    box.engine.rename("old", "new")
    assert box.execute("new", "echo", "hi").out == "hi\n"
    assert box.engine.container("new").id == container.id


def test_a_list_shows_what_runs_newest_first_and_all_when_asked(box: Box) -> None:
    box.create("true", name="c1")
    box.begin(name="r1")
    box.begin(name="p1")
    box.engine.pause("p1")
    box.foreground(box.create("true", name="e1").id)
    assert [c.name for c in box.engine.containers()] == ["p1", "r1"]
    every = [c.name for c in box.engine.containers(all=True)]
    assert every == ["e1", "p1", "r1", "c1"]


def test_inspect_has_dockers_fields(box: Box) -> None:
    container = box.begin(
        *("sleep", "1000"),
        name="seen",
        hostname="inside",
        environment=("A=1",),
        labels={"k": "v"},
        working_directory="/tmp",
        memory=64 << 20,
        cpus=0.5,
        pids_limit=50,
        volumes=("data:/data", "/tmp:/host:ro"),
        tmpfs=("/t:size=1m",),
        capabilities_add=("NET_ADMIN",),
        read_only=True,
    )
    shown = box.engine.inspect("seen")
    assert shown["Id"] == container.id
    assert shown["Name"] == "/seen"
    assert (shown["Path"], shown["Args"]) == ("sleep", ["1000"])
    assert shown["Image"] == box.engine.image("busybox").id
    state = shown["State"]
    assert (state["Status"], state["Running"], state["Paused"]) == (
        "running",
        True,
        False,
    )
    assert state["Pid"] == container.state.pid
    assert state["FinishedAt"] == "0001-01-01T00:00:00Z"
    config = shown["Config"]
    assert config["Hostname"] == "inside"
    assert "A=1" in config["Env"]
    assert config["Labels"]["k"] == "v"
    assert config["WorkingDir"] == "/tmp"
    assert config["Image"] == "busybox"
    host = shown["HostConfig"]
    assert (host["Memory"], host["MemorySwap"]) == (64 << 20, 128 << 20)
    assert (host["NanoCpus"], host["PidsLimit"]) == (500_000_000, 50)
    assert host["CapAdd"] == ["CAP_NET_ADMIN"]
    assert host["ReadonlyRootfs"] is True
    assert host["Tmpfs"] == {"/t": "size=1m"}
    assert [(m["Type"], m["Destination"], m["RW"]) for m in shown["Mounts"]] == [
        ("volume", "/data", True),
        ("bind", "/host", False),
    ]


def test_inspect_finds_images_and_volumes_too(box: Box) -> None:
    box.engine.create_volume("data", {"a": "b"})
    assert box.engine.inspect("busybox")["Os"] == "linux"
    volume = box.engine.inspect("data")
    assert (volume["Name"], volume["Driver"], volume["Labels"]) == (
        *("data", "local"),
        {"a": "b"},
    )
    with pytest.raises(NotFound, match="No such object: nosuch"):
        box.engine.inspect("nosuch")


def test_inspect_can_be_told_what_to_look_for(box: Box) -> None:
    box.create("true", name="busybox")
    assert "State" in box.engine.inspect("busybox")
    assert "RootFS" in box.engine.inspect("busybox", "image")
    with pytest.raises(NotFound, match="no such volume"):
        box.engine.inspect("busybox", "volume")
    with pytest.raises(NotFound, match="No such container"):
        box.engine.inspect("nosuch", "container")


@pytest.mark.parametrize("image", ["nosuch", "nosuch:tag", "busybox:nosuch", "0" * 64])
def test_an_image_that_is_not_there_is_refused(box: Box, image: str) -> None:
    with pytest.raises(NotFound, match="No such image") as caught:
        box.create("true", image=image)
    assert caught.value.exit_code == 125


def test_an_image_in_use_is_not_removed(box: Box) -> None:
    image = box.image("mine", {"x": ""})
    box.create("true", image=image)
    with pytest.raises(Conflict):
        box.engine.remove_image("mine")


def test_an_image_of_a_running_container_is_not_removed_by_force(box: Box) -> None:
    image = box.image("mine", {"x": "below\n"})
    container = box.begin(image=image)
    with pytest.raises(Conflict, match="cannot be forced"):
        box.engine.remove_image(box.engine.image("mine").id, force=True)
    assert box.execute(container.id, "cat", "/x").out == "below\n"


def test_a_container_of_an_image_removed_by_force_still_starts(box: Box) -> None:
    image = box.image("mine", {"x": "below\n"})
    container = box.create("cat", "/x", image=image)
    box.engine.remove_image("mine", force=True)
    assert box.foreground(container.id).out == "below\n"


def test_a_name_that_nobody_asked_for_is_never_in_use(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "_MANNERS", ("keen",))
    monkeypatch.setattr(names, "_PEOPLE", ("knuth",))
    found = [box.create("true").name for _ in range(3)]
    assert found[0] == "keen_knuth"
    assert len(set(found)) == 3
