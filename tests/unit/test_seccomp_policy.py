"""Docker's system call policy, and the program made of it, run by hand."""

import struct

import pytest

from engine.errors import InvalidArgument
from engine.kernel import capabilities, seccomp
from engine.oci.seccomp import docker_policy

X86_64, AARCH64, I386 = 0xC000003E, 0xC00000B7, 0x40000003
ALLOW, KILL, EPERM, ENOSYS = 0x7FFF0000, 0x80000000, 0x00050001, 0x00050026
NUMBERS = {
    "read": 0,
    "mmap": 9,
    "clone": 56,
    "execve": 59,
    "socket": 41,
    "chroot": 161,
    "mount": 165,
    "umount2": 166,
    "reboot": 169,
    "init_module": 175,
    "ptrace": 101,
    "personality": 135,
    "pivot_root": 155,
    "keyctl": 250,
    "add_key": 248,
    "unshare": 272,
    "setns": 308,
    "bpf": 321,
    "userfaultfd": 323,
    "io_uring_setup": 425,
    "clone3": 435,
}


def run(program: bytes, number: int, *arguments: int, audit: int = X86_64) -> int:
    """What the kernel would answer: the program of classic BPF, step by step."""
    words = [word & (1 << 64) - 1 for word in (*arguments, *[0] * 6)][:6]
    memory = struct.pack("<IIQ6Q", number, audit, 0, *words)
    code = [program[i : i + 8] for i in range(0, len(program), 8)]
    place, accumulator = 0, 0
    while True:
        operation, yes, no, value = struct.unpack("<HBBI", code[place])
        place += 1
        if operation == 0x20:
            accumulator = struct.unpack_from("<I", memory, value)[0]
        elif operation == 0x54:
            accumulator &= value
        elif operation == 0x05:
            place += value
        elif operation == 0x15:
            place += yes if accumulator == value else no
        elif operation == 0x35:
            place += yes if accumulator >= value else no
        elif operation == 0x06:
            return value
        else:
            raise AssertionError(f"unknown instruction {operation:#x}")


def x86(policy: dict) -> bytes:
    """The policy compiled as on an x86_64 machine."""
    names = ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"]
    return seccomp.compile_policy({**policy, "architectures": names})


DEFAULT = x86(docker_policy(capabilities.DEFAULT))


@pytest.mark.parametrize("name", ["read", "mmap", "execve", "chroot", "ptrace"])
def test_what_programs_need_is_allowed(name: str) -> None:
    assert run(DEFAULT, NUMBERS[name]) == ALLOW


@pytest.mark.parametrize(
    "name",
    "mount umount2 pivot_root reboot init_module keyctl add_key unshare setns bpf "
    "userfaultfd io_uring_setup".split(),
)
def test_what_could_harm_the_machine_is_refused(name: str) -> None:
    assert run(DEFAULT, NUMBERS[name]) == EPERM


def test_a_call_that_nobody_knows_is_refused() -> None:
    assert run(DEFAULT, 9999) == EPERM
    assert run(DEFAULT, 0xFFFFFFFF) == EPERM


@pytest.mark.parametrize("bit", [17, 25, 26, 27, 28, 29, 30])
def test_clone_makes_no_namespace(bit: int) -> None:
    assert run(DEFAULT, NUMBERS["clone"], 1 << bit | 17) == EPERM
    assert run(DEFAULT, NUMBERS["clone"], 0x01200011) == ALLOW  # what fork() asks for
    assert run(DEFAULT, NUMBERS["clone"], 0x3D0F00) == ALLOW  # a thread


def test_clone3_is_not_there_so_that_libraries_fall_back() -> None:
    assert run(DEFAULT, NUMBERS["clone3"]) == ENOSYS


@pytest.mark.parametrize("value", [0, 8, 0x20000, 0x20008, 0xFFFFFFFF])
def test_harmless_personalities_are_allowed(value: int) -> None:
    assert run(DEFAULT, NUMBERS["personality"], value) == ALLOW


@pytest.mark.parametrize("value", [0x40000, 0x400000, 1, 1 << 32, 0x100000008])
def test_other_personalities_are_not(value: int) -> None:
    assert run(DEFAULT, NUMBERS["personality"], value) == EPERM


def test_every_kind_of_socket_but_that_to_the_hypervisor() -> None:
    assert run(DEFAULT, NUMBERS["socket"], 1) == ALLOW
    assert run(DEFAULT, NUMBERS["socket"], 2) == ALLOW
    assert run(DEFAULT, NUMBERS["socket"], 40) == EPERM


@pytest.mark.parametrize(
    ("power", "calls"),
    [
        ("CAP_SYS_ADMIN", ["mount", "unshare", "setns", "clone3", "bpf"]),
        ("CAP_SYS_MODULE", ["init_module"]),
        ("CAP_SYS_BOOT", ["reboot"]),
        ("CAP_BPF", ["bpf"]),
    ],
)
def test_a_power_unlocks_its_calls(power: str, calls: list[str]) -> None:
    program = x86(docker_policy((*capabilities.DEFAULT, power)))
    assert {run(program, NUMBERS[call]) for call in calls} == {ALLOW}
    assert run(program, NUMBERS["keyctl"]) == EPERM


def test_an_engine_inside_gets_what_it_needs_and_no_more() -> None:
    powers = (*capabilities.DEFAULT, "CAP_SYS_ADMIN")
    program = x86(docker_policy(powers, nested=True))
    needs = ("pivot_root", "mount", "umount2", "unshare", "setns", "clone3")
    assert {run(program, NUMBERS[call]) for call in needs} == {ALLOW}
    others = ("bpf", "keyctl", "reboot", "init_module", "userfaultfd")
    assert {run(program, NUMBERS[call]) for call in others} == {EPERM}


def test_the_calls_of_x32_are_refused() -> None:
    assert run(DEFAULT, 0x40000000 | NUMBERS["read"]) == EPERM
    assert run(DEFAULT, 0x40000000 | 0x200 | 9) == EPERM


def test_another_architecture_has_its_own_numbers() -> None:
    assert run(DEFAULT, 3, audit=I386) == ALLOW  # read
    assert run(DEFAULT, 21, audit=I386) == EPERM  # mount


def test_an_architecture_that_is_not_named_ends_the_process() -> None:
    assert run(DEFAULT, 0, audit=AARCH64) == KILL


def policy(**fields: object) -> dict:
    rule = {"names": ["read"], "action": "SCMP_ACT_ERRNO", **fields}
    return {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [rule]}


def test_two_conditions_must_both_hold() -> None:
    tests = [
        {"index": 0, "value": 1, "op": "SCMP_CMP_EQ"},
        {"index": 1, "value": 2, "op": "SCMP_CMP_NE"},
    ]
    program = x86(policy(args=tests))
    assert run(program, 0, 1, 3) == EPERM
    assert run(program, 0, 1, 2) == ALLOW
    assert run(program, 0, 2, 3) == ALLOW


@pytest.mark.parametrize("operator", ["SCMP_CMP_EQ", "SCMP_CMP_NE"])
def test_all_64_bits_of_an_argument_count(operator: str) -> None:
    value = 5 << 32 | 7
    tests = [{"index": 2, "value": value, "op": operator}]
    program = x86(policy(args=tests))
    equal, other = (EPERM, ALLOW) if operator == "SCMP_CMP_EQ" else (ALLOW, EPERM)
    assert run(program, 0, 0, 0, value) == equal
    for wrong in (7, 5 << 32, 6 << 32 | 7, 5 << 32 | 8):
        assert run(program, 0, 0, 0, wrong) == other


def test_a_number_of_its_own_can_be_the_answer() -> None:
    assert run(x86(policy(errnoRet=38)), 0) == ENOSYS


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"defaultAction": "SCMP_ACT_NOSUCH"},
        {"defaultAction": 1, "syscalls": []},
        policy(action="NOSUCH"),
        policy(names=5),
        policy(args=[{"index": 0, "value": 0, "op": "SCMP_CMP_GT"}]),
        policy(args=[{"index": "x", "value": 0, "op": "SCMP_CMP_EQ"}]),
        policy(args=[{}]),
        policy(errnoRet=1 << 40),
        policy(
            args=[{"index": i % 6, "value": i, "op": "SCMP_CMP_EQ"} for i in range(900)]
        ),
    ],
)
def test_a_policy_that_is_none_is_refused(wrong: dict) -> None:
    with pytest.raises(InvalidArgument, match="seccomp profile"):
        x86(wrong)


def test_a_name_that_no_architecture_has_is_left_out() -> None:
    program = x86(policy(names=["nosuch_call", "read"]))
    assert run(program, 0) == EPERM
    assert run(program, 1) == ALLOW
