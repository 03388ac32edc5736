"""Build: what each instruction does to the image."""

import os

import pytest

from engine.build.options import BuildOptions
from engine.engine import ContainerOptions
from engine.errors import BuildFailed
from tests.engine.boxes import Box
from tests.engine.builds import Builds

ARGUMENTS = """
FROM busybox
ARG A=default
ARG B
ENV C=env A_SEEN=$A
RUN echo "$A $B $C" > /seen
ENV A=over
RUN echo "$A" >> /seen
"""


def test_each_run_is_a_layer_and_each_instruction_an_image_with_a_parent(
    builds: Builds,
) -> None:
    built = builds.of("FROM busybox\nRUN echo hi > /a\nENV X=1\nRUN rm /a")
    base = builds.engine.image("busybox")
    assert len(built.image.manifest.layers) == len(base.manifest.layers) + 2
    ids = [step.image_id for step in built.heard.steps]
    images = {image.id: image for image in builds.engine.images(all=True)}
    assert [images[one].parent for one in ids[1:]] == ids[:-1]
    assert built.history[-3:] == [
        "/bin/sh -c echo hi > /a",
        "/bin/sh -c #(nop)  ENV X=1",
        "/bin/sh -c rm /a",
    ]
    assert "a" not in builds.tree(built.image)


def test_an_instruction_that_changes_no_file_is_history_and_no_layer(
    builds: Builds,
) -> None:
    built = builds.of("FROM busybox\nENV A=1\nRUN true\nWORKDIR /")
    base = builds.engine.image("busybox")
    assert built.image.manifest.layers == base.manifest.layers
    assert all(step.empty_layer for step in built.image.config.history[-3:])


def test_env_in_one_line_sees_the_values_from_before_the_line(builds: Builds) -> None:
    built = builds.of("FROM busybox\nENV A=1\nENV A=2 B=$A")
    assert {"A=2", "B=1"} <= {*built.image.config.defaults.env}


def test_run_sees_its_arguments_unless_env_hides_them_and_the_history_tells(
    builds: Builds,
) -> None:
    built = builds.of(ARGUMENTS, arguments={"B": "given", "http_proxy": "p", "X": "1"})
    assert builds.tree(built.image)["seen"][3] == "default given env\nover\n"
    runs = [line for line in built.history if "echo" in line]
    assert runs[0].startswith("|2 A=default B=given /bin/sh -c echo")
    assert runs[1].startswith("|1 B=given /bin/sh -c echo")
    assert "A_SEEN=default" in built.image.config.defaults.env
    notes = built.heard.notes
    assert "One or more build-args [X] were not consumed" in notes


def test_an_argument_before_from_is_for_from_and_must_be_asked_for_again(
    builds: Builds,
) -> None:
    text = 'ARG base=busybox\nFROM $base\nRUN echo "<$base>" > /1\n'
    text += 'ARG base\nRUN echo "<$base>" > /2'
    tree = builds.tree(builds.of(text).image)
    assert (tree["1"][3], tree["2"][3]) == ("<>\n", "<busybox>\n")


def test_an_entrypoint_forgets_the_command_of_the_base_but_not_its_own(
    builds: Builds,
) -> None:
    inherits = builds.of('FROM busybox\nENTRYPOINT ["a"]').image.config.defaults
    assert (inherits.entrypoint, inherits.cmd) == (("a",), ())
    own = builds.of('FROM busybox\nCMD ["b"]\nENTRYPOINT c d').image.config.defaults
    assert own.entrypoint == ("/bin/sh", "-c", "c d")
    assert own.cmd == ("b",)


def test_what_run_writes_into_a_volume_is_lost(builds: Builds) -> None:
    built = builds.of(
        "FROM busybox\nVOLUME /data\nRUN echo x > /data/lost; echo y > /kept"
    )
    tree = builds.tree(built.image)
    assert "kept" in tree
    assert "data/lost" not in tree
    assert not builds.engine.volumes()


def test_a_volume_that_is_named_without_a_slash_is_one_from_the_root(
    builds: Builds, box: Box
) -> None:
    text = 'FROM busybox\nWORKDIR /w\nVOLUME ["rel", "../up", "a b"]\nRUN true\n'
    image = builds.of(text).image
    assert set(image.config.defaults.volumes) == {"rel", "../up", "a b"}
    mounted = box.run("cat", "/proc/mounts", image=image.id).out
    assert all(f" {place} " in mounted for place in ("/rel", "/up", r"/a\040b"))


def test_onbuild_is_done_in_the_image_that_builds_on_it_and_then_forgotten(
    builds: Builds,
) -> None:
    base = builds.of("FROM busybox\nONBUILD RUN echo hi > /by-trigger", tags=("base",))
    assert base.image.config.defaults.on_build == ("RUN echo hi > /by-trigger",)
    built = builds.of("FROM base")
    assert "# Executing 1 build trigger" in built.heard.notes
    assert built.image.config.defaults.on_build == ()
    assert builds.tree(built.image)["by-trigger"][3] == "hi\n"


def test_the_other_settings_are_in_the_config_as_docker_has_them(
    builds: Builds,
) -> None:
    built = builds.of(
        "FROM busybox\nMAINTAINER me\nEXPOSE 80 53/udp\nUSER 5:6\nSTOPSIGNAL INT\n"
        'SHELL ["/bin/ash", "-c"]\nLABEL a="b c"\nCMD echo $x\n'
        "HEALTHCHECK --interval=90s --retries=3 CMD true\n",
        labels={"z": "y"},
    )
    config, defaults = built.image.config, built.image.config.defaults
    assert config.author == "me"
    assert {*defaults.exposed_ports} == {"80/tcp", "53/udp"}
    assert (defaults.user, defaults.stop_signal) == ("5:6", "INT")
    assert defaults.labels == {"a": "b c", "z": "y"}
    assert defaults.cmd == ("/bin/ash", "-c", "echo $x")
    assert built.history[-2] == (
        "/bin/ash -c #(nop)  HEALTHCHECK &{"
        """["CMD-SHELL" "true"] "1m30s" "0s" "0s" '\\x03'}"""
    )


def test_a_heredoc_is_the_script_of_run_or_what_its_program_reads(
    builds: Builds,
) -> None:
    text = "FROM busybox\nRUN <<EOF\necho one > /a\necho two >> /a\nEOF\n"
    text += "RUN cat <<EOF > /b\nthree\nEOF\n"
    tree = builds.tree(builds.of(text).image)
    assert (tree["a"][3], tree["b"][3]) == ("one\ntwo\n", "three\n")


def test_stages_are_built_in_order_and_target_ends_at_its_own(builds: Builds) -> None:
    text = "FROM busybox AS one\nRUN echo 1 > /1\nFROM one AS two\nRUN echo 2 > /2\n"
    text += "FROM scratch\nCOPY --from=two /2 /copied\nCOPY --from=0 /1 /first\n"
    tree = builds.tree(builds.of(text).image)
    assert tree["copied"][3] == "2\n"
    assert tree["first"][3] == "1\n"
    assert "bin/sh" not in tree
    assert "2" not in builds.tree(builds.of(text, target="one").image)


def test_a_name_moves_to_the_new_image_and_several_are_given(builds: Builds) -> None:
    first = builds.of("FROM busybox\nENV A=1", tags=("mine", "other:2"))
    again = builds.of("FROM busybox\nENV A=2", tags=("mine",))
    assert builds.engine.image("mine").id == again.image.id
    assert builds.engine.image("other:2").id == first.image.id


def test_the_same_context_makes_the_same_image_at_one_time(
    builds: Builds, box: Box
) -> None:
    text = "FROM busybox\nRUN date > /dev/null; touch /x; mkdir /d\nCOPY f /f\n"
    builds.context(text, {"f": "text"})
    first = builds.of(text, epoch=1_700_000_000, cache=False)
    os.utime(builds.directory / "f", (1_750_000_000, 1_750_000_000))
    second = builds.of(text, epoch=1_700_000_000, cache=False)
    assert first.image.id == second.image.id
    assert first.image.created == "2023-11-14T22:13:20.000000000Z"
    done = box.run("stat", "-c", "%Y", "/x", image=first.image.id)
    assert done.out == "1700000000\n"


def test_the_walls_of_the_options_stand_around_each_run(builds: Builds) -> None:
    wall = BuildOptions().container._replace(capabilities_drop=("CHOWN",))
    with pytest.raises(BuildFailed):
        builds.of("FROM busybox\nRUN chown 5 /bin", container=wall)
    assert b"Operation not permitted" in builds.heard.printed


def test_a_layer_that_becomes_a_snapshot_is_what_its_blob_unpacks_to(
    builds: Builds,
) -> None:
    script = "rm -r /var; mkdir /var; echo hi > /var/new; ln /var/new /var/link;"
    script += "rm /etc/group; chmod 1777 /home; mkfifo /pipe; chown 7:8 /root"
    built = builds.of(f"FROM busybox\nRUN {script}")
    adopted = builds.tree(built.image)
    archive = builds.directory.parent / "saved.tar"
    builds.engine.save([built.image.id], archive)
    builds.engine.remove_image(built.image.id, force=True)
    with archive.open("rb") as stream:
        builds.engine.load(stream)
    assert builds.tree(builds.engine.image(built.image.id)) == adopted


@pytest.mark.require("nft")
def test_each_run_has_the_network_that_was_asked_for_and_leaves_nothing_of_it(
    builds: Builds,
) -> None:
    front = builds.engine.create_network("front")
    wanted = ContainerOptions(image="", network="front")
    text = "FROM busybox\nRUN ip route > /routes\nRUN ip route >> /routes\n"
    routes = builds.tree(builds.of(text, container=wanted).image)["routes"][3]
    assert routes.count(f"default via {front.gateway} dev eth0") == 2
    assert builds.engine.prune_networks() == ["front"]
