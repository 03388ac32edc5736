"""Seccomp: a small program that the kernel runs before every system call.

The program is *classic BPF*: it sees the architecture, the number of the call and
its six arguments as plain numbers (a pointer is only a number), and returns what
shall happen. It cannot loop, and once loaded it can never be taken off.

    load the architecture
    is it x86_64?  no → the next architecture, and after the last: kill
        load the number
        lowest ≤ number ≤ highest of a run of allowed calls?  → allow
        is it 56 (clone)?  load argument 0, and with the mask; 0?  → allow
        return EPERM

Order of steps: `compile_policy` turns the OCI form of a policy into such a program,
in the engine, before anything is unshared; `load` hands the bytes to the kernel as
the last but few acts of a container's init. Names become numbers with the help of
libseccomp, which knows the tables of all architectures.

man: seccomp(2), bpf(4) of FreeBSD for the instructions, seccomp_syscall_resolve_name(3)
Try it: `lab run busybox grep Seccomp /proc/self/status`
"""

import struct
from collections.abc import Iterator, Mapping
from typing import Any

from engine.acts import act
from engine.errors import InvalidArgument
from engine.kernel import libc

_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 22, 2

# Where struct seccomp_data keeps things, in bytes.
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16
# Opcodes of classic BPF: load a word, and, compare and jump, return.
_LOAD, _AND, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x54, 0x15, 0x35, 0x06
# What the kernel calls an architecture (AUDIT_ARCH_…), by its OCI name.
_AUDIT = {
    "SCMP_ARCH_X86_64": 0xC000003E,
    "SCMP_ARCH_X86": 0x40000003,
    "SCMP_ARCH_AARCH64": 0xC00000B7,
    "SCMP_ARCH_ARM": 0x40000028,
}
_X32_BIT = 0x40000000  # calls of the x32 ABI: another table, which nobody allows here
_ACTIONS = {
    "SCMP_ACT_ALLOW": 0x7FFF0000,
    "SCMP_ACT_LOG": 0x7FFC0000,
    "SCMP_ACT_ERRNO": 0x00050000,
    "SCMP_ACT_TRAP": 0x00030000,
    "SCMP_ACT_KILL": 0x00000000,
    "SCMP_ACT_KILL_THREAD": 0x00000000,
    "SCMP_ACT_KILL_PROCESS": 0x80000000,
}
_EPERM = 1


def compile_policy(policy: Mapping[str, Any]) -> bytes:
    """The OCI policy as a program for the kernel. InvalidArgument if it is unsound."""
    try:
        default = _action(policy["defaultAction"], policy.get("defaultErrnoRet"))
        program = [_instruction(_LOAD, _ARCHITECTURE)]
        for name in policy.get("architectures", ()):
            section = list(_section(name, policy.get("syscalls", ()), default))
            # Jumps reach 255 instructions: step over a long section in one `return`.
            program.append(_instruction(_EQUAL, _AUDIT[name], 1, 0))
            program.append(_instruction(0x05, len(section)))  # jump always
            program += section
        program.append(_instruction(_RETURN, _ACTIONS["SCMP_ACT_KILL_PROCESS"]))
    except (LookupError, TypeError, ValueError, AttributeError, struct.error) as error:
        raise InvalidArgument(
            f"the seccomp profile is not valid: {error}",
            "Its format is the `seccomp` section of the OCI runtime specification.",
        ) from error
    if len(program) > 4096:
        raise InvalidArgument("the seccomp profile is too long", "Use fewer rules.")
    return b"".join(program)


def _instruction(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
    """struct sock_filter: after a comparison, skip `yes` or `no` instructions."""
    return struct.pack("<HBBI", code, yes, no, value)


def _action(name: str, number: int | None) -> int:
    value = _ACTIONS[name]
    if name == "SCMP_ACT_ERRNO":
        value |= _EPERM if number is None else number
    return value


def _section(architecture: str, rules: Any, default: int) -> Iterator[bytes]:
    """The program's part for one architecture."""
    yield _instruction(_LOAD, _NUMBER)
    if architecture == "SCMP_ARCH_X86_64":
        yield _instruction(_AT_LEAST, _X32_BIT, 0, 1)
        yield _instruction(_RETURN, default)
    plain: dict[int, list[int]] = {}
    with_arguments: list[tuple[int, Mapping[str, Any]]] = []
    for rule in rules:
        numbers = libc.syscall_numbers(_AUDIT[architecture], rule["names"])
        if rule.get("args"):
            with_arguments += [(number, rule) for number in numbers]
        else:
            action = _action(rule["action"], rule.get("errnoRet"))
            plain.setdefault(action, []).extend(numbers)
    for action, numbers in plain.items():
        for first, last in _runs(sorted(set(numbers))):
            yield _instruction(_AT_LEAST, first, 0, 2)
            yield _instruction(_AT_LEAST, last + 1, 1, 0)
            yield _instruction(_RETURN, action)
    for number, rule in with_arguments:
        yield from _conditional(number, rule)
    yield _instruction(_RETURN, default)


def _runs(numbers: list[int]) -> Iterator[tuple[int, int]]:
    """Sorted numbers as (first, last) of each run without a gap."""
    start = 0
    for index in range(len(numbers)):
        if index + 1 == len(numbers) or numbers[index + 1] != numbers[index] + 1:
            yield numbers[start], numbers[index]
            start = index + 1


def _conditional(number: int, rule: Mapping[str, Any]) -> Iterator[bytes]:
    """One call that is allowed only if all conditions on its arguments hold."""
    body = [i for test in rule["args"] for i in _test(test)]
    action = _action(rule["action"], rule.get("errnoRet"))
    body.append([_RETURN, action, 0, 0])
    for place, instruction in enumerate(body):
        left = len(body) - place - 1  # to here a failed test must jump
        yes, no = ((left if skip == _FAIL else skip) for skip in instruction[2:])
        if place == 0:
            yield _instruction(_EQUAL, number, 0, len(body) + 1)
        yield _instruction(instruction[0], instruction[1], yes, no)
    yield _instruction(_LOAD, _NUMBER)  # the tests have overwritten it


_FAIL = -1  # stands for "to the end of this rule" until its place is known


def _test(test: Mapping[str, Any]) -> Iterator[list[int]]:
    """Compare one argument: 64 bits in two words of 32, low word first."""
    operator, wanted, mask = test["op"], int(test["value"]), (1 << 64) - 1
    if operator == "SCMP_CMP_MASKED_EQ":
        mask, wanted = wanted, int(test.get("valueTwo", 0))
    elif operator not in ("SCMP_CMP_EQ", "SCMP_CMP_NE"):
        raise InvalidArgument(
            f"the seccomp profile compares with {operator}: not supported here",
            "Use SCMP_CMP_EQ, SCMP_CMP_NE or SCMP_CMP_MASKED_EQ.",
        )
    for half in (0, 32):
        place = _ARGUMENTS + 8 * int(test["index"]) + half // 8
        word, bits = wanted >> half & 0xFFFFFFFF, mask >> half & 0xFFFFFFFF
        yield [_LOAD, place, 0, 0]
        if bits != 0xFFFFFFFF:
            yield [_AND, bits, 0, 0]
        if operator != "SCMP_CMP_NE":
            yield [_EQUAL, word, 0, _FAIL]
        elif half == 0:
            yield [_EQUAL, word, 0, 2]  # the low words differ: that is enough
        else:
            yield [_EQUAL, word, _FAIL, 0]


def load(program: bytes) -> None:
    """Put this process and all that it becomes under the program, for ever.

    Needs either no-new-privileges or CAP_SYS_ADMIN.
    """
    _load(len(program) // 8, program)


@act(
    "prctl(2)",
    lambda count, program: f"# load {count} instructions of seccomp",
    lambda count, program: f"PR_SET_SECCOMP, SECCOMP_MODE_FILTER, {{len={count}}}",
)
def _load(count: int, program: bytes) -> None:
    text = libc.Memory(program)
    header = libc.Memory(struct.pack("HxxxxxxP", count, text.address))
    libc.call("prctl", _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, header.address, 0, 0)
