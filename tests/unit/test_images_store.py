"""The image store: names move, images stay, and what is removed is what Docker says."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from engine import files
from engine.errors import (
    Conflict,
    EngineError,
    ImageError,
    InvalidArgument,
    InvalidReference,
    NotFound,
)
from engine.images import deleting
from engine.images.base import ensure_base_image
from engine.images.removal import Use
from engine.images.store import ImageStore
from engine.images.stored import StoredImage
from engine.oci import digest as digests
from engine.oci.image import History, ImageConfig
from tests import tars
from tests.tars import archive, regular

pytestmark = pytest.mark.require("root")

TAR = archive(regular("etc/motd", b"hello"))


@pytest.fixture
def store(tmp_path: Path) -> ImageStore:
    return ImageStore(tmp_path / "root")


def imported(store: ImageStore, name: str, content: str = "x") -> StoredImage:
    return tars.imported(store, archive(regular(content)), name)


def child(store: ImageStore, parent: StoredImage, name: str | None) -> StoredImage:
    """An image with one layer more, as commit makes it."""
    upper = store.root / "upper"
    upper.mkdir(exist_ok=True)
    (upper / f"of-{parent.short_id}").write_text("new")
    with store.writing():
        layer = store.add_layer(upper)
        config = parent.config._replace(
            created="2030-01-01T00:00:00Z",
            diff_ids=(*parent.config.diff_ids, layer.diff_id),
            history=(*parent.config.history, History(created_by="sh", comment="why")),
        )
        stack = [*parent.manifest.layers, layer.descriptor]
        return store.add(config, stack, name, parent.id)


# Finding


def test_an_empty_store_has_no_images_and_is_not_created_by_looking(store) -> None:
    assert store.list() == []
    assert not store.root.exists()


def test_an_image_is_found_by_every_name_it_has(store) -> None:
    image = imported(store, "me/shop:1")
    store.tag(image, "shop")
    names = ["me/shop:1", "docker.io/me/shop:1", "shop", "shop:latest", image.id]
    names += [image.short_id, f"shop@{image.manifest_digest}", image.id[:20]]
    for name in names:
        assert store.find(name).id == image.id, name
    assert store.find("shop").references == ("me/shop:1", "shop:latest")


@pytest.mark.parametrize(
    "name", ["nosuch", "docker.io/library/nosuch", "nosuch:latest"]
)
def test_what_is_not_there_is_said_in_dockers_words(store, name) -> None:
    with pytest.raises(NotFound, match=r"^No such image: nosuch:latest$"):
        store.find(name)


def test_a_name_with_a_slip_is_guessed(store) -> None:
    imported(store, "shop:1", "a")
    imported(store, "cellar", "b")
    for typed, meant in (("shpo:1", "shop:1"), ("celar", "cellar")):
        with pytest.raises(NotFound) as caught:
            store.find(typed)
        assert caught.value.hint.startswith(f"Did you mean {meant}?")
    with pytest.raises(NotFound) as caught:
        store.find("alpine")
    assert "lab load" in caught.value.hint


def test_a_name_that_is_no_name_is_an_invalid_reference(store) -> None:
    with pytest.raises(InvalidReference):
        store.find("Not A Name")


def test_a_name_wins_over_the_beginning_of_an_id(store) -> None:
    first, second = imported(store, "a:1", "a"), imported(store, "b:1", "b")
    store.tag(second, first.short_id)
    assert store.find(first.short_id).id == second.id


def test_an_image_that_is_still_there_is_not_read_again(store) -> None:
    image = imported(store, "a")
    store.content.path(image.manifest_digest).unlink()
    assert store.catalogue.still(image) is image


def test_an_image_that_has_gone_meanwhile_is_not_there_any_more(store) -> None:
    image = imported(store, "a")
    removed(store, "a")
    with pytest.raises(NotFound):
        store.catalogue.still(image)


def test_an_id_that_begins_two_images_is_refused(store) -> None:
    images = [imported(store, f"a:{n}", str(n)) for n in range(17)]
    digits = [digests.hex_of(image.id)[0] for image in images]
    twice = next(digit for digit in digits if digits.count(digit) > 1)
    with pytest.raises(NotFound, match="beginning of"):
        store.find(twice)


# Naming


def test_a_name_given_again_moves_and_the_old_image_stays_without(store) -> None:
    old, new = imported(store, "a:1", "old"), imported(store, "a:1", "new")
    assert store.find("a:1").id == new.id
    assert store.find(old.id).references == ()


def test_tagging_an_unnamed_image_leaves_one_entry(store) -> None:
    image = imported(store, "a:1")
    imported(store, "a:1", "other")
    store.tag(store.find(image.id), "b:1")
    assert store.find(image.id).references == ("b:1",)
    assert len(store.index.read()) == 2


def test_a_name_with_a_digest_cannot_be_given(store) -> None:
    image = imported(store, "a:1")
    with pytest.raises(InvalidArgument, match="refusing to create a tag"):
        store.tag(image, f"a@{image.manifest_digest}")


def test_images_are_listed_newest_first_without_unnamed_parents(store) -> None:
    base = imported(store, "a:1")
    middle = child(store, base, None)
    top = child(store, middle, "top:1")
    assert {i.id for i in store.list()} == {base.id, middle.id, top.id}
    assert {i.id for i in store.list(intermediate=False)} == {base.id, top.id}
    assert store.list()[-1].id == base.id


def test_many_processes_can_name_images_at_once(store) -> None:
    image = imported(store, "a:1")
    script = (
        "import sys; from pathlib import Path\n"
        "from engine.images.store import ImageStore\n"
        "s = ImageStore(Path(sys.argv[1])); i = s.find('a:1')\n"
        "for n in range(5): s.tag(i, f'p{sys.argv[2]}:{n}')"
    )
    command = [sys.executable, "-c", script, str(store.root)]
    running = [subprocess.Popen([*command, str(n)]) for n in range(4)]
    assert [process.wait() for process in running] == [0] * 4
    assert len(store.find("a:1").references) == 21
    assert store.find("p3:4").id == image.id


# Making


def test_the_id_is_the_digest_of_the_config_as_it_is_on_the_disk(store) -> None:
    image = imported(store, "a:1")
    assert digests.sha256(store.content.path(image.id).read_bytes()) == image.id


def test_a_crash_before_the_name_leaves_no_image(store, monkeypatch) -> None:
    image = imported(store, "a:1")

    def crash(*_: object, **__: object) -> None:
        raise OSError(5, "the power went")

    monkeypatch.setattr(files, "write_json", crash)
    with pytest.raises(OSError, match="power"):
        child(store, image, "b:1")
    monkeypatch.undo()
    assert [i.references for i in store.list()] == [("a:1",)]
    before = len(list(store.content.blobs.iterdir()))
    store.collect()
    assert len(list(store.content.blobs.iterdir())) < before


def test_the_layers_of_a_child_lie_above_those_of_its_parent(store) -> None:
    base = imported(store, "a:1")
    top = child(store, base, "b:1")
    directories = store.layer_directories(top)
    assert os.listdir(directories[0]) == [f"of-{base.short_id}"]
    assert directories[1:] == store.layer_directories(base)


def test_sizes_are_the_bytes_in_the_files(store) -> None:
    base = tars.imported(store, TAR, "a:1")
    assert (base.size, child(store, base, "b:1").size) == (5, 8)


def test_import_notes_changes_and_message(store) -> None:
    image = tars.imported(store, TAR, "a:1", ['CMD ["x"]'], "from a friend")
    assert image.config.defaults.cmd == ("x",)
    [row] = store.history(image)
    assert (row.comment, row.size, row.id) == ("from a friend", 5, image.id)


def test_import_with_a_wrong_change_leaves_nothing(store) -> None:
    with pytest.raises(InvalidArgument):
        tars.imported(store, TAR, "a:1", ["RUN x"])
    assert store.list() == []
    assert not any(store.content.blobs.iterdir())


def test_a_config_of_wrong_types_is_refused_by_name(store) -> None:
    imported(store, "a:1")
    [entry] = store.index.read()
    blob = store.content.write(json.dumps({"schemaVersion": 2, "layers": {}}).encode())
    with store.index.changing() as entries:
        entries[:] = [entry._replace(digest=blob.digest, size=blob.size)]
    with pytest.raises(EngineError, match=r"manifest\.layers is not a list"):
        store.find("a:1")


# Looking


def test_history_names_parents_that_are_here_and_misses_others(store) -> None:
    base = imported(store, "a:1")
    top = child(store, base, "b:1")
    assert [row.id for row in store.history(top)] == [top.id, base.id]
    assert [row.tags for row in store.history(top)] == [("b:1",), ("a:1",)]
    alone = ensure_base_image(store)
    assert [row.id for row in store.history(alone)] == [alone.id, "<missing>"]


def test_a_stack_has_every_step_and_marks_those_without_a_layer(store) -> None:
    steps = store.stack(ensure_base_image(store))
    assert [step.empty for step in steps] == [False, True]
    assert steps[0].directory == store.snapshots.path(steps[0].chain_id)


def test_inspect_has_dockers_shape(store) -> None:
    image = child(store, imported(store, "a:1"), "b:1")
    shown = store.inspect(image)
    assert shown["Id"] == image.id
    assert shown["RepoTags"] == ["b:1"]
    assert shown["Comment"] == "why"
    assert shown["RootFS"]["Layers"] == list(image.config.diff_ids)
    assert len(shown["GraphDriver"]["Data"]["LowerDir"].split(":")) == 1
    json.dumps(shown)


# Removing


def removed(
    store: ImageStore, name: str, *, force: bool = False, **use: Any
) -> list[str]:
    return deleting.remove(store, name, lambda: Use(**use), force=force)


def test_removing_one_of_two_names_only_untags(store) -> None:
    image = imported(store, "a:1")
    store.tag(image, "b:1")
    assert removed(store, "a:1") == ["Untagged: a:1"]
    assert store.find("b:1").id == image.id


def test_removing_the_last_name_deletes_the_image_with_all_it_had(store) -> None:
    image = imported(store, "a:1")
    lines = ["Untagged: a:1", f"Deleted: {image.id}", f"Deleted: {image.chain_ids[0]}"]
    assert removed(store, "a:1") == lines
    assert not any(store.content.blobs.iterdir())
    assert not any(store.snapshots.directory.iterdir())


def test_an_image_with_children_loses_its_name_and_stays(store) -> None:
    base = imported(store, "a:1")
    child(store, base, "b:1")
    assert removed(store, "a:1") == ["Untagged: a:1"]
    with pytest.raises(
        Conflict, match=r"cannot be forced\) - image has dependent child"
    ):
        removed(store, base.id, force=True)


def test_parents_without_a_name_go_with_the_last_child(store) -> None:
    base = imported(store, "a:1")
    child(store, child(store, base, None), "b:1")
    removed(store, "a:1")
    assert sum(line.startswith("Deleted") for line in removed(store, "b:1")) == 6
    assert store.list() == []


def test_layers_shared_with_another_image_stay(store) -> None:
    base = imported(store, "a:1")
    removed(store, child(store, base, "b:1").id)
    assert store.layer_directories(store.find("a:1"))


def test_a_used_image_keeps_its_last_name_unless_forced(store) -> None:
    image = imported(store, "a:1")
    used = {image.id: ["c" * 64]}
    words = (
        r'unable to remove repository reference "a:1" \(must force\) - container c{12}'
    )
    with pytest.raises(Conflict, match=words):
        removed(store, "a:1", used_by=used)
    assert removed(store, "a:1", used_by=used, force=True)[0] == "Untagged: a:1"


def test_the_name_of_a_running_containers_image_can_be_forced_away(store) -> None:
    image = imported(store, "a:1")
    use = {"used_by": {image.id: ["c" * 64]}, "running": {"c" * 64}}
    with pytest.raises(Conflict, match=r"\(must force\)"):
        removed(store, "a:1", **use)
    assert removed(store, "a:1", force=True, **use) == ["Untagged: a:1"]
    assert store.find(image.id).references == ()


def test_an_image_of_a_stopped_container_is_deleted_by_force_and_its_layers_stay(
    store,
) -> None:
    image = imported(store, "a:1")
    directories = store.layer_directories(image)
    used = {image.id: ["c" * 64]}
    with pytest.raises(Conflict, match=r"must be forced\) - .* stopped container"):
        removed(store, image.id, used_by=used)
    use = {"used_by": used, "snapshots": directories}
    assert removed(store, image.id, force=True, **use) == [
        "Untagged: a:1",
        f"Deleted: {image.id}",  # and of its layer nothing: it is still there
    ]
    assert directories[0].is_dir()
    store.collect(in_use=lambda: directories)
    assert directories[0].is_dir()
    store.collect()
    assert not directories[0].exists()


def test_an_image_of_a_running_container_cannot_even_be_forced(store) -> None:
    image = imported(store, "a:1")
    used, running = {image.id: ["c" * 64]}, {"c" * 64}
    with pytest.raises(Conflict, match=r"cannot be forced\) - .* running container"):
        removed(store, image.id, used_by=used, running=running, force=True)


@pytest.mark.parametrize("other", ["a:2", "b:1"])
def test_an_id_with_several_names_must_be_forced(store, other: str) -> None:
    image = imported(store, "a:1")
    store.tag(image, other)
    with pytest.raises(Conflict, match="referenced in multiple repositories"):
        removed(store, image.short_id)
    assert removed(store, image.short_id, force=True) == [
        "Untagged: a:1",
        f"Untagged: {other}",
        f"Deleted: {image.id}",
        f"Deleted: {image.chain_ids[0]}",
    ]


def test_parents_stay_if_asked_to(store) -> None:
    base = imported(store, "a:1")
    child(store, base, "b:1")
    removed(store, "a:1")
    deleting.remove(store, "b:1", parents=False)
    assert [image.id for image in store.list()] == [base.id]


# Pruning


def pruned(store: ImageStore, **options: Any) -> deleting.Pruned:
    wanted = options.pop("wanted", lambda image: True)
    named = options.pop("named", False)
    return deleting.prune(store, lambda: Use(**options), wanted, named=named)


def test_prune_takes_what_has_no_name_and_no_child(store) -> None:
    dangling = imported(store, "a:1", "old")
    imported(store, "a:1", "new")
    base = imported(store, "base:1")
    child(store, base, "child:1")
    removed(store, "base:1")
    found = pruned(store)
    assert found.lines == (
        f"Deleted: {dangling.id}",
        f"Deleted: {dangling.chain_ids[0]}",
    )
    assert found.reclaimed == dangling.size
    assert len(store.list()) == 3


def test_prune_of_named_images_leaves_those_with_a_container(store) -> None:
    used = imported(store, "used:1", "used")
    unused = imported(store, "a:1")
    store.tag(unused, "b:1")
    users = {used.id: ["c" * 64]}
    assert pruned(store, used_by=users).lines == ()
    assert pruned(store, used_by=users, named=True).lines == (
        "Untagged: a:1",
        "Untagged: b:1",
        f"Deleted: {unused.id}",
        f"Deleted: {unused.chain_ids[0]}",
    )
    assert [image.id for image in store.list()] == [used.id]


def test_prune_takes_only_what_is_wanted(store) -> None:
    imported(store, "a:1", "a")
    imported(store, "b:1", "b")
    pruned(store, named=True, wanted=lambda image: "a:1" in image.references)
    assert [image.references for image in store.list()] == [("b:1",)]


def test_an_image_with_a_damaged_config_can_still_be_removed(store) -> None:
    good, bad = imported(store, "good:1"), imported(store, "bad:1", "y")
    store.content.path(bad.id).write_bytes(b"{}")
    assert removed(store, "bad:1") == ["Untagged: bad:1"]
    assert [image.id for image in store.list()] == [good.id]


def test_a_damaged_image_does_not_hide_the_others_and_is_told_of(store) -> None:
    good, bad = imported(store, "good:1"), imported(store, "bad:1", "y")
    store.content.path(bad.id).write_bytes(b"{}")
    assert [image.id for image in store.list()] == [good.id]
    assert "image bad:1" in store.catalogue.notices[0]
    with pytest.raises(EngineError, match=r"image bad:1: .* is damaged"):
        store.find("bad:1")
    assert child(store, good, "more:1").references == ("more:1",)


def test_what_is_being_made_is_not_collected(store) -> None:
    imported(store, "a:1")
    script = (
        "import sys; from pathlib import Path\n"
        "from engine.images.store import ImageStore\n"
        "sys.exit(not ImageStore(Path(sys.argv[1])).collect())"
    )
    collector = [sys.executable, "-c", script, str(store.root)]
    with store.writing():
        blob = store.content.write(b"half an image")
        assert subprocess.run(collector).returncode == 1
        assert store.content.has(blob.digest)
    assert subprocess.run(collector).returncode == 0
    assert not store.content.has(blob.digest)


def test_an_image_of_125_layers_works(store) -> None:
    image = imported(store, "a:1")
    config: ImageConfig = image.config
    with store.writing():
        layers = list(image.manifest.layers)
        for number in range(124):
            upper = store.root / f"upper{number}"
            upper.mkdir()
            (upper / str(number)).write_text("")
            layer = store.add_layer(upper)
            layers.append(layer.descriptor)
            config = config._replace(diff_ids=(*config.diff_ids, layer.diff_id))
        image = store.add(config, layers, "tall:1")
        with pytest.raises(ImageError, match="max depth exceeded"):
            store.add(config, [*layers, layers[-1]], "taller:1")
    assert len(store.layer_directories(store.find("tall:1"))) == 125
    assert len(store.stack(image)) == 125


def test_a_half_written_index_is_swept_away_and_the_index_stays(store) -> None:
    image = imported(store, "a:1")
    (store.index.path.parent / ".index.json.4711.c0ffee00").write_text("{")
    store.collect()
    assert set(os.listdir(store.index.path.parent)) == {
        *("blobs", "index.json", "oci-layout")
    }
    assert store.find("a:1").id == image.id
