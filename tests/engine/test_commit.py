"""Commit: what is taken, what is left out, and what the new image says of itself."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.errors import InvalidArgument, InvalidReference, NotFound
from engine.oci.health import Healthcheck
from tests.engine.boxes import OBEYS, Box


def changed(box: Box, script: str = "touch /new", **options: object) -> str:
    """The ID of an ended container that has changed something."""
    container = box.create("sh", "-c", script, **options)
    box.foreground(container.id)
    return container.id


def test_a_commit_adds_one_layer_and_a_container_of_it_has_the_changes(
    box: Box,
) -> None:
    script = "echo hi > /new; rm /etc/group; rm -r /var/spool; mkdir /var/spool"
    image = box.engine.commit(changed(box, script), "mine")
    assert len(image.manifest.layers) == 2
    assert image.references == ("mine:latest",)
    done = box.run("sh", "-c", "cat /new; ls /etc/group; ls /var/spool", image="mine")
    assert done.out == "hi\n"
    assert "No such file" in done.err


def test_the_layers_below_are_named_again_and_not_copied(box: Box) -> None:
    base = box.engine.image("busybox")
    image = box.engine.commit(changed(box), "mine")
    assert image.manifest.layers[:-1] == base.manifest.layers
    assert image.parent == base.id


def test_a_container_without_changes_adds_a_line_of_history_and_no_layer(
    box: Box,
) -> None:
    base = box.engine.image("busybox")
    image = box.engine.commit(box.create("true").id, "mine", message="nothing new")
    assert image.manifest.layers == base.manifest.layers
    assert len(image.config.history) == len(base.config.history) + 1
    assert image.config.history[-1].empty_layer
    assert box.engine.history("mine")[0].comment == "nothing new"


def test_author_message_and_command_are_in_the_history(box: Box) -> None:
    identity = changed(box)
    before = datetime.now(UTC).isoformat()[:19]
    image = box.engine.commit(identity, "mine", author="Ann <a@b>", message="my words")
    last = image.config.history[-1]
    assert (last.author, last.comment) == ("Ann <a@b>", "my words")
    assert last.created_by == "sh -c touch /new"
    assert last.created >= before
    assert image.config.author == "Ann <a@b>"


def test_what_the_container_was_asked_becomes_the_images_default(box: Box) -> None:
    image = box.engine.commit(
        changed(
            *(box, "env > /new"),
            environment=("A=1", "PATH=/bin"),
            user="33:33",
            working_directory="/tmp",
            labels={"who": "me"},
            volumes=("/anonymous", "named:/named"),
            stop_signal="INT",
            tmpfs=("/new-place",),
        )
    )
    defaults = image.config.defaults
    assert {"A=1", "PATH=/bin"} <= set(defaults.env)
    assert defaults.user == "33:33"
    assert defaults.working_dir == "/tmp"
    assert defaults.labels["who"] == "me"
    assert defaults.volumes == ("/anonymous",)
    assert defaults.stop_signal == "INT"
    assert defaults.cmd == ("sh", "-c", "env > /new")


def test_changes_are_written_over_that(box: Box) -> None:
    changes = [
        'CMD ["echo", "from the image"]',
        "ENV B=2",
        "USER nobody",
        "WORKDIR /srv",
        "EXPOSE 80",
        "LABEL a=b",
        "VOLUME /data",
    ]
    image = box.engine.commit(changed(box), "mine", changes=changes)
    assert box.run(image="mine").out == "from the image\n"
    assert box.run("pwd", image="mine").out == "/srv\n"
    assert image.config.defaults.exposed_ports == ("80/tcp",)
    assert image.config.defaults.labels == {"a": "b"}


@pytest.mark.parametrize(
    ("changes", "command"),
    [
        (["CMD []"], ["sh", "-c", "touch /new"]),
        (["ENTRYPOINT []"], ["sh", "-c", "touch /new"]),
        (["ENTRYPOINT []", 'CMD ["ls"]'], ["ls"]),
        (['ENTRYPOINT ["ls"]', "CMD []"], None),
    ],
    ids=["no-command", "no-entrypoint", "another-command", "an-entrypoint"],
)
def test_nothing_to_start_is_the_containers_own_command(
    box: Box, changes: list[str], command: list[str] | None
) -> None:
    box.engine.commit(changed(box), "mine", changes=changes)
    assert box.engine.inspect("mine")["Config"]["Cmd"] == command


@pytest.mark.parametrize("change", ["NOSUCH x", "", "CMD", "RUN true", "ENV"])
def test_a_change_that_makes_no_sense_is_refused_and_nothing_is_left(
    box: Box, change: str
) -> None:
    identity = changed(box)
    before = set((box.engine.root / "images").rglob("*"))
    with pytest.raises(InvalidArgument):
        box.engine.commit(identity, "mine", changes=[change])
    assert set((box.engine.root / "images").rglob("*")) == before
    with pytest.raises(NotFound):
        box.engine.image("mine")


@pytest.mark.parametrize(
    "name", ["Upper", "a b", "mine@sha256:" + "0" * 64, "../x", "-"]
)
def test_a_name_that_no_image_can_have_is_refused_and_nothing_is_left(
    box: Box, name: str
) -> None:
    identity = changed(box)
    before = set((box.engine.root / "images").rglob("*"))
    with pytest.raises((InvalidReference, InvalidArgument)):
        box.engine.commit(identity, name)
    assert set((box.engine.root / "images").rglob("*")) == before


def test_what_is_mounted_is_not_committed_and_its_empty_mount_point_is(
    box: Box, tmp_path: Path
) -> None:
    script = "echo x | tee /v/x /t/x /b/x /etc/hosts /dev/shm/x >/dev/null; touch /y"
    identity = changed(*(box, script), volumes=("/v", f"{tmp_path}:/b"), tmpfs=("/t",))
    box.engine.commit(identity, "mine")
    paths = [c.path for c in box.engine.layers("mine")[-1].changes()]
    assert paths == ["/b", "/t", "/v", "/y"]


def test_a_running_container_is_paused_for_the_moment_and_goes_on(box: Box) -> None:
    container = box.begin(*OBEYS)
    box.says(container.id, "ready")
    box.execute(container.id, "touch", "/new")
    box.engine.commit(container.id, "mine")
    assert box.engine.container(container.id).state.status == "running"
    assert box.execute(container.id, "ls", "/new").code == 0
    calls = [act["shell"] for act in box.engine.acts(container.id)]
    assert any(freezes(shell) for shell in calls)


def freezes(shell: str) -> bool:
    return "echo FROZEN" in shell or shell.endswith("cgroup.freeze")


def test_two_commits_at_once_take_turns_and_it_goes_on(box: Box) -> None:
    """The first to end would set the files moving that the second still reads."""
    container = box.begin()
    box.execute(container.id, "dd", "if=/dev/zero", "of=/large", "bs=1M", "count=60")
    with ThreadPoolExecutor() as threads:
        done = [
            threads.submit(box.engine.commit, container.id, f"mine:{number}")
            for number in range(3)
        ]
        images = [future.result() for future in done]
    assert len({image.config.diff_ids for image in images}) == 1
    assert box.engine.container(container.id).state.status == "running"
    calls = [act["shell"] for act in box.engine.acts(container.id)]
    assert sum(map(freezes, calls)) >= 3


def test_a_container_that_was_paused_meanwhile_stays_so(box: Box) -> None:
    container = box.begin()
    box.engine.pause(container.id)
    with ThreadPoolExecutor() as threads:
        list(threads.map(lambda _: box.engine.commit(container.id), range(2)))
    assert box.engine.container(container.id).state.status == "paused"


def test_history_tells_the_arguments_and_not_the_entrypoint(box: Box) -> None:
    container = box.create("-c", "touch /new", entrypoint=("sh",))
    box.foreground(container.id)
    image = box.engine.commit(container.id)
    assert image.config.history[-1].created_by == "-c touch /new"
    assert image.config.defaults.entrypoint == ("sh",)


def test_a_health_check_of_the_container_becomes_the_images(box: Box) -> None:
    health = Healthcheck(test=("CMD-SHELL", "true"), retries=7)
    image = box.engine.commit(box.create("true", health=health).id)
    assert image.config.defaults.healthcheck == health.to_json()


def test_without_pause_it_is_not(box: Box) -> None:
    container = box.begin()
    box.execute(container.id, "touch", "/new")
    box.engine.commit(container.id, "mine", pause=False)
    calls = [act["shell"] for act in box.engine.acts(container.id)]
    assert not any(freezes(shell) for shell in calls)


def test_a_paused_container_stays_paused(box: Box) -> None:
    container = box.begin()
    box.execute(container.id, "touch", "/new")
    box.engine.pause(container.id)
    box.engine.commit(container.id, "mine")
    assert box.engine.container(container.id).state.status == "paused"


def test_a_refused_commit_leaves_the_container_running(box: Box) -> None:
    container = box.begin()
    box.execute(container.id, "touch", "/new")
    with pytest.raises((InvalidReference, InvalidArgument)):
        box.engine.commit(container.id, "BAD NAME")
    assert box.engine.container(container.id).state.status == "running"


def test_a_name_given_again_leaves_the_old_image_without_one(box: Box) -> None:
    first = box.engine.commit(changed(box), "mine")
    second = box.engine.commit(changed(box, "touch /other"), "mine")
    assert box.engine.image("mine").id == second.id
    assert box.engine.image(first.id).references == ()


def test_a_change_of_a_mounted_file_is_gone_in_the_new_image(box: Box) -> None:
    """The mistake of many: /etc/hosts is bind-mounted, so it lies in no layer."""
    identity = changed(box, "echo 10.0.0.1 db >> /etc/hosts")
    box.engine.commit(identity, "mine")
    assert "db" not in box.run("cat", "/etc/hosts", image="mine").out


def test_whiteouts_of_the_kernel_do_not_leak_into_the_layer(box: Box) -> None:
    image = box.engine.commit(changed(box, "rm /etc/group"), "mine")
    names = layer_names(box, image.manifest.layers[-1].digest)
    assert [name for name in names if "group" in name] == ["etc/.wh.group"]
    assert not any("c" in kind for kind in names.values())


def layer_names(box: Box, digest: str) -> dict[str, str]:
    """Name and kind of each entry in a layer of the store."""
    import tarfile

    path = box.engine.root / "images" / "blobs" / digest.replace(":", "/")
    with tarfile.open(path) as tar:
        return {m.name: "c" if m.ischr() or m.isblk() else "f" for m in tar}


def test_a_container_of_an_image_that_is_gone_can_still_be_committed_from_its_id(
    box: Box,
) -> None:
    box.image("mine", {"x": "below\n"})
    container = box.create("touch", "/new", image="mine")
    box.foreground(container.id)
    box.engine.tag("mine", "other")
    box.engine.remove_image("mine")
    box.engine.commit(container.id, "third")
    assert box.run("cat", "/x", image="third").out == "below\n"
