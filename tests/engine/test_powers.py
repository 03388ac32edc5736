"""What root may do inside: capabilities, system calls, setuid, paths of the kernel."""

import io
import json
import os
import tarfile
from pathlib import Path

import pytest

from engine.errors import EngineError, InvalidArgument
from engine.kernel import capabilities
from tests.engine.boxes import Box

DOCKERS = 0xA80425FB
SETS = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")
NET_ADMIN, NET_RAW, CHOWN = 1 << 12, 1 << 13, 1 << 0


def powers(box: Box, *command: str, **options: object) -> dict[str, int]:
    """The five sets of a program, as numbers."""
    done = box.run(*(command or ("cat", "/proc/self/status")), **options)
    fields = dict(line.split(":\t", 1) for line in done.lines if ":\t" in line)
    return {name: int(fields[name], 16) for name in SETS}


def test_root_has_dockers_fourteen_powers_and_can_pass_none_on(box: Box) -> None:
    assert powers(box) == {
        "CapInh": 0,
        "CapPrm": DOCKERS,
        "CapEff": DOCKERS,
        "CapBnd": DOCKERS,
        "CapAmb": 0,
    }


def test_an_exec_has_the_same_powers(box: Box) -> None:
    container = box.begin()
    done = box.execute(container.id, "grep", "Cap", "/proc/self/status")
    found = [int(line.split()[1], 16) for line in done.lines]
    assert found == [0, DOCKERS, DOCKERS, DOCKERS, 0]


def test_a_plain_user_has_none_switched_on(box: Box) -> None:
    found = powers(box, user="33")
    assert (found["CapPrm"], found["CapEff"]) == (0, 0)
    assert found["CapBnd"] == DOCKERS


@pytest.mark.parametrize("name", ["NET_ADMIN", "net_admin", "CAP_NET_ADMIN"])
def test_a_power_can_be_added_by_any_of_its_names(box: Box, name: str) -> None:
    assert powers(box, capabilities_add=(name,))["CapEff"] == DOCKERS | NET_ADMIN


def test_a_power_can_be_dropped_for_good(box: Box) -> None:
    found = powers(box, capabilities_drop=("NET_RAW",))
    assert found["CapBnd"] == found["CapEff"] == DOCKERS & ~NET_RAW


def test_all_can_be_dropped_and_one_given_back(box: Box) -> None:
    found = powers(box, capabilities_drop=("ALL",), capabilities_add=("CHOWN",))
    assert found["CapBnd"] == found["CapEff"] == CHOWN


def test_all_can_be_added_less_one(box: Box) -> None:
    mine = capabilities.mask_of(tuple(capabilities.available()))
    found = powers(box, capabilities_add=("ALL",), capabilities_drop=("NET_RAW",))
    assert found["CapBnd"] == mine & ~NET_RAW


def test_privileged_means_all_that_the_machine_has(box: Box) -> None:
    mine = capabilities.mask_of(tuple(capabilities.available()))
    assert powers(box, privileged=True)["CapEff"] == mine


def test_a_power_that_nobody_knows_is_refused(box: Box) -> None:
    with pytest.raises(InvalidArgument, match='CapAdd: unknown capability: "CAP_FLY"'):
        box.create("true", capabilities_add=("FLY",))


def test_a_dropped_power_is_really_missing(box: Box) -> None:
    script = "touch /x; chown 33 /x"
    assert box.run("sh", "-c", script).code == 0
    assert box.run("sh", "-c", script, capabilities_drop=("CHOWN",)).code != 0


def test_system_calls_are_filtered(box: Box) -> None:
    done = box.run("grep", "Seccomp:", "/proc/self/status")
    assert done.out.split() == ["Seccomp:", "2"]
    container = box.begin()
    done = box.execute(container.id, "grep", "Seccomp:", "/proc/self/status")
    assert done.out.split() == ["Seccomp:", "2"]


@pytest.mark.parametrize(
    "command",
    ["unshare -m true", "unshare -U true", "unshare -p true", "mount -t tmpfs x /tmp"],
)
def test_namespaces_and_mounts_are_refused(box: Box, command: str) -> None:
    done = box.run("sh", "-c", command)
    assert done.code != 0
    assert "not permitted" in done.err or "denied" in done.err


def test_with_the_power_comes_the_system_call(box: Box) -> None:
    done = box.run("unshare", "-m", "echo", "ok", capabilities_add=("SYS_ADMIN",))
    assert done.out == "ok\n"


def test_without_a_filter_only_the_powers_decide(box: Box) -> None:
    asked = ("seccomp=unconfined",)
    done = box.run("grep", "Seccomp:", "/proc/self/status", security_options=asked)
    assert done.out.split() == ["Seccomp:", "0"]
    done = box.run("unshare", "-U", "true", security_options=asked)
    assert done.code == 0


def test_privileged_has_no_filter(box: Box) -> None:
    done = box.run("grep", "Seccomp:", "/proc/self/status", privileged=True)
    assert done.out.split() == ["Seccomp:", "0"]


def test_a_profile_of_ones_own_is_applied(box: Box, tmp_path: Path) -> None:
    profile = tmp_path / "no-mkdir.json"
    profile.write_text(
        json.dumps(
            {
                "defaultAction": "SCMP_ACT_ALLOW",
                "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64"],
                "syscalls": [
                    {
                        "names": ["mkdir", "mkdirat"],
                        "action": "SCMP_ACT_ERRNO",
                        "errnoRet": 95,
                    }
                ],
            }
        )
    )
    asked = (f"seccomp={profile}",)
    done = box.run("sh", "-c", "mkdir /x; touch /y && echo ok", security_options=asked)
    assert "Operation not supported" in done.err
    assert done.out == "ok\n"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "{}",
        '{"defaultAction": "SCMP_ACT_NOSUCH"}',
        '{"defaultAction": 5}',
        '{"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["VAX"]}',
        '{"defaultAction": "SCMP_ACT_ALLOW", "architectures": 3}',
        '{"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64"],'
        ' "syscalls": [{"names": 3}]}',
        '{"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64"],'
        ' "syscalls": [{"names": ["read"], "action": "SCMP_ACT_ALLOW", "args":'
        ' [{"index": "x", "value": 1, "op": "SCMP_CMP_EQ"}]}]}',
        '{"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64"],'
        ' "syscalls": [{"names": ["read"], "action": "SCMP_ACT_ALLOW", "args":'
        ' [{"index": 1, "value": 1, "op": "SCMP_CMP_GT"}]}]}',
    ],
)
def test_a_profile_that_is_none_is_refused_and_nothing_is_left(
    box: Box, tmp_path: Path, text: str
) -> None:
    profile = tmp_path / "profile.json"
    profile.write_text(text)
    with pytest.raises(EngineError) as caught:
        box.create("true", security_options=(f"seccomp={profile}",))
    assert caught.value.exit_code == 125
    assert "seccomp" in caught.value.message
    assert box.engine.containers(all=True) == []


def test_a_profile_that_is_not_there_is_refused(box: Box) -> None:
    with pytest.raises(InvalidArgument, match="opening seccomp profile"):
        box.create("true", security_options=("seccomp=/nosuch",))


def test_a_security_option_that_nobody_knows_is_refused(box: Box) -> None:
    with pytest.raises(InvalidArgument, match="invalid --security-opt"):
        box.create("true", security_options=("nosuch=1",))


@pytest.fixture
def setuid_image(box: Box, tmp_path: Path) -> str:
    """An image of the machine's `id` and `cat`, of which `id` is setuid root."""
    root = tmp_path / "rootfs"
    root.mkdir()
    box.engine.make_rootfs(root, ["id", "cat"])
    next(path for path in root.rglob("id") if path.is_file()).chmod(0o4755)
    with io.BytesIO() as archive:
        with tarfile.open(fileobj=archive, mode="w") as tar:
            tar.add(root, arcname=".")
        archive.seek(0)
        box.engine.import_image(archive, "setuid")
    return "setuid"


def test_a_setuid_program_makes_root_of_a_user(box: Box, setuid_image: str) -> None:
    assert box.run("id", "-u", image=setuid_image, user="33").out == "0\n"


@pytest.mark.parametrize("option", ["no-new-privileges", "no-new-privileges:true"])
def test_no_new_privileges_makes_setuid_do_nothing(
    box: Box, setuid_image: str, option: str
) -> None:
    asked = {"image": setuid_image, "user": "33", "security_options": (option,)}
    assert box.run("id", "-u", **asked).out == "33\n"
    done = box.run("cat", "/proc/self/status", **asked)
    assert done.err == ""
    assert "NoNewPrivs:\t1\n" in done.out
    assert "Seccomp:\t2\n" in done.out


def test_no_new_privileges_is_kept_in_an_exec(box: Box) -> None:
    container = box.begin(security_options=("no-new-privileges",))
    done = box.execute(container.id, "grep", "NoNewPrivs", "/proc/self/status")
    assert done.out.split()[1] == "1"


@pytest.mark.parametrize(
    "path", ["/proc/keys", "/proc/timer_list", "/proc/interrupts", "/proc/kcore"]
)
def test_a_masked_file_is_empty(box: Box, path: str) -> None:
    if not Path(path).exists():
        pytest.skip(f"this kernel has no {path}")
    assert box.run("cat", path).raw == b""


@pytest.mark.parametrize("path", ["/proc/acpi", "/sys/firmware"])
def test_a_masked_directory_is_empty_and_stays_so(box: Box, path: str) -> None:
    if not Path(path).exists():
        pytest.skip(f"this kernel has no {path}")
    done = box.run("sh", "-c", f"ls {path}; touch {path}/x")
    assert done.out == ""
    assert "Read-only" in done.err


@pytest.mark.parametrize(
    "script",
    [
        "echo 1 > /proc/sys/kernel/panic",
        "echo b > /proc/sysrq-trigger",
        "echo 1 > /proc/irq/default_smp_affinity",
        "mkdir /sys/fs/cgroup/pids/x || mkdir /sys/fs/cgroup/x",
        "echo x > /sys/kernel/uevent_helper",
        "touch /sys/x",
    ],
)
def test_what_would_change_the_machine_is_read_only(box: Box, script: str) -> None:
    done = box.run("sh", "-c", script)
    assert done.code != 0
    assert any(w in done.err for w in ("Read-only", "nonexistent", "denied"))


def test_privileged_masks_nothing(box: Box) -> None:
    names = " ".join(path for path in ("/sys/firmware",) if os.listdir(path))
    done = box.run("sh", "-c", f"ls {names}; mount | grep ' /proc/'", privileged=True)
    assert "proc on /proc/sys" not in done.out
    if names:
        assert done.lines


def test_the_machines_keys_are_nobodys_business(box: Box) -> None:
    """keyctl(2) and add_key(2) are refused: key rings know no namespaces."""
    assert box.run("cat", "/proc/keys").out == ""
