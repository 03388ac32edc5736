"""Capabilities, seccomp, devices and mounts, asked of the real kernel in a child."""

import os
import struct
from pathlib import Path

import pytest

from engine.errors import InvalidArgument, SyscallError
from engine.kernel import (
    capabilities,
    credentials,
    devices,
    links,
    mount_flags,
    mount_table,
    mounts,
    namespaces,
    seccomp,
    terminal,
)
from engine.oci.resources import DeviceRule
from engine.oci.seccomp import docker_policy
from tests.kernel.children import in_child

pytestmark = [pytest.mark.vm, pytest.mark.require("root")]


def sets() -> list[int]:
    lines = Path("/proc/self/status").read_text().splitlines()
    return [int(line.split()[1], 16) for line in lines if line.startswith("Cap")]


def test_the_sets_of_powers_become_what_was_asked() -> None:
    kept = ("CAP_CHOWN", "CAP_KILL")

    def work() -> list[int]:
        capabilities.limit_bounding(kept)
        capabilities.set_current(kept, kept)
        return sets()

    mask = capabilities.mask_of(kept)
    assert in_child(work) == [0, mask, mask, mask, 0]


def test_a_power_that_is_given_up_does_not_come_back() -> None:
    def work() -> str:
        capabilities.set_current((), ())
        try:
            namespaces.unshare(("uts",))
        except SyscallError as error:
            return f"{error.name} {error.hint}"
        return "unshared"

    assert in_child(work).startswith("EPERM New namespaces need root")


@pytest.mark.parametrize(
    ("add", "drop", "expected"),
    [
        ((), (), set(capabilities.DEFAULT)),
        (("NET_ADMIN",), (), {*capabilities.DEFAULT, "CAP_NET_ADMIN"}),
        ((), ("all",), set()),
        (("chown",), ("ALL",), {"CAP_CHOWN"}),
        ((), ("cap_chown",), set(capabilities.DEFAULT) - {"CAP_CHOWN"}),
        (("chown",), ("chown",), set(capabilities.DEFAULT)),
        (("ALL",), ("chown",), set(capabilities.NAMES) - {"CAP_CHOWN"}),
        (("ALL",), ("ALL",), set(capabilities.NAMES)),
    ],
)
def test_adding_and_dropping(
    add: tuple[str, ...], drop: tuple[str, ...], expected: set[str]
) -> None:
    assert set(capabilities.chosen(add, drop)) == expected & capabilities.available()


def test_privileged_is_all_whatever_is_dropped() -> None:
    chosen = capabilities.chosen((), ("ALL", "chown"), privileged=True)
    assert set(chosen) == capabilities.available() & set(capabilities.NAMES)


def test_a_power_nobody_knows_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="CAP_FLY"):
        capabilities.chosen(("fly",), ())


def test_the_default_is_dockers_mask() -> None:
    assert capabilities.mask_of(capabilities.DEFAULT) == 0xA80425FB


def test_the_filter_is_loaded_and_cannot_be_taken_off() -> None:
    program = seccomp.compile_policy(docker_policy(capabilities.DEFAULT))

    def work() -> list[str]:
        seccomp.load(program)
        found = []
        for attempt in (
            lambda: namespaces.unshare(("uts",)),
            lambda: mounts.make_private(Path("/")),
        ):
            try:
                attempt()
                found.append("done")
            except SyscallError as error:
                found.append(error.name)
        text = Path("/proc/self/status").read_text()
        return [*found, text.partition("Seccomp:\t")[2][:1]]

    assert in_child(work) == ["EPERM", "EPERM", "2"]


def test_no_new_privileges_is_for_ever() -> None:
    def work() -> str:
        credentials.forbid_new_privileges()
        return Path("/proc/self/status").read_text().partition("NoNewPrivs:\t")[2][:1]

    assert in_child(work) == "1"


def test_a_new_namespace_of_mounts_keeps_them_to_itself(tmp_path: Path) -> None:
    def work() -> bool:
        namespaces.unshare(("mount",))
        mounts.make_private(Path("/"))
        mounts.filesystem("tmpfs", "tmpfs", tmp_path, 0, "size=64k", str(tmp_path))
        return mount_table.is_mount_point(tmp_path)

    assert in_child(work)
    assert not mount_table.is_mount_point(tmp_path)


def test_a_bind_can_be_made_read_only(tmp_path: Path) -> None:
    def work() -> str:
        namespaces.unshare(("mount",))
        mounts.make_private(Path("/"))
        mounts.bind(tmp_path, tmp_path, str(tmp_path))
        mounts.remount(tmp_path, mount_flags.MS_RDONLY, str(tmp_path))
        try:
            (tmp_path / "x").touch()
        except OSError as error:
            return os.strerror(error.errno or 0)
        return "written"

    assert in_child(work) == "Read-only file system"


def test_an_overlay_shows_its_layers_as_one(tmp_path: Path) -> None:
    for name in ("low", "mid", "upper", "work", "merged", "a:b"):
        (tmp_path / name).mkdir()
    (tmp_path / "low" / "x").write_text("low")
    (tmp_path / "mid" / "x").write_text("mid")
    (tmp_path / "a:b" / "colon").touch()

    def work() -> list[object]:
        namespaces.unshare(("mount",))
        mounts.make_private(Path("/"))
        lower = [tmp_path / name for name in ("mid", "low", "a:b")]
        mounts.overlay(
            tmp_path / "merged", lower, tmp_path / "upper", tmp_path / "work"
        )
        (tmp_path / "merged" / "new").touch()
        text = (tmp_path / "merged" / "x").read_text()
        return [text, sorted(os.listdir(tmp_path / "merged"))]

    assert in_child(work) == ["mid", ["colon", "new", "x"]]
    assert os.listdir(tmp_path / "upper") == ["new"]


def test_an_overlay_of_more_layers_than_fit_in_a_page(tmp_path: Path) -> None:
    for name in ("upper", "work", "merged"):
        (tmp_path / name).mkdir()
    lower = [tmp_path / f"{'layer' * 10}-{number}" for number in range(125)]
    for number, directory in enumerate(lower):
        directory.mkdir()
        (directory / f"file-{number}").touch()

    def work() -> int:
        namespaces.unshare(("mount",))
        mounts.make_private(Path("/"))
        place = tmp_path / "merged"
        mounts.overlay(place, lower, tmp_path / "upper", tmp_path / "work")
        return len(os.listdir(place))

    assert in_child(work) == 125


def test_a_mount_that_cannot_be_is_an_error_that_says_what_and_why() -> None:
    with pytest.raises(SyscallError) as caught:
        mounts.filesystem("nosuchfs", "x", Path("/proc"), 0, "", "/shown")
    assert caught.value.message == "mount /shown: No such device"
    assert "lab doctor" in caught.value.hint


def test_the_table_of_mounts_is_read_with_strange_names(tmp_path: Path) -> None:
    strange = tmp_path / "a b\\c\té"
    strange.mkdir()

    def work() -> list[str]:
        namespaces.unshare(("mount",))
        mounts.make_private(Path("/"))
        mounts.filesystem("tmpfs", "none", strange, 0, "", "x")
        return [mount.target for mount in mount_table.table() if "a b" in mount.target]

    assert in_child(work) == [str(strange)]


def test_the_loopback_of_a_new_network_is_switched_on() -> None:
    def work() -> list[int]:
        import socket

        namespaces.unshare(("network",))
        before = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        first = before.connect_ex(("127.0.0.1", 9))
        links.set_up("lo")
        return [first, before.connect_ex(("127.0.0.1", 9))]

    assert in_child(work) == [101, 0]  # "network is unreachable", then nothing


def test_a_terminal_has_the_size_that_it_was_given() -> None:
    master, slave = os.openpty()
    terminal.set_size(master, 41, 133)
    assert terminal.size(slave) == (41, 133)
    os.close(master)
    os.close(slave)


def test_what_is_no_terminal_has_the_usual_size() -> None:
    reading, writing = os.pipe()
    assert terminal.size(reading) == (24, 80)
    os.close(reading)
    os.close(writing)


def test_the_program_of_devices_allows_what_the_rules_say() -> None:
    rules = (
        DeviceRule(allow=False),
        DeviceRule(allow=True, type="c", access="m"),
        DeviceRule(allow=True, type="c", major=1, minor=3),
        DeviceRule(allow=True, type="c", major=136),
    )
    program = devices.program(rules)
    make, both, character, block = 1, 6, 2, 1
    assert answer(program, character, both, 1, 3) == 1
    assert answer(program, character, both, 136, 5) == 1
    assert answer(program, character, make, 7, 7) == 1
    assert answer(program, block, make, 8, 0) == 0
    assert answer(program, block, both, 8, 0) == 0
    assert answer(program, character, both, 1, 1) == 0
    assert answer(program, character, make | both, 9, 9) == 0


def answer(program: bytes, kind: int, access: int, major: int, minor: int) -> int:
    """What the kernel would answer: the program of BPF, step by step."""
    code = [program[i : i + 8] for i in range(0, len(program), 8)]
    context = struct.pack("<III", access << 16 | kind, major, minor)
    registers = [0] * 11
    place = 0
    while True:
        operation, both, jump, value = struct.unpack("<BBhi", code[place])
        to, source = both & 15, both >> 4
        place += 1
        if operation == 0x61:
            registers[to] = struct.unpack_from("<I", context, jump)[0]
        elif operation == 0x77:
            registers[to] >>= value
        elif operation == 0x57:
            registers[to] &= value
        elif operation == 0xB7:
            registers[to] = value
        elif operation == 0xBF:
            registers[to] = registers[source]
        elif operation == 0x55:
            place += jump if registers[to] != value else 0
        elif operation == 0x5D:
            place += jump if registers[to] != registers[source] else 0
        elif operation == 0x95:
            return registers[0]
        else:
            raise AssertionError(f"unknown instruction {operation:#x}")
