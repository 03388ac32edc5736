"""config.json as others write it: what is understood, and what is refused."""

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.errors import InvalidArgument
from engine.oci.resources import USUAL_DEVICES, DeviceRule
from engine.runtime.command import config, template, walls
from engine.runtime.command.config import Config

Change = Callable[[Any], object]


def read(place: Path, change: Change = id) -> Config:
    """What is understood of the template, changed."""
    data = template.template()
    change(data)
    (place / "rootfs").mkdir(exist_ok=True)
    (place / "config.json").write_text(json.dumps(data))
    return config.read(place, "box")


def with_mount(*options: str, **fields: str) -> Change:
    mount = {"destination": "/m", "source": "s", "options": list(options), **fields}
    return lambda data: data["mounts"].append(mount)


def with_linux(**fields: Any) -> Change:
    return lambda data: data["linux"].update(fields)


def with_process(**fields: Any) -> Change:
    return lambda data: data["process"].update(fields)


def with_limits(**fields: Any) -> Change:
    return lambda data: data["linux"]["resources"].update(fields)


MOUNT = {"type": "mount"}
DENY_ONE = {"allow": False, "type": "c", "major": 1, "minor": 3}
OWN_NETWORK = {"type": "network", "path": "/proc/self/ns/net"}
OWN_NAME = {"type": "uts", "path": "/proc/self/ns/uts"}
TWO = [{"type": "pid", "path": path} for path in ("/a", "/b")]
IDS = [{"containerID": 0, "hostID": 1000, "size": 1}]
REFUSED: list[tuple[Change, str]] = [
    (lambda c: c.update(ociVersion="2.0"), "ociVersion is not a version 1"),
    (lambda c: c.update(hooks={"poststop": [{"path": "x"}]}), "not an absolute path"),
    (lambda c: c.update(hooks={"createContainer": [{}]}), "hooks.createContainer is"),
    (lambda c: c.update(process=None), "process is not there"),
    (lambda c: c["root"].update(path="/"), "root.path is not a directory"),
    (lambda c: c["root"].update(path="nosuch"), "root.path is not a directory"),
    (with_process(args=[]), "process.args is not"),
    (with_process(args="sh"), "process.args is not a list"),
    (with_process(cwd="tmp"), "process.cwd is not an absolute path"),
    (with_process(env=["PATH"]), "process.env is not"),
    (with_process(apparmorProfile="x"), "process.apparmorProfile is not supported"),
    (with_process(rlimits=[{"type": "RLIMIT_X", "soft": 1, "hard": 1}]), "RLIMIT_X"),
    (with_linux(namespaces=[]), "a mount namespace of its own is missing"),
    (with_linux(namespaces=[{**MOUNT, "path": "/n"}]), "a mount namespace of its own"),
    (with_linux(namespaces=[MOUNT, MOUNT]), "two namespaces of the type 'mount'"),
    (with_linux(namespaces=[MOUNT, {"type": "user"}]), "'user' is not supported"),
    (with_linux(namespaces=[MOUNT, {"type": "pid", "path": "x"}]), "not absolute"),
    (with_linux(namespaces=[MOUNT, *TWO]), "two namespaces of the type 'pid'"),
    (
        with_linux(namespaces=[MOUNT, OWN_NETWORK], sysctl={"net.core.somaxconn": "1"}),
        "sysctl 'net.core.somaxconn' is not in a namespace",
    ),
    (with_linux(namespaces=[MOUNT]), "hostname or domainname, and no uts namespace"),
    (with_linux(namespaces=[MOUNT, OWN_NAME]), "no uts namespace that is not the"),
    (with_linux(memoryPolicy={"mode": "MPOL_BIND"}), "linux.memoryPolicy is not"),
    (with_linux(netDevices={"eth0": {}}), "linux.netDevices is not"),
    (with_linux(seccomp={"flags": ["SECCOMP_FILTER_FLAG_LOG"]}), "linux.seccomp.flags"),
    (lambda c: c["mounts"][0].update(uidMappings=IDS), "mounts[0].uidMappings is not"),
    (lambda c: c["mounts"][1].update(gidMappings=IDS), "mounts[1].gidMappings is not"),
    (with_linux(uidMappings=[{"hostID": 1}]), "linux.uidMappings is not supported"),
    (with_linux(rootfsPropagation="shared"), "linux.rootfsPropagation is not"),
    (with_linux(sysctl={"kernel.core_pattern": "|x"}), "is not in a namespace"),
    (with_linux(sysctl={"net.../../kernel/x": "1"}), "is not in a namespace"),
    (with_linux(cgroupsPath="/"), "is not the path of a group of its own"),
    (with_linux(cgroupsPath="/a/../.."), "is not the path of a group of its own"),
    (
        with_linux(devices=[{"path": "/dev/p", "type": "p", "major": 1, "minor": 1}]),
        "'p'",
    ),
    (with_limits(devices=[{"allow": True}, DENY_ONE]), "denies single devices"),
    (with_limits(unified={"memory.low": "1"}), "unified.memory.low is not supported"),
    (with_limits(rdma={"x": {"hcaHandles": 3}}), "rdma is not supported"),
    (with_process(user={"uid": -1}), "process.user: -1"),
    (with_process(user={"uid": 1, "gid": (1 << 32) - 1}), "process.user: 4294967295"),
    (with_process(user={"additionalGids": ["0"]}), "process.user: '0'"),
    (with_mount("rbind", "rshared"), "asks for 'rshared'"),
    (with_mount("bind", "idmap"), "asks for 'idmap'"),
]


@pytest.mark.parametrize(("change", "words"), REFUSED, ids=[w for _, w in REFUSED])
def test_what_would_be_missing_or_reach_out_is_refused(
    tmp_path: Path, change: Change, words: str
) -> None:
    with pytest.raises(InvalidArgument) as refused:
        read(tmp_path, change)
    assert words in refused.value.message
    assert "\n" not in refused.value.message


def places(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to everything in a JSON value, by keys and numbers."""
    parts = dict(enumerate(value)) if isinstance(value, list) else value
    for key, part in parts.items() if isinstance(parts, dict) else ():
        yield (*above, key)
        yield from places(part, (*above, key))


JUNK = [None, True, -1, 1 << 70, 1.5, "", "x", "\0", "\ud800", [], [1], {}, {"a": 1}]


@pytest.mark.parametrize("place", list(places(template.template())), ids=str)
def test_whatever_stands_in_a_field_is_understood_or_refused(
    tmp_path: Path, place: tuple[Any, ...]
) -> None:
    whole = template.template()
    for junk in JUNK:
        data = copy.deepcopy(whole)
        above = data
        for key in place[:-1]:
            above = above[key]
        above[place[-1]] = junk
        try:
            read(tmp_path, lambda c, new=data: c.update(new))  # type: ignore[misc]  # bound
        except InvalidArgument as error:
            assert error.message


def test_paths_are_relative_to_the_bundle(tmp_path: Path) -> None:
    spec = read(tmp_path, with_mount("bind")).spec
    assert spec.root == str((tmp_path / "rootfs").resolve())
    assert spec.mounts[-1].source == f"{tmp_path}/s"
    assert spec.mounts[-1].type == "bind"


def test_words_that_forbid_nothing_are_left_out(tmp_path: Path) -> None:
    bound = with_mount("rbind", "rw", "exec", "relatime", "ro", type="none")
    assert read(tmp_path, bound).spec.mounts[-1].options == ("rbind", "ro")


def test_what_is_nought_or_absent_is_no_limit(tmp_path: Path) -> None:
    limits = with_limits(memory={"limit": 0}, cpu={"shares": 0, "cpus": ""})
    resources = read(tmp_path, limits).spec.resources
    assert (resources.memory, resources.cpu_shares, resources.cpus) == (None,) * 3


def test_a_container_has_a_group_of_its_name_unless_it_asks(tmp_path: Path) -> None:
    assert read(tmp_path).spec.cgroup == "oci/box"
    assert read(tmp_path, with_linux(cgroupsPath="/a/b")).spec.cgroup == "a/b"


def test_all_devices_are_denied_before_some_are_allowed() -> None:
    own = DeviceRule(allow=True, type="c", major=10, minor=-1, access="r")
    first, second, *rest = walls.device_rules([own])
    assert (first, second) == (DeviceRule(allow=False), own._replace(minor=None))
    assert tuple(rest) == USUAL_DEVICES


def test_a_rule_for_all_devices_begins_anew() -> None:
    everything, nothing = DeviceRule(allow=True), DeviceRule(allow=False)
    assert walls.device_rules([nothing, everything]) == (everything,)
    assert everything not in walls.device_rules([everything, nothing])


def test_the_filter_is_for_architectures_that_are_known() -> None:
    names = ["SCMP_ARCH_X86_64", "SCMP_ARCH_X32"]
    policy = walls.policy({"defaultAction": "SCMP_ACT_ALLOW", "architectures": names})
    assert policy is not None
    assert policy["architectures"] == ["SCMP_ARCH_X86_64"]
    unnamed = walls.policy({"defaultAction": "SCMP_ACT_ALLOW"})
    assert unnamed is not None
    assert unnamed["architectures"]


def test_one_of_several_values_of_an_argument_is_enough() -> None:
    tests = [{"index": 0, "value": n, "op": "SCMP_CMP_EQ"} for n in (1, 2)]
    rule = {"names": ["personality"], "action": "SCMP_ACT_ALLOW", "args": tests}
    policy = walls.policy({"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [rule]})
    assert policy is not None
    assert [one["args"] for one in policy["syscalls"]] == [[test] for test in tests]


def test_powers_that_are_on_need_not_be_those_of_the_bounding_set(
    tmp_path: Path,
) -> None:
    sets = {"bounding": ["CAP_KILL", "CAP_CHOWN"], "effective": ["CAP_KILL"]}
    process = read(tmp_path, with_process(capabilities=sets)).spec.process
    assert process.held == ("CAP_KILL",)


def test_the_umask_is_022_unless_another_is_asked_for(tmp_path: Path) -> None:
    assert read(tmp_path).spec.process.umask == 0o22
    user = with_process(user={"uid": 0, "gid": 0, "umask": 0o77})
    assert read(tmp_path, user).spec.process.umask == 0o77
