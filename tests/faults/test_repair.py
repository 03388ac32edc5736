"""Killing what belongs to a container: the next command sets the records right."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from engine import files
from engine.containers import removal
from engine.engine import Container, Engine
from engine.errors import EngineError
from engine.kernel import cgroups
from engine.runtime import client
from engine.runtime.restart import RestartPolicy
from tests.engine.boxes import Box, until
from tests.faults.traces import (
    group_of,
    kill,
    leases,
    place_of,
    running,
    traces,
)
from tests.shell.lines import HOME, Lab

LOST = 255


def spawner_of(box: Box) -> int:
    return next(p.pid for p in box.engine.processes() if p.role == "spawner")


def is_repaired(box: Box, container: Container) -> None:
    """After one ordinary command: the record is true, it is said, nothing is left."""
    (after,) = box.engine.containers(all=True)
    assert after.state.status == "exited"
    assert after.state.exit_code == LOST
    assert after.state.pid == after.state.shim_pid == 0
    assert after.state.finished_at > after.state.started_at
    (notice,) = box.engine.notices
    assert "repaired" in notice
    assert container.name in notice
    assert traces(box, container) == []
    box.engine.notices.clear()
    assert box.engine.containers(all=True) == [after]
    assert box.engine.notices == []


def can_be_used_again(box: Box, container: Container) -> None:
    box.engine.start(container.id)
    assert box.execute(container.id, "echo", "again").out == "again\n"
    box.engine.remove(container.id, force=True)
    assert traces(box, container) == []


def test_a_shim_that_is_killed_is_noticed_by_the_next_list(own: Box) -> None:
    container = own.begin()
    kill(container.state.shim_pid)
    is_repaired(own, container)
    assert not running(container.state.pid)
    can_be_used_again(own, container)


@pytest.mark.parametrize("policy", ["always", "unless-stopped", "on-failure:3"])
def test_a_restart_policy_runs_again_what_was_killed_with_its_shim(
    own: Box, policy: str
) -> None:
    container = own.begin(restart=RestartPolicy.parse(policy), network="bridge")
    kill(container.state.shim_pid)
    (after,) = own.engine.containers(all=True)
    assert after.running and after.state.pid != container.state.pid
    assert not running(container.state.pid)
    repaired, started = own.engine.notices
    assert "repaired" in repaired and f"{policy}, has started it again" in started
    assert own.execute(after.id, "echo", "on").out == "on\n"


def test_a_policy_does_not_run_again_what_its_user_ends(own: Box) -> None:
    for end in (own.engine.stop, own.engine.remove):
        container = own.begin(restart=RestartPolicy.parse("always"))
        kill(container.state.shim_pid)
        end(container.id)
        assert "has started it again" not in "".join(own.engine.notices)
        assert not any(one.running for one in own.engine.containers(all=True))


def test_a_shim_that_is_killed_leaves_no_address_or_interface(own: Box) -> None:
    container = own.begin(network="bridge")
    assert leases(own, container)
    kill(container.state.shim_pid)
    is_repaired(own, container)
    links = f"lv{place_of(own).tag}"
    until(
        lambda: not [n for n in os.listdir("/sys/class/net") if n.startswith(links)],
        "the end of its interfaces",
    )
    can_be_used_again(own, container)


def test_a_command_that_is_killed_before_the_start_leaves_no_network(own: Box) -> None:
    """All is made for the network, and then nobody asks for the start."""
    container = own.create("true", network="bridge")
    code = (
        "import os, sys; from pathlib import Path; from engine.engine import Engine; "
        "from engine.runtime import client; e = Engine(Path(sys.argv[1])); "
        "client.Connection.ask = lambda self, *_, **__: os.kill(os.getpid(), 9); "
        "e.start(sys.argv[2])"
    )
    command = [sys.executable, "-c", code, str(own.engine.root), container.id]
    done = subprocess.run(command, cwd=HOME, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    until(lambda: traces(own, container) == [], "its shim takes it away")
    assert own.foreground(container.id).code == 0


@pytest.mark.parametrize(
    "how", ["container", "wait", "stop", "inspect", "logs", "acts"]
)
def test_whatever_command_comes_next_repairs(own: Box, how: str) -> None:
    container = own.begin()
    kill(container.state.shim_pid)
    result = getattr(own.engine, how)(container.id)
    if how == "wait":
        assert result == LOST
    if how == "logs":
        list(result)
    assert len(own.engine.notices) == 1
    assert own.engine.container(container.id).state.status == "exited"
    assert traces(own, container) == []


@pytest.mark.parametrize("how", ["kill", "pause", "unpause"])
def test_what_is_not_possible_any_more_is_refused_after_the_repair(
    own: Box, how: str
) -> None:
    container = own.begin()
    kill(container.state.shim_pid)
    with pytest.raises(EngineError, match=r"is not (running|paused)"):
        getattr(own.engine, how)(container.id)
    assert traces(own, container) == []


@pytest.mark.vm
def test_a_container_whose_shim_was_killed_can_be_removed(own: Box) -> None:
    container = own.begin()
    kill(container.state.shim_pid)
    own.engine.remove(container.id)
    assert own.engine.containers(all=True) == []
    assert traces(own, container) == []


def test_a_container_whose_shim_was_killed_can_be_started(own: Box) -> None:
    container = own.begin()
    kill(container.state.shim_pid)
    own.engine.start(container.id)
    assert own.execute(container.id, "echo", "on").out == "on\n"


@pytest.mark.vm
def test_shim_program_and_exec_killed_at_once(own: Box) -> None:
    container = own.begin()
    session = own.engine.execute(container.id, exec_options("sleep", "987"))
    session.start()
    pids = cgroups.members(group_of(own, container))
    assert len(pids) == 2
    kill(container.state.shim_pid, *pids)
    session.close()
    is_repaired(own, container)


def exec_options(*command: str):
    from engine.engine import ExecOptions

    return ExecOptions(command=command)


@pytest.mark.vm
def test_a_paused_container_whose_shim_was_killed(own: Box) -> None:
    container = own.begin("sh", "-c", "sleep 1000 & sleep 1000")
    own.engine.pause(container.id)
    kill(container.state.shim_pid)
    is_repaired(own, container)


@pytest.mark.vm
def test_a_killed_spawner_takes_nobody_along(own: Box) -> None:
    container = own.begin()
    spawner = spawner_of(own)
    kill(spawner)
    assert own.execute(container.id, "echo", "alive").out == "alive\n"
    other = own.begin()
    assert own.engine.container(other.id).running
    assert own.engine.notices == []
    assert not Path(f"/proc/{spawner}").exists()  # no zombie either


@pytest.mark.vm
def test_spawner_and_shims_killed_at_once(own: Box) -> None:
    containers = [own.begin() for _ in range(3)]
    kill(spawner_of(own), *(c.state.shim_pid for c in containers))
    after = own.engine.containers(all=True)
    assert [c.state.exit_code for c in after] == [LOST] * 3
    assert len(own.engine.notices) == 3
    assert [t for c in containers for t in traces(own, c)] == []


@pytest.mark.vm
def test_a_power_cut_leaves_records_that_the_next_boot_repairs(own: Box) -> None:
    """All processes end at once; mounts, groups and /run are gone after the boot."""
    always = RestartPolicy.parse("always")  # which is for `lab resume`
    container = own.begin(
        "sleep", "1000", name="before-the-cut", volumes=("data:/d",), restart=always
    )
    own.execute(container.id, "touch", "/d/kept", "/kept")
    group = group_of(own, container)
    pids = cgroups.members(group)
    kill(spawner_of(own), container.state.shim_pid, *pids)
    subprocess.run(["umount", "-l", str(container.directory / "rootfs")], check=True)
    subprocess.run(["umount", "-l", str(own.engine.root)], check=True)
    cgroups.remove(group)
    files.remove_tree(place_of(own).directory)

    own.engine = Engine(own.engine.root)  # as a new process would have it
    is_repaired(own, container)
    own.engine.start("before-the-cut")
    done = own.execute("before-the-cut", "ls", "/d/kept", "/kept")
    assert done.out == "/d/kept\n/kept\n"
    own.engine.remove("before-the-cut", force=True)


def test_the_shell_of_a_run_with_rm_is_killed(own: Box) -> None:
    lab = Lab(own.engine.root)
    process = lab.begin(
        "run",
        "--rm",
        "--name",
        "box",
        "-v",
        "/v",
        "busybox",
        "sh",
        "-c",
        "echo ready; sleep 1000",
    )
    assert process.stdout
    assert process.stdout.readline() == b"ready\n"
    process.kill()
    process.communicate()
    container = own.engine.container("box")
    assert container.running
    own.engine.kill("box")
    until(lambda: not container.directory.exists(), "it removes itself")
    until(lambda: own.engine.volumes() == [], "and its volume")
    assert own.engine.containers(all=True) == []
    assert traces(own, container) == []


def test_a_container_with_rm_whose_shim_is_killed_is_removed_in_the_end(
    own: Box,
) -> None:
    container = own.begin(auto_remove=True, volumes=("/v",))
    kill(container.state.shim_pid)
    until(lambda: own.engine.containers(all=True) == [], "it is removed")
    assert own.engine.volumes() == []
    assert traces(own, container) == []
    assert any(container.name in notice for notice in own.engine.notices)


def dies(root: Path, where: str, doing: str) -> None:
    """In another process: do something, and be killed when `where` is reached."""
    module, _, name = where.partition(":")
    code = f"""
import os, sys
sys.path.insert(0, {str(HOME)!r})
from pathlib import Path
from engine.engine import *
import {module} as module
def end(*_, **__): os.kill(os.getpid(), 9)
{"module." + name} = end
engine = Engine(Path({str(root)!r}))
{doing}
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=30)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()


CREATE = (
    "engine.create(ContainerOptions(image='busybox', name='mine', volumes=('/v',)))"
)


@pytest.mark.parametrize(
    "where",
    [
        "engine.containers.init_layer:make",
        "engine.containers.create:users.resolve",
        "engine.containers.create:_publish",
        "engine.containers.records:Records._take_name",
    ],
)
def test_a_command_killed_while_it_creates_leaves_a_draft_that_goes(
    own: Box, where: str
) -> None:
    dies(own.engine.root, where, CREATE)
    (draft,) = (own.engine.root / "containers").iterdir()
    assert draft.name.startswith(".new-")
    assert own.engine.containers(all=True) == []
    assert list((own.engine.root / "containers").iterdir()) == []
    (notice,) = own.engine.notices
    assert "repaired" in notice
    assert str(draft) not in Path("/proc/self/mountinfo").read_text()


def test_a_name_taken_by_a_command_that_was_killed_is_free_again(own: Box) -> None:
    dies(own.engine.root, "engine.containers.records:Records._take_name", CREATE)
    (draft,) = (own.engine.root / "containers").iterdir()
    to = f"../containers/{draft.name.removeprefix('.new-')}"
    (own.engine.root / "names" / "mine").symlink_to(to)
    assert own.engine.containers(all=True) == []
    assert own.create("true", name="mine").name == "mine"


def test_a_command_killed_while_it_removes_is_finished_by_the_next(own: Box) -> None:
    container = own.create("true", name="mine")
    dies(
        own.engine.root,
        "engine.containers.records:files.remove_tree",
        "engine.remove('mine')",
    )
    assert own.engine.containers(all=True) == []
    assert list((own.engine.root / "containers").iterdir()) == []
    assert own.create("true", name="mine").id != container.id


def test_a_commit_that_is_killed_leaves_no_image_and_the_store_whole(own: Box) -> None:
    container = own.create("touch", "/new")
    own.foreground(container.id)
    dies(
        own.engine.root,
        "engine.images.store:index.put_name",
        f"engine.commit({container.id!r}, 'mine')",
    )
    with pytest.raises(EngineError, match="No such image"):
        own.engine.image("mine")
    own.engine.commit(container.id, "mine")
    assert own.run("ls", "/new", image="mine").code == 0


def test_a_commit_that_is_killed_lets_the_container_go_on(own: Box) -> None:
    container = own.begin()
    own.execute(container.id, "touch", "/new")
    dies(
        own.engine.root,
        "engine.images.layers:write",
        f"engine.commit({container.id!r}, 'mine')",
    )
    until(
        lambda: own.engine.container(container.id).state.status == "running",
        "the container goes on",
    )
    assert own.execute(container.id, "echo", "on").out == "on\n"


def test_a_base_image_cut_short_is_made_again(fresh_root: Path) -> None:
    dies(fresh_root, "engine.images.store:index.put_name", "engine.image('busybox')")
    assert Box(Engine(fresh_root)).run("echo", "ok").out == "ok\n"


class StuckStart:
    """A start whose first child stands still: it joins a group that is frozen."""

    def __init__(self, box: Box, container: Container) -> None:
        self.place, self.directory = place_of(box), container.directory
        self.group = group_of(box, container)

    def __enter__(self) -> "StuckStart":
        client.wait_for_spawner(self.place)  # the engine's own group is there with it
        self.connection = client.reach(self.place, self.directory)
        cgroups.create(self.group)
        self._freezer(frozen=True)
        self.connection.tell("start")
        until(lambda: cgroups.members(self.group), "the starter has joined the group")
        (self.starter,) = cgroups.members(self.group)
        status = Path(f"/proc/{self.starter}/status").read_text().splitlines()
        self.shim = int(next(x for x in status if x.startswith("PPid")).split()[1])
        return self

    def __exit__(self, *_: object) -> None:
        self.thaw()
        self.connection.close()

    def _freezer(self, frozen: bool) -> None:
        if cgroups.version() == 2:
            path = cgroups.directory(self.group, "") / "cgroup.freeze"
            path.write_text(str(int(frozen)))
        else:
            path = cgroups.directory(self.group, "freezer") / "freezer.state"
            path.write_text("FROZEN" if frozen else "THAWED")

    def thaw(self) -> None:
        """Let it go on."""
        with contextlib.suppress(FileNotFoundError):  # it has ended, and was tidied
            self._freezer(frozen=False)


def test_a_start_whose_first_child_is_killed_is_one_clear_error(own: Box) -> None:
    container = own.create("sleep", "1000")
    with StuckStart(own, container) as stuck:
        os.kill(stuck.starter, signal.SIGKILL)
        stuck.thaw()
        with pytest.raises(EngineError, match="killed before it could start"):
            while True:
                _, payload = stuck.connection.receive()
                if b"error" in payload:
                    raise EngineError.from_json(client.channel.decode(payload)["error"])
    until(lambda: traces(own, container) == [], "nothing is left")
    assert own.engine.container(container.id).state.status == "created"
    can_be_used_again(own, container)


@pytest.mark.vm
def test_a_start_whose_shim_is_killed_leaves_nothing_behind(own: Box) -> None:
    container = own.create("sleep", "1000")
    with StuckStart(own, container) as stuck:
        kill(stuck.shim)
        stuck.thaw()
        until(lambda: not running(stuck.starter), "the starter ends")
    (after,) = own.engine.containers(all=True)
    assert after.state.status == "created"
    assert traces(own, container) == []
    (notice,) = own.engine.notices
    assert "repaired" in notice
    can_be_used_again(own, container)


def test_a_start_whose_shim_is_killed_is_repaired_also_before_anything_is_mounted(
    own: Box,
) -> None:
    container = own.create("sleep", "1000")
    with StuckStart(own, container) as stuck:
        kill(stuck.shim)
        os.kill(stuck.starter, signal.SIGKILL)
        stuck.thaw()
        until(lambda: not running(stuck.starter), "the starter ends")
    own.engine.containers(all=True)
    assert traces(own, container) == []
    can_be_used_again(own, container)


def test_a_client_that_hangs_up_before_the_start_leaves_no_shim(own: Box) -> None:
    container = own.create("true")
    session = own.engine.session(container.id)
    session.close()
    until(lambda: not files.is_locked(container.directory / "alive"), "the shim ends")
    own.engine.remove(container.id)
    assert traces(own, container) == []


def test_the_name_of_a_container_whose_removal_was_cut_short_is_swept(own: Box) -> None:
    kept, gone = own.create("true", name="kept"), own.create("true", name="gone")
    gone.directory.rename(gone.directory.with_name(f".gone-{gone.id}"))
    own.create("true")
    assert not gone.directory.with_name(f".gone-{gone.id}").exists()
    names = own.engine.root / "names"
    assert not (names / "gone").is_symlink()
    assert (names / "kept").resolve() == kept.directory


def test_what_a_killed_start_has_left_is_ended_with_its_container(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    container = box.create("true")
    group, lock = group_of(box, container), removal._lock
    left = subprocess.Popen(["sleep", "1000"])

    def taken(directory: Path, end: Callable[[], object]) -> int:
        """The lock; and until a moment ago somebody has tried to start it."""
        held = lock(directory, end)
        cgroups.create(group)
        for tree in cgroups.directories(group):
            (tree / "cgroup.procs").write_text(str(left.pid))
        return held

    monkeypatch.setattr(removal, "_lock", taken)
    box.engine.remove(container.id, force=True)
    assert left.wait(10) == -signal.SIGKILL
    assert traces(box, container) == []
