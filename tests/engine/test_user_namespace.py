"""A user namespace of its own: root inside is nobody outside, and all else works."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.containers import identities
from engine.engine import Engine, ExecOptions
from engine.errors import EngineError, InvalidArgument, NotExecutable
from engine.oci.spec import Identities
from engine.runtime.restart import RestartPolicy
from tests.engine.boxes import LASTS, OBEYS, Box, until

AUTO: dict[str, Any] = {"user_namespace": "auto"}


pytestmark = pytest.mark.require("root", "overlay")


@pytest.fixture
def front(engine: Engine) -> Iterator[str]:
    """A network with names; what is in it goes before it does."""
    yield engine.create_network("front").name
    for container in engine.containers(all=True):
        engine.remove(container.id, force=True)
    engine.prune_networks()


def mapped(box: Box, name: str) -> Identities:
    found = box.engine.container(name).identities
    assert found
    return found


def owner_outside(pid: int) -> int:
    return os.stat(f"/proc/{pid}").st_uid


def test_root_inside_is_another_user_outside(box: Box) -> None:
    container = box.begin(*LASTS, **AUTO)
    first = mapped(box, container.id).first
    assert box.execute(container.id, "id", "-u").out == "0\n"
    assert owner_outside(container.state.pid) == first
    assert 524288 <= first < 1878982656


def test_the_map_has_as_many_as_any_user_of_an_image_needs(box: Box) -> None:
    container = box.begin(*LASTS, **AUTO)
    first = mapped(box, container.id).first
    for name in ("uid_map", "gid_map"):
        line = Path(f"/proc/{container.state.pid}/{name}").read_text().split()
        assert line == ["0", str(first), "65536"]


def test_two_containers_never_have_a_user_in_common(box: Box) -> None:
    containers = [box.create("true", **AUTO) for _ in range(3)]
    firsts = {mapped(box, container.id).first for container in containers}
    assert len(firsts) == 3
    assert all(first % 65536 == 0 for first in firsts)


def test_a_block_that_is_taken_is_not_chosen_again(box: Box) -> None:
    taken = mapped(box, box.create("true", **AUTO).id).first
    records = box.engine._house.records
    block = (taken - 524288) // 65536
    lock = records.lock.parent / "identities"
    identity = f"{block:08x}" + "0" * 56
    with identities.chosen(records.containers, lock, identity) as first:
        assert first == taken + 65536


def test_without_it_root_inside_is_root_outside(box: Box) -> None:
    for options in ({}, {"user_namespace": "host"}):
        container = box.begin(*LASTS, **options)
        assert owner_outside(container.state.pid) == 0
        assert container.identities is None


def test_files_are_its_users_inside_and_in_the_layer(box: Box) -> None:
    script = "touch /a /b; chown 5:6 /b; stat -c %u:%g /bin/sh /a /b; rm /etc/group"
    container = box.create("sh", "-c", script, **AUTO)
    assert box.foreground(container.id).lines == ["0:0", "0:0", "5:6"]
    upper = container.directory / "upper"
    assert [(upper / name).stat().st_uid for name in "ab"] == [0, 5]
    changes = {f"{one.kind} {one.path}" for one in box.engine.changes(container.id)}
    assert {"A /a", "A /b", "C /etc", "D /etc/group"} == changes


def test_what_it_has_made_is_the_same_in_an_image(box: Box) -> None:
    container = box.create("sh", "-c", "touch /b; chown 5:6 /b; rm /bin/ls", **AUTO)
    box.foreground(container.id)
    box.engine.commit(container.id, "of-nobody")
    done = box.run("sh", "-c", "stat -c %u:%g /b; test -e /bin/ls", image="of-nobody")
    assert (done.code, done.out) == (1, "5:6\n")


def test_what_another_start_finds_is_what_the_first_has_left(box: Box) -> None:
    script = "stat -c %u /x || { touch /x; chown 7 /x; }"
    container = box.create("sh", "-c", script, **AUTO)
    box.foreground(container.id)
    assert box.foreground(container.id).out == "7\n"


def test_its_volumes_are_its_own_and_stored_unshifted(box: Box) -> None:
    script = "touch /data/x && chown 9 /data/x && stat -c %u /data /data/x"
    done = box.run("sh", "-c", script, volumes=("shifted:/data",), **AUTO)
    assert done.lines == ["0", "9"]
    content = box.engine.volume("shifted").content
    assert (content / "x").stat().st_uid == 9
    for options in ({}, AUTO):
        seen = box.run("stat", "-c", "%u", "/v/x", volumes=("shifted:/v",), **options)
        assert seen.out == "9\n"


def test_a_directory_of_the_machine_is_nobodys(box: Box, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "open").write_text("for all")
    script = "cat /m/open; touch /m/new; stat -c ' %u' /m/open"
    done = box.run("sh", "-c", script, volumes=(f"{tmp_path}:/m",), **AUTO)
    assert done.out == "for all 65534\n"
    assert "Permission denied" in done.err
    assert not (tmp_path / "new").exists()


def test_its_own_files_below_etc_can_be_written(box: Box) -> None:
    done = box.run("sh", "-c", "echo 10.9.8.7 other >> /etc/hosts", **AUTO)
    assert (done.code, done.err) == (0, "")


def test_a_read_only_volume_stays_read_only(box: Box) -> None:
    done = box.run("touch", "/data/x", volumes=("shifted-ro:/data:ro",), **AUTO)
    assert "Read-only file system" in done.err


def test_one_more_program_is_in_it_too(box: Box) -> None:
    container = box.begin(*LASTS, **AUTO)
    own = "readlink /proc/self/ns/user; id -u"
    inside = box.execute(container.id, "sh", "-c", own)
    namespace = os.readlink(f"/proc/{container.state.pid}/ns/user")
    assert inside.lines == [namespace, "0"]
    assert namespace != os.readlink("/proc/self/ns/user")
    assert box.execute(container.id, "id", "-u", user="33").out == "33\n"


@pytest.mark.parametrize("user", ["0", "33"])
def test_the_streams_can_be_opened_again(box: Box, user: str) -> None:
    script = "echo out > /dev/stdout; echo err > /dev/stderr"
    done = box.run("sh", "-c", script, user=user, **AUTO)
    assert (done.out, done.err) == ("out\n", "err\n")
    container = box.begin(*LASTS, **AUTO)
    done = box.execute(container.id, "sh", "-c", script, user=user)
    assert (done.out, done.err) == ("out\n", "err\n")


def test_a_terminal_is_its_users(box: Box) -> None:
    done = box.run("sh", "-c", "tty; stat -c %u /dev/console", tty=True, **AUTO)
    assert done.lines == ["/dev/pts/0", "0"]
    container = box.begin(*LASTS, **AUTO)
    assert box.execute(container.id, "tty", tty=True).out.startswith("/dev/pts/")


def test_it_keeps_the_powers_that_were_asked_for(box: Box) -> None:
    asked = {"capabilities_add": ("SYS_ADMIN",), "capabilities_drop": ("CHOWN",)}
    asked |= {"security_options": ("seccomp=unconfined",)}
    script = "mkdir /m; mount -t tmpfs x /m && echo mounted; chown 5 /m"
    done = box.run("sh", "-c", script, **asked, **AUTO)
    assert done.out == "mounted\n"
    assert "chown" in done.err


def test_limits_and_what_else_a_process_is_given_hold(box: Box) -> None:
    script = "ulimit -Hn; ulimit -Sn; cat /proc/self/oom_score_adj; umask; df /t"
    asked = {"ulimits": ("nofile=300:400",), "oom_score_adj": 400}
    asked |= {"tmpfs": ("/t:size=2m",), "read_only": True, "init": True}
    done = box.run("sh", "-c", script, **asked, **AUTO)
    assert done.lines[:4] == ["400", "300", "400", "0022"]
    assert "2048" in done.out


def test_a_device_is_the_machines_own_node(box: Box) -> None:
    asked = {"devices": ("/dev/null:/dev/nothing",)}
    done = box.run("sh", "-c", "echo x > /dev/nothing && ls -ln /dev/nothing", **asked)
    assert "1,   3" in done.out
    done = box.run(
        "sh", "-c", "echo x > /dev/nothing && stat -c %u /dev/nothing", **asked, **AUTO
    )
    assert done.out == "65534\n"


def test_memory_to_share_is_its_users_too(box: Box) -> None:
    container = box.begin(*LASTS, ipc="shareable", **AUTO)
    done = box.execute(
        container.id, "sh", "-c", "echo x > /dev/shm/a; stat -c %u /dev/shm/a"
    )
    assert done.out == "0\n"
    other = box.run("cat", "/dev/shm/a", ipc=f"container:{container.id}")
    assert other.out == "x\n"


def test_a_network_belongs_to_it(box: Box) -> None:
    asked = {"network": "bridge", "capabilities_add": ("NET_ADMIN",)}
    container = box.begin(*LASTS, **asked, **AUTO)
    done = box.execute(container.id, "ip", "link", "set", "eth0", "down")
    assert (done.code, done.err) == (0, "")


def test_it_can_be_started_again_on_its_network(box: Box) -> None:
    container = box.begin(*OBEYS, network="bridge", **AUTO)
    box.engine.restart(container.id, timeout=0)
    assert box.execute(container.id, "ip", "address", "show", "eth0").code == 0


def test_a_restart_policy_runs_it_again_in_the_same_network(box: Box) -> None:
    policy = RestartPolicy(name="on-failure", maximum=1)
    script = "readlink /proc/self/ns/user; ip -o address show eth0; exit 1"
    container = box.begin("sh", "-c", script, network="bridge", restart=policy, **AUTO)
    box.engine.wait(container.id)
    until(lambda: not box.engine.container(container.id).active, "its last end")
    said = [e.data.decode() for e in box.engine.logs(container.id)]
    assert len(said) == 4
    assert said[0] == said[2]
    assert said[1].split()[3] == said[3].split()[3]


def test_names_are_found_on_a_network_of_ones_own(box: Box, front: str) -> None:
    box.begin(*LASTS, name="shifted-db", network=front, **AUTO)
    done = box.run("ping", "-c1", "shifted-db", network=front, **AUTO)
    assert done.code == 0, done.out + done.err


def test_it_can_be_paused_updated_and_looked_at(box: Box) -> None:
    container = box.begin(*LASTS, **AUTO)
    box.engine.pause(container.id)
    box.engine.unpause(container.id)
    assert box.engine.top(container.id)
    inspected = box.engine.inspect(container.id)["HostConfig"]
    first = mapped(box, container.id).first
    assert inspected["UsernsMode"] == "auto"
    assert inspected["IDMappings"]["UidMap"] == [f"0:{first}:65536"]


def test_sysctls_of_its_own_namespaces_are_set(box: Box) -> None:
    asked = {"sysctls": {"net.ipv4.ip_forward": "1"}}
    assert box.run("sysctl", "-n", "net.ipv4.ip_forward", **asked, **AUTO).out == "1\n"


def test_config_json_says_it_as_the_oci_does(box: Box) -> None:
    container = box.create("true", **AUTO)
    config = json.loads((container.directory / "bundle/config.json").read_text())
    first = mapped(box, container.id).first
    line = [{"containerID": 0, "hostID": first, "size": 65536}]
    assert config["linux"]["uidMappings"] == line
    assert config["linux"]["gidMappings"] == line
    assert {"type": "user"} in config["linux"]["namespaces"]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"privileged": True}, "privileged mode is incompatible with user namespaces"),
        ({"network": "host"}, "cannot share the host's network namespace when user"),
        ({"pid": "host"}, "cannot share the host PID namespace when user namespaces"),
        ({"ipc": "host"}, "cannot share the host IPC namespace when user namespaces"),
        ({"cgroup_namespace": "host"}, "cannot share the host cgroup namespace when"),
        ({"runtime": "runc"}, "the runtime runc is given no user namespaces here"),
        ({"user": "70000"}, "user or group 70000 is outside of the user namespace"),
    ],
)
def test_what_cannot_go_together_is_refused(
    box: Box, asked: dict[str, object], words: str
) -> None:
    box.refuses({**asked, **AUTO}, words)


@pytest.mark.parametrize("kind", ["network", "pid", "ipc"])
def test_it_joins_no_namespace_of_another(box: Box, kind: str) -> None:
    other = box.begin(*LASTS, ipc="shareable")
    box.refuses(
        {kind: f"container:{other.id}", **AUTO},
        "cannot join namespaces of another container when user namespaces are enabled",
    )


def test_no_script_can_make_it_by_hand_yet(box: Box) -> None:
    container = box.begin(*LASTS, **AUTO)
    with pytest.raises(InvalidArgument, match="has a user namespace"):
        box.engine.by_hand(container.id)


def test_exec_knows_nobody_beyond_the_map(box: Box) -> None:
    container = box.begin(*LASTS, **AUTO)
    options = ExecOptions(command=("id",), user="70000")
    with pytest.raises(NotExecutable, match="outside of the user namespace"):
        box.engine.execute(container.id, options)


def test_a_program_that_is_not_there_is_told_as_ever(box: Box) -> None:
    with pytest.raises(EngineError) as caught:
        box.run("nosuch", **AUTO)
    assert caught.value.exit_code == 127
