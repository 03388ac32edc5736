"""A check sees the processes of a container: namespaces, mounts, files, parameters."""

import subprocess
from subprocess import PIPE

import pytest

from engine.engine import ContainerOptions
from labshell.lessons.checks import Lab
from labshell.lessons.lines import run_hidden
from labshell.lessons.outcomes import NotThereYet
from labshell.lessons.processes import KINDS, members, own_namespaces
from labshell.lessons.record import Made

TTL = "net.ipv4.ip_default_ttl"


@pytest.fixture
def lab(engine) -> Lab:
    return Lab(engine, values={}, maximum=1, began=Made())


@pytest.fixture
def den(engine, busybox, lab):
    """A container with a number and a mount of its own."""
    options = ContainerOptions(
        image=busybox,
        name="den",
        command=("sleep", "1000000"),
        sysctls={TTL: "77"},
        tmpfs=("/attic",),
    )
    engine.start(engine.create(options).id)
    return lab.container("den")


@pytest.mark.require("root", "overlay")
def test_a_process_is_seen_with_both_of_its_numbers(den):
    process = den.process
    assert process.inside == 1
    assert process.pid != 1
    assert process.command == "sleep 1000000"


@pytest.mark.require("root", "overlay")
def test_its_namespaces_are_compared_with_those_of_the_machine(den):
    own = own_namespaces()
    assert set(own) == set(KINDS)
    assert not den.process.shares("pid", own)
    assert den.process.shares("user", own)


@pytest.mark.require("root", "overlay")
def test_it_is_seen_what_is_mounted_for_a_process(den):
    assert den.process.mounts["/attic"] == "tmpfs"
    assert den.process.mounts["/"] == "overlay"
    assert den.process.at("/bin/busybox").status is not None


@pytest.mark.require("root", "overlay")
def test_a_link_in_a_container_does_not_lead_to_the_machines_files(engine, den):
    assert den.process.may_write("/attic")
    run_hidden(engine, "lab exec den ln -s / /attic/link")
    assert not den.process.may_write("/attic/link")
    assert not den.process.may_write("/attic/link/etc")


@pytest.mark.require("root", "overlay")
def test_a_parameter_is_read_in_the_namespaces_of_the_process(den):
    assert den.process.parameter(TTL) == "77"
    assert den.process.parameter("no.such.thing") == ""


@pytest.mark.require("root", "overlay")
def test_a_container_that_does_not_run_has_no_process(engine, lab, den):
    engine.stop("den", timeout=0)
    with pytest.raises(NotThereYet):
        _ = lab.container("den").process


@pytest.mark.vm
@pytest.mark.require("root", "overlay")
def test_the_limits_of_a_container_are_read_from_the_kernel(engine, busybox, lab):
    options = ContainerOptions(
        image=busybox,
        name="den",
        command=("sleep", "1000000"),
        memory=48 << 20,
        pids_limit=12,
        cpus=0.5,
    )
    engine.start(engine.create(options).id)
    limits = lab.container("den").limits
    assert (limits.memory, limits.processes, limits.cpus) == (48 << 20, 12, 0.5)


@pytest.mark.require("root", "overlay")
def test_what_is_not_limited_is_said_so(den):
    assert (den.limits.processes, den.limits.cpus) == (None, None)
    assert den.limits.memory is None


@pytest.mark.require("root", "overlay")
def test_who_has_come_into_a_namespace_without_the_engine_is_seen(den):
    first = den.process
    walls = ["nsenter", "--target", str(first.pid), "--pid", "--mount"]
    with subprocess.Popen([*walls, "cat"], stdin=PIPE, stdout=PIPE) as guest:
        assert guest.stdin is not None and guest.stdout is not None
        guest.stdin.write(b"I am here\n")
        guest.stdin.flush()
        guest.stdout.readline()
        found = {p.command: p for p in members("pid", first.namespaces["pid"])}
        guest.stdin.close()
    assert found.keys() == {"sleep 1000000", "cat"}
    assert found["sleep 1000000"] == first
    assert found["cat"].shares("mount", first.namespaces)
    assert found["cat"].pid not in [process.pid for process in den.processes]


@pytest.mark.require("root", "overlay")
def test_a_process_with_a_name_that_is_no_text_is_seen_like_any_other(den):
    first = den.process
    walls = ["nsenter", "--target", str(first.pid), "--pid", "--mount"]
    script = """
        name=/$(printf 'a\\377'); printf '#!/bin/sh\\necho ready; read x\\n' > $name
        chmod +x $name; exec $name
    """
    guest = [*walls, "sh", "-c", script]
    with subprocess.Popen(guest, stdin=PIPE, stdout=PIPE) as running:
        assert running.stdin is not None and running.stdout is not None
        assert running.stdout.readline() == b"ready\n"
        found = {p.command: p for p in members("pid", first.namespaces["pid"])}
        assert found["/bin/sh /a\N{REPLACEMENT CHARACTER}"].owner == 0
        running.stdin.close()
