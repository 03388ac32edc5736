"""Acts: what the kernel was asked for a container, and what would do the same."""

import ast
import importlib
import json
import threading
from collections.abc import Sequence

import pytest

from engine.containers.witness import Seen
from engine.engine import Container, UpdateOptions
from tests.engine.boxes import Box

FIELDS = {
    "time": float,
    "pid": int,
    "verb": str,
    "call": str,
    "arguments": str,
    "result": str,
    "microseconds": int,
    "concept": str,
    "symbol": str,
    "shell": str,
}


@pytest.fixture
def ended(box: Box) -> Container:
    """A container with a bit of everything, that has run."""
    container = box.create(
        *("sh", "-c", "tty"),
        tty=True,
        user="33",
        memory=64 << 20,
        pids_limit=50,
        read_only=True,
        volumes=("data:/data:ro",),
        tmpfs=("/t",),
        working_directory="/tmp",
        security_options=("no-new-privileges",),
    )
    box.foreground(container.id)
    return container


def test_every_act_has_every_field(box: Box, ended: Container) -> None:
    acts = box.engine.acts(ended.id)
    assert len(acts) > 50
    for act in acts:
        assert {name: type(value) for name, value in act.items()} == FIELDS, act


def test_the_shell_column_is_never_empty(box: Box, ended: Container) -> None:
    assert [act for act in box.engine.acts(ended.id) if not act["shell"].strip()] == []


def test_every_symbol_is_a_function_of_the_engine(box: Box, ended: Container) -> None:
    symbols = {act["symbol"] for act in box.engine.acts(ended.id)}
    for symbol in symbols:
        module, _, name = symbol.partition(":")
        thing = importlib.import_module(module)
        for part in name.replace(".<locals>", "").split("."):
            if not hasattr(thing, part):  # a function inside a function
                assert part in names_in(module), symbol
                break
            thing = getattr(thing, part)


def names_in(module: str) -> set[str]:
    """The name of every function in a module's source, however deep."""
    with open(importlib.import_module(module).__file__ or "") as source:
        tree = ast.parse(source.read())
    return {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)}


def test_every_call_names_its_man_page(box: Box, ended: Container) -> None:
    calls = {act["call"] for act in box.engine.acts(ended.id)}
    by_program = {"tar(1)", "rm(1)", "sha256sum(1)"}
    assert all(c.endswith("(2)") or c in by_program for c in calls), calls
    wanted = {"mount(2)", "unshare(2)", "pivot_root(2)", "execve(2)", "capset(2)"}
    wanted |= {"prctl(2)", "sethostname(2)", "setresuid(2)", "write(2)"}
    assert wanted <= calls


def test_acts_are_in_the_order_in_which_they_happened(
    box: Box, ended: Container
) -> None:
    shells = [act["call"] for act in box.engine.acts(ended.id)]
    order = ["unshare(2)", "sethostname(2)", "setresuid(2)", "execve(2)"]
    places = [shells.index(call) for call in order]
    assert places == sorted(places)
    assert shells.index("pivot_root(2)") < shells.index("setresuid(2)")


def test_the_starter_and_the_init_are_two_processes(box: Box, ended: Container) -> None:
    by_call = {act["call"]: act["pid"] for act in box.engine.acts(ended.id)}
    assert by_call["unshare(2)"] != by_call["pivot_root(2)"]


def test_what_the_kernel_refused_is_told(box: Box) -> None:
    container = box.create("true", tmpfs=("/t:uid=9999999999",))
    with pytest.raises(Exception, match="/t"):
        box.engine.start(container.id)
    refused = [a for a in box.engine.acts(container.id) if a["result"] == "-1 EINVAL"]
    assert [act["call"] for act in refused] == ["mount(2)"]


def test_nothing_is_refused_where_all_goes_well(box: Box) -> None:
    container = box.begin()
    heard: list[Seen] = []
    with box.engine.explaining(heard.extend):
        box.engine.stop(container.id, 0)
        box.engine.remove(container.id)
    assert [one.act for one in heard if one.act["result"].startswith("-1")] == []
    thawed = [one.act["shell"] for one in heard if one.act["verb"] == "stop"]
    assert not any("THAWED" in s or "cgroup.freeze" in s for s in thawed)


def test_a_file_is_written_under_another_name_and_then_renamed(
    box: Box, ended: Container
) -> None:
    files = [a for a in box.engine.acts(ended.id) if a["concept"] == "files"]
    moved = [a["shell"].split()[2:] for a in files if a["call"] == "rename(2)"]
    old = next(old for old, new in moved if new.endswith("/state.json"))
    assert any(a["shell"].startswith(f"cat > {old}  #") for a in files)


def test_the_places_to_mount_on_are_made_by_acts(box: Box, ended: Container) -> None:
    shells = [a["shell"] for a in box.engine.acts(ended.id) if a["verb"] == "create"]
    for name in ("hosts", "hostname", "resolv.conf", "init/etc/hosts"):
        assert any(s.startswith("install ") and s.endswith(f"/{name}") for s in shells)


def test_a_second_start_adds_to_the_first(box: Box, ended: Container) -> None:
    before = len(box.engine.acts(ended.id))
    box.foreground(ended.id)
    calls = [act["call"] for act in box.engine.acts(ended.id)]
    assert calls.count("pivot_root(2)") == 2
    assert len(calls) > before


def test_an_exec_and_a_pause_are_acts_too(box: Box) -> None:
    container = box.begin()
    box.execute(container.id, "true")
    box.engine.pause(container.id)
    calls = [act["call"] for act in box.engine.acts(container.id)]
    shells = [act["shell"] for act in box.engine.acts(container.id)]
    assert "setns(2)" in calls
    assert any("FROZEN" in s or "cgroup.freeze" in s for s in shells)


def test_a_line_that_a_crash_cut_short_is_left_out(box: Box, ended: Container) -> None:
    path = ended.directory / "acts.jsonl"
    whole = len(box.engine.acts(ended.id))
    with path.open("a") as file:
        file.write('{"time": 1, "pi')
    assert len(box.engine.acts(ended.id)) == whole


def test_acts_of_a_container_are_bounded(box: Box) -> None:
    container = box.create("true")
    line = json.dumps({"shell": "x" * 1000}) + "\n"
    (container.directory / "acts.jsonl").write_text(line * 1200)
    box.foreground(container.id)
    assert (container.directory / "acts.jsonl").stat().st_size < 2 << 20


def verbs(box: Box, name: str) -> set[str]:
    return {act["verb"] for act in box.engine.acts(name)}


def test_every_act_tells_for_which_verb_it_was_done(box: Box) -> None:
    container = box.begin()
    engine = box.engine
    assert verbs(box, container.id) == {"create", "start"}
    box.execute(container.id, "true")
    engine.pause(container.id)
    engine.unpause(container.id)
    engine.update(container.id, UpdateOptions(pids_limit=50))
    engine.rename(container.id, f"{container.name}-again")
    engine.commit(container.id, "kept")
    engine.stop(container.id, 0)
    done = "create start exec pause unpause update rename commit stop kill end"
    assert verbs(box, container.id) == set(done.split())


def test_a_commit_tells_which_blobs_it_wrote_and_waited_for(box: Box) -> None:
    container = box.create("touch", "/new")
    box.foreground(container.id)
    image = box.engine.commit(container.id, "kept")
    done = [a for a in box.engine.acts(container.id) if a["verb"] == "commit"]
    packed = [a["shell"] for a in done if a["call"] == "tar(1)"]
    assert len(packed) == 1 and str(container.directory / "upper") in packed[0]
    blobs = [a["shell"] for a in done if a["call"] == "rename(2)"]
    layer = image.manifest.layers[-1].digest.removeprefix("sha256:")
    assert any(shell.endswith(f"/blobs/sha256/{layer}") for shell in blobs)
    assert any("sync" in a["shell"] and layer in a["shell"] for a in done)
    assert any("index.json" in a["shell"] for a in done if a["call"] == "write(2)")


def test_whoever_listens_hears_the_start_of_a_container_when_it_is_told(
    box: Box,
) -> None:
    heard: list[Seen] = []
    with box.engine.explaining(heard.extend):
        container = box.begin()
    own = [dict(seen.act) for seen in heard if seen.directory == container.directory]
    kept = box.engine.acts(container.id)
    assert sorted(own, key=str) == sorted(kept, key=str)
    assert "execve(2)" in [act["call"] for act in own[-2:]]


def test_acts_are_heard_while_the_program_runs_and_of_a_removal_to_its_end(
    box: Box,
) -> None:
    container = box.begin()
    heard: list[Seen] = []
    more = threading.Event()

    def hear(seen: Sequence[Seen]) -> None:
        heard.extend(seen)
        if any(one.act["verb"] == "pause" for one in seen):
            more.set()

    with box.engine.explaining(hear):
        box.engine.pause(container.id)
        assert more.wait(20)
        box.engine.remove(container.id, force=True)
    assert not container.directory.exists()
    last = [seen.act for seen in heard if seen.act["verb"] == "rm"]
    assert f"rm -r {container.directory.parent}/.gone-{container.id}" in {
        act["shell"] for act in last
    }
    assert {seen.act["verb"] for seen in heard} >= {"pause", "kill", "end", "rm"}


def test_what_has_no_container_is_heard_and_kept_nowhere(box: Box) -> None:
    heard: list[Seen] = []
    with box.engine.explaining(heard.extend):
        box.engine.tag("busybox", "another:name")
    assert {seen.directory for seen in heard} == {None}
    assert any("index.json" in seen.act["shell"] for seen in heard)


def test_a_listener_that_fails_disturbs_nothing_and_is_told_at_the_end(
    box: Box,
) -> None:
    container = box.create("sleep", "100")

    def fail(_: Sequence[Seen]) -> None:
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError), box.engine.explaining(fail):
        box.engine.start(container.id)
    assert box.engine.container(container.id).running
