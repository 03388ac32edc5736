"""The kernel is the judge of acts: what strace(1) saw of it, and nothing else.

traced.py lives many lives of containers, below one strace. Then, process by process,
the acts must be what the kernel saw, in the same order:

    strace   … openat  mount  close  mount  openat  write …
    acts             ▲ mount       ▲ mount        ▲ write

Every act must be there, with its arguments and its result. And what makes a container
(MUST_BE_ACTS) must be an act; reading files and talking to others need not be. One act
stands for many calls: the bounding set loses its capabilities one by one.
"""

import itertools
import subprocess
import sys
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from engine import wording
from tests.conformance import strace, traced
from tests.conformance.strace import Call
from tests.marks import all_marks
from tests.workshop import HOME

pytestmark = pytest.mark.require("root", "overlay", "strace")

MUST_BE_ACTS = frozenset(
    "mount umount2 open_tree move_mount mount_setattr unshare setns pivot_root chroot "
    "fsopen fsmount sethostname setdomainname capset setresuid setresgid setuid setgid "
    "setgroups seccomp mknodat mknod keyctl bpf execve chdir fchdir kill "
    "pidfd_send_signal".split()
)
_IN_CONTROL_GROUPS = frozenset({"mkdir", "rmdir", "write", "setxattr"})
_OF_EVERYBODY = ("PR_GET_NAME", "PR_SET_NAME", "PR_GET_", "PR_CAPBSET_READ")
# The C library's name for a call is not always the kernel's.
_KERNELS = {"fork": "clone", "prlimit": "prlimit64"}
_DROP = "PR_CAPBSET_DROP, "
_UNTOLD = frozenset({"setsid"})  # Python does not tell what it returned


class Traced(NamedTuple):
    """What was seen, and what was written down: by kind, and by nobody's container."""

    client: int
    spawner: int
    calls: dict[int, list[Call]]
    acts: dict[str, dict[int, list[Any]]]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Traced]:
    """All lives, lived once."""
    place = tmp_path_factory.mktemp("traced")
    program = [sys.executable, "-m", "tests.conformance.traced", str(place / "root")]
    calls = {mark.call[:-3] for mark in all_marks().values() if "(2)" in mark.call}
    wanted = MUST_BE_ACTS | _IN_CONTROL_GROUPS | {_KERNELS.get(c, c) for c in calls}
    names = ",".join(f"?{name}" for name in sorted(wanted))
    options = ["-f", "--seccomp-bpf", "-qq", "-y", "-s", "65536", "-v"]
    options += ["-e", "abbrev=prctl,execve", "-e", f"trace={names}"]
    trace = place / "trace"
    subprocess.run(
        ["strace", *options, "-o", str(trace), *program, str(place)],
        cwd=HOME,
        check=True,
    )
    by_process: dict[int, list[Call]] = {}
    for call in strace.read(trace):
        by_process.setdefault(call.pid, []).append(call)
    known = frozenset(by_process)
    yield Traced(
        client=next(iter(by_process)),
        spawner=next(pid for pid, calls in by_process.items() if is_spawner(calls)),
        calls=by_process,
        acts={
            file.stem: _by_process(wording.read(file), known)
            for file in place.glob("*.jsonl")
        },
    )


def _by_process(found: list[Any], known: frozenset[int]) -> dict[int, list[Any]]:
    """The acts of each process, by its number on the machine.

    Inside a pid namespace a process knows only its number there: it is the child that
    was born last.
    """
    by_process: dict[int, list[Any]] = {}
    born = 0
    for act in found:
        pid = act["pid"] if act["pid"] in known else born
        by_process.setdefault(pid, []).append(act)
        if act["call"] == "fork(2)" and act["result"].isdecimal():
            born = int(act["result"])
    return by_process


@pytest.mark.parametrize("kind", traced.KINDS)
def test_what_the_kernel_saw_of_a_container_is_in_its_acts(
    seen: Traced, kind: str
) -> None:
    told = seen.acts[kind]
    assert len(told) >= 2  # client, shim …
    for pid in told.keys() - {seen.client}:
        agree(seen.calls[pid], told[pid])


def test_what_the_kernel_saw_of_the_command_is_in_its_acts(seen: Traced) -> None:
    told = [act for kind in seen.acts.values() for act in kind.get(seen.client, [])]
    told.sort(key=lambda act: act["time"])
    agree(seen.calls[seen.client][1:], told)


def test_no_other_process_makes_what_must_be_told(seen: Traced) -> None:
    told = {pid for kind in seen.acts.values() for pid in kind}
    for pid in seen.calls.keys() - told - {seen.spawner}:
        calls = seen.calls[pid]
        assert [c for c in calls if must_be_act(c) and c.name != "execve"] == []


def is_spawner(calls: list[Call]) -> bool:
    """Whether these are the calls of the process that all shims are copies of."""
    programs = (call.arguments for call in calls if call.name == "execve")
    return any("spawner import serve" in program for program in programs)


def agree(calls: list[Call], told: list[Any]) -> None:
    """Fail unless these acts of one process are what the kernel saw of it."""
    left = [act for act in told if act["call"].endswith("(2)")]
    for call in dropped_together(calls):
        if left and is_of(call, left[0]):
            act = left.pop(0)
            if act["call"] == "execve(2)" and call.result == "0":
                break  # from here on it is the container's program
        elif must_be_act(call):
            pytest.fail(f"the kernel saw {call},\nacts go on with {left[:1]}")
    assert left == []


def dropped_together(calls: list[Call]) -> Iterator[Call]:
    """The calls; those that drop one capability after the other as one, of them all."""
    for is_drop, some in itertools.groupby(calls, _is_drop):
        if not is_drop:
            yield from some
            continue
        drops = list(some)
        names = "|".join(drop.arguments.removeprefix(_DROP) for drop in drops)
        yield drops[-1]._replace(arguments=_DROP + names)


def _is_drop(call: Call) -> bool:
    return call.name == "prctl" and call.arguments.startswith(_DROP)


def is_of(call: Call, act: Any) -> bool:
    """Whether the act tells of this call."""
    name = act["call"].partition("(")[0]
    if _KERNELS.get(name, name) != call.name:
        return False
    if name in _UNTOLD or name == "fork":
        return name in _UNTOLD or act["result"] == call.result
    result = "0" if act["result"] == "?" else act["result"]
    if result != call.result:
        return False
    # "…" stands for what is not recorded: what is written into a file.
    first, unknown, last = strace.alike(act["arguments"]).partition("…")
    seen = strace.alike(call.arguments)
    return seen.startswith(first) and seen.endswith(last) if unknown else seen == first


def must_be_act(call: Call) -> bool:
    """Whether a call makes a container what it is."""
    if call.name in _IN_CONTROL_GROUPS:
        return "/sys/fs/cgroup/" in call.arguments.partition(",")[0]
    if call.name == "prctl":
        return not call.arguments.startswith(_OF_EVERYBODY)
    return call.name in MUST_BE_ACTS
