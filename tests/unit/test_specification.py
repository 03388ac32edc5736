"""The specification: what options and image make of `config.json`, without root."""

from pathlib import Path

import pytest

from engine.containers import specification
from engine.containers.binds import BoundPath
from engine.containers.options import security
from engine.containers.options.asked import ContainerOptions
from engine.containers.users import Identity
from engine.errors import InvalidArgument
from engine.oci.image import ImageDefaults
from engine.oci.spec import Spec

ROOT = Identity(uid=0, gid=0, groups=(10,), home="/root")
PLACE = Path("/engine/containers/abc")


def spec(bound: tuple[BoundPath, ...] = (), **options: object) -> Spec:
    asked = ContainerOptions(**{"image": "x", "command": ("true",), **options})
    return specification.specification(
        asked, ImageDefaults(), ROOT, PLACE, "host", "group/abc", bound, Path("/pin")
    )


def data(**options: object) -> dict:
    return spec(**options).to_json()


@pytest.mark.parametrize(
    ("image", "options", "expected"),
    [
        ({"cmd": ("c",)}, {}, ("c",)),
        ({"cmd": ("c",)}, {"command": ("a",)}, ("a",)),
        ({"entrypoint": ("e",), "cmd": ("c",)}, {}, ("e", "c")),
        ({"entrypoint": ("e",), "cmd": ("c",)}, {"command": ("a",)}, ("e", "a")),
        ({"entrypoint": ("e",), "cmd": ("c",)}, {"entrypoint": ("n",)}, ("n",)),
        (
            {"entrypoint": ("e",), "cmd": ("c",)},
            {"entrypoint": ("",), "command": ("a",)},
            ("a",),
        ),
    ],
)
def test_entrypoint_and_command_make_one_line(
    image: dict, options: dict, expected: tuple[str, ...]
) -> None:
    asked = ContainerOptions(image="x", **options)
    assert specification.command(asked, ImageDefaults(**image)) == expected


def test_nothing_to_run_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="No command specified"):
        specification.command(ContainerOptions(image="x"), ImageDefaults())


def test_it_is_of_the_version_that_others_read() -> None:
    assert data()["ociVersion"] == "1.0.2"


def test_six_namespaces_and_with_the_machines_network_five() -> None:
    kinds = [n["type"] for n in data(network="none")["linux"]["namespaces"]]
    assert kinds == ["mount", "pid", "network", "uts", "ipc", "cgroup"]
    found = data()["linux"]["namespaces"]
    assert {"type": "network", "path": "/pin"} in found
    assert len(found) == 6
    kinds = [n["type"] for n in data(network="host")["linux"]["namespaces"]]
    assert "network" not in kinds


def test_mounts_come_outermost_first() -> None:
    found = spec(
        volumes=(),
        tmpfs=("/a/b/c",),
        bound=(
            BoundPath(source=Path("/x"), destination="/a/b/c/d"),
            BoundPath(source=Path("/y"), destination="/a"),
        ),
    )
    ours = [m.destination for m in found.mounts if m.destination.startswith("/a")]
    assert ours == ["/a", "/a/b/c", "/a/b/c/d"]


def test_what_is_read_only_says_so() -> None:
    bound = (BoundPath(source=Path("/x"), destination="/d", read_only=True),)
    mount = next(m for m in spec(bound=bound).mounts if m.destination == "/d")
    assert mount.options == ("rbind", "rprivate", "ro")


def test_a_bound_path_over_a_file_of_the_engines_is_mounted_after_it() -> None:
    bound = (BoundPath(source=Path("/mine"), destination="/etc/hosts"),)
    sources = [
        m.source for m in spec(bound=bound).mounts if m.destination == "/etc/hosts"
    ]
    assert sources[-1] == "/mine"


@pytest.mark.parametrize(
    ("options", "memory"),
    [
        ({}, None),
        ({"memory": 1 << 26}, {"limit": 1 << 26, "swap": 1 << 27}),
        ({"memory": 1 << 26, "memory_swap": -1}, {"limit": 1 << 26, "swap": -1}),
    ],
)
def test_as_much_swap_as_memory_is_the_default(
    options: dict, memory: dict | None
) -> None:
    assert data(**options)["linux"]["resources"].get("memory") == memory


def test_cpus_are_a_share_of_a_tenth_of_a_second() -> None:
    cpu = data(cpus=1.5)["linux"]["resources"]["cpu"]
    assert cpu == {"quota": 150_000, "period": 100_000}


def test_no_device_may_be_opened_that_is_not_named() -> None:
    rules = data()["linux"]["resources"]["devices"]
    assert rules[0] == {"allow": False, "access": "rwm"}
    opened = [r for r in rules[1:] if r["access"] != "m"]
    assert all(rule["type"] == "c" and "major" in rule for rule in opened)


def test_privileged_takes_all_of_it_away() -> None:
    linux = data(privileged=True)["linux"]
    assert "seccomp" not in linux
    assert linux["maskedPaths"] == linux["readonlyPaths"] == []
    assert linux["resources"]["devices"] == [{"allow": True, "access": "rwm"}]


def test_a_plain_user_has_bounding_powers_only() -> None:
    plain = Identity(uid=33, gid=33, groups=(), home="/")
    found = specification.specification(
        ContainerOptions(image="x", command=("true",)),
        ImageDefaults(),
        plain,
        PLACE,
        "host",
        "group/abc",
        (),
        Path("/pin"),
    ).to_json()["process"]
    assert found["capabilities"]["effective"] == []
    assert found["capabilities"]["bounding"]
    assert found["user"] == {"uid": 33, "gid": 33, "additionalGids": []}


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"privileged": False, "memory": 1 << 26, "cpus": 0.5, "pids_limit": 5},
        {"tty": True, "read_only": True, "user": "33", "tmpfs": ("/t:size=1m",)},
        {"security_options": ("no-new-privileges", "seccomp=unconfined")},
    ],
)
def test_it_is_read_as_it_was_written(options: dict) -> None:
    written = spec(**options)
    assert Spec.from_json(written.to_json()) == written


@pytest.mark.parametrize(
    ("text", "yes"),
    [
        ("no-new-privileges", True),
        ("no-new-privileges=true", True),
        ("no-new-privileges:true", True),
        ("no-new-privileges=false", False),
        ("seccomp=unconfined", False),
    ],
)
def test_no_new_privileges_may_be_said_in_several_ways(text: str, yes: bool) -> None:
    asked = ContainerOptions(image="x", security_options=(text,))
    assert security.no_new_privileges(asked) is yes


@pytest.mark.parametrize(
    "options",
    [
        ContainerOptions(image="x"),
        ContainerOptions(image="x", stop_timeout=0, pids_limit=0),
        ContainerOptions(image="x", entrypoint=("",), tty=True, labels={"a": "b"}),
        ContainerOptions(image="x", memory=1 << 30, memory_swap=-1, cpus=0.5),
    ],
)
def test_options_are_read_as_they_were_written(options: ContainerOptions) -> None:
    assert ContainerOptions.from_json(options.to_json()) == options
