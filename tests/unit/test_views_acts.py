"""Acts as text: folded, under their headings, in a pipe and on a terminal; compared."""

import json
from pathlib import Path
from typing import Any

import pytest

from engine import acts as recorder
from labshell.views import acts as acts_view
from labshell.views import difference
from labshell.views.concepts import HEADINGS
from labshell.views.explain import Explainer, Manner
from labshell.views.folding import fold
from labshell.views.source import source_of

ID = "ab" * 32
HOME = Path(f"/var/lib/labshell/containers/{ID}")
GROUP = f"/sys/fs/cgroup/devices/labshell-0/{ID}"
WHOLE = Manner()


def act(shell: str, call: str = "write(2)", **fields: Any) -> dict[str, Any]:
    return {
        "time": 1.0,
        "pid": 4711,
        "verb": "start",
        "call": call,
        "arguments": "",
        "result": "0",
        "microseconds": 10,
        "concept": "cgroups",
        "symbol": "engine.kernel.devices:restrict",
        "shell": shell,
        **fields,
    }


def mount(shell: str, **fields: Any) -> dict[str, Any]:
    symbol = "engine.runtime.steps:FileSystem.apply"
    return act(shell, "mount(2)", concept="mounts", symbol=symbol, **fields)


def start() -> list[dict[str, Any]]:
    allowed = ("c 1:3 rwm", "c 1:5 rwm", "c 136:* rwm")
    return [
        act(f"mkdir {GROUP}", "mkdir(2)"),
        act(f"echo a > {GROUP}/devices.deny"),
        *(act(f"echo '{one}' > {GROUP}/devices.allow") for one in allowed),
        mount(f"mount -t proc proc {HOME}/rootfs/proc"),
        mount(f"umount -l {HOME}/shm", result="-1 ENOENT"),
    ]


def told(acts: list[dict[str, Any]], manner: Manner = WHOLE) -> list[str]:
    lines: list[str] = []
    acts_view.tell(acts, HOME, manner, lines.append)
    return lines


def test_a_start_in_a_pipe_is_whole_lines_that_can_be_typed_again() -> None:
    group = "/sys/fs/cgroup/devices/labshell-0/$ID"
    restrict = "engine.kernel.devices:restrict"
    apply = "engine.runtime.steps:FileSystem.apply"
    assert told(start()) == [
        f"ID={ID} LAB=/var/lib/labshell C=$LAB/containers/$ID ROOTFS=$C/rootfs",
        "── start ".ljust(72, "─"),
        "Control groups: how much a container may use",
        f"  mkdir {group}  # mkdir(2), 10 µs, {restrict}",
        f"  echo a > {group}/devices.deny  # write(2), 10 µs, {restrict}",
        f"  3 × echo 'c … rwm' > {group}/devices.allow  # write(2), 30 µs, {restrict}",
        "Mounts: what a process sees when it looks at a path",
        f"  mount -t proc proc $ROOTFS/proc  # mount(2), 10 µs, {apply}",
        f"  umount -l $C/shm  # mount(2) = -1 ENOENT, 10 µs, {apply}",
    ]


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_on_a_terminal_no_act_takes_more_than_one_line(width: int) -> None:
    long = mount(f"mount -t overlay overlay -o lowerdir={'x' * 300} {HOME}/rootfs")
    lines = told([*start(), long], Manner(width=width))[1:]
    headings = [line for line in lines if not line.startswith("  ")]
    assert all(len(line) <= width for line in lines if line not in headings)
    assert lines[-1].startswith("  mount -t")
    assert lines[-1].endswith("⋯ $ROOTFS")
    assert len(lines[-1]) == width


def test_on_a_wider_terminal_more_is_said_of_an_act() -> None:
    narrow = told(start(), Manner(width=60))[-1]
    wide = told(start(), Manner(width=120))[-1]
    assert narrow.endswith("# mount(2) = -1 ENOENT, 10 µs")
    assert wide.endswith("engine.runtime.steps:FileSystem.apply")


def test_what_was_refused_is_red_in_colour() -> None:
    lines = told(start(), Manner(width=80, colour=True))
    assert "\x1b[31m# mount(2) = -1 ENOENT" in lines[-1]
    assert "\x1b[2m# mount(2), " in lines[-2]


def test_only_acts_of_the_concepts_asked_for_are_told() -> None:
    lines = told(start(), Manner(concepts=frozenset({"mounts"})))
    assert [line for line in lines if "devices" in line] == []
    assert len([line for line in lines if line.startswith("  ")]) == 2


def test_the_source_of_a_function_stands_once_below_its_first_acts() -> None:
    lines = told([*start(), *start()], Manner(source=True))
    heads = [line for line in lines if "def restrict(" in line]
    assert len(heads) == 1
    place = lines.index(heads[0])
    assert any("devices.allow" in line for line in lines[:place])


def test_source_comes_in_colours_and_from_functions_inside_functions() -> None:
    text = "\n".join(
        source_of("engine.runtime.starter:start.<locals>.work", colour=True)
    )
    assert "\x1b[" in text
    assert "def start" in "\n".join(
        source_of("engine.runtime.starter:start", colour=False)
    )
    assert "nosuch" in source_of("engine.files:nosuch", colour=False)[0]


def test_each_start_has_a_heading_also_if_only_one_concept_is_told() -> None:
    acts = [*start(), act("rmdir x", verb="end", concept="files"), *start()]
    lines = told(acts, Manner(concepts=frozenset({"mounts"})))
    assert [line[:8] for line in lines if line[0] == "─"] == ["── start", "── start"]


def test_where_there_is_no_container_the_root_has_its_short_name() -> None:
    lines: list[str] = []
    explainer = Explainer(lines.append, Manner(), Path("/var/lib/labshell"))
    explainer.hear([(act("rm /var/lib/labshell/images/x"), None)])
    explainer.hear([])
    assert lines[0] == "LAB=/var/lib/labshell"
    assert lines[-1].startswith("  rm $LAB/images/x  # ")


def test_a_stretch_is_told_when_it_ends_or_when_it_is_quiet() -> None:
    lines: list[str] = []
    explainer = Explainer(lines.append, Manner())
    first, *others = start()
    explainer.hear([(first, HOME)])
    assert lines == []
    explainer.hear([])
    assert "mkdir" in lines[-1]
    explainer.hear([(one, HOME) for one in others])
    assert "devices.allow" in lines[-1]
    explainer.hear([])
    assert "ENOENT" in lines[-1]


def test_acts_of_two_containers_stand_under_the_names_of_each() -> None:
    lines: list[str] = []
    explainer = Explainer(lines.append, Manner())
    other = HOME.with_name("cd" * 32)
    explainer.hear(
        [(start()[0], HOME), (act(f"rmdir {other}"), other), (act("x"), None)]
    )
    explainer.hear([])
    assert [line[:5] for line in lines if line.startswith("ID=")] == ["ID=ab", "ID=cd"]
    assert "  rmdir $C  # write(2), 10 µs, engine.kernel.devices:restrict" in lines


def test_what_acts_on_a_terminal_is_shown_and_not_done() -> None:
    assert "\\x1b[31m" in told([act("hostname \x1b[31mred")])[-1]


def test_two_kinds_of_act_in_turns_are_folded_together() -> None:
    acts = [
        mount(text.replace("NAME", name))
        for name in ("cpu", "memory", "pids")
        for text in ("mkdir /cg/NAME", "mount -t cgroup -o ro,NAME cgroup /cg/NAME")
    ]
    folded = fold(acts)
    assert [line.shell for line in folded] == [
        "mkdir /cg/…",
        "mount -t cgroup -o ro,… cgroup /cg/…",
    ]
    assert [len(line.acts) for line in folded] == [3, 3]
    assert [line.goes_on for line in folded] == [False, True]


def test_two_like_acts_and_unlike_ones_are_not_folded() -> None:
    acts = [act("rm a"), act("rm b"), act("rm c", result="-1 ENOENT"), act("ln d e")]
    assert [line.shell for line in fold(acts)] == ["rm a", "rm b", "rm c", "ln d e"]


def test_acts_as_json_are_whole_and_a_line_each() -> None:
    lines = acts_view.as_json_lines(start())
    assert [json.loads(line) for line in lines] == start()


def test_acts_of_one_concept() -> None:
    assert len(acts_view.of_concept(start(), "mounts")) == 2
    assert acts_view.of_concept(start(), None) == start()
    assert acts_view.concepts(start()) == ["cgroups", "mounts"]


def test_no_act_at_all_is_said() -> None:
    assert told([]) == [acts_view.NONE]


def test_every_concept_of_the_engine_has_a_heading() -> None:
    import importlib
    import pkgutil

    import engine

    for module in pkgutil.walk_packages(engine.__path__, "engine."):
        importlib.import_module(module.name)
    marked = {
        mark.concept
        for name, mark in recorder.MARKS.items()
        if name.startswith("engine.")
    }
    assert marked == set(HEADINGS)


def other_start(*more: dict[str, Any]) -> list[dict[str, Any]]:
    """The same start of another container, at another time, by other processes."""
    other = "cd" * 32
    acts = json.loads(json.dumps([*start(), *more]).replace(ID, other))
    return [{**one, "time": 9.0, "pid": 5000, "microseconds": 99} for one in acts]


OTHER = HOME.with_name("cd" * 32)


def compared(*more: dict[str, Any]) -> list[str]:
    one = [act(f"kill -9 4711 {ID[:12]}"), *start()]
    other = [
        act(f"kill -9 5000 {OTHER.name[:12]}", pid=5000),
        *other_start(*more),
    ]
    found = difference.differences(
        difference.last_start(one, HOME), difference.last_start(other, OTHER)
    )
    return difference.lines(found, ("one", "other"), colour=False)


def test_two_starts_that_differ_in_ids_times_and_processes_are_the_same() -> None:
    assert compared() == []


def test_the_difference_names_acts_that_only_one_has_and_other_arguments() -> None:
    added = mount(f"mount -t tmpfs tmpfs {HOME}/rootfs/t")
    assert compared(added) == [
        "--- one",
        "+++ other",
        "Mounts: what a process sees when it looks at a path",
        "  + mount -t tmpfs tmpfs $ROOTFS/t",
    ]


def test_an_act_with_other_arguments_stands_next_to_what_it_was() -> None:
    one = [mount("mount -o ro a b"), act("echo 1 > $ID/x")]
    other = [mount("mount -o rw a b"), act("echo 2 > $ID/x")]
    found = difference.differences(one, other)
    assert [(x.sign, x.line.shell) for x in found] == [
        ("-", "mount -o ro a b"),
        ("+", "mount -o rw a b"),
        ("-", "echo 1 > $ID/x"),
        ("+", "echo 2 > $ID/x"),
    ]


def test_only_the_last_start_is_compared_and_nothing_else() -> None:
    before = mount("mount -o first a b", time=0.1)
    end = mount("umount -l b", verb="end", time=0.2)
    acts = [before, end, *start(), act("kill -9 1", verb="kill", time=5.0)]
    shells = [one["shell"] for one in difference.last_start(acts, HOME)]
    assert shells == [one["shell"] for one in difference.last_start(start(), HOME)]
