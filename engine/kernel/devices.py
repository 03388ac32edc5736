"""Devices: which device nodes the processes of a container may open.

Root in a container may make a node for the machine's disk (CAP_MKNOD): the number
is no secret. What stops it is the control group: opening a device that is not on
the list fails with EPERM, whatever the node's permissions say.

    version 1   two files: devices.deny takes all, devices.allow gives some back
    version 2   a program of BPF instructions that the kernel runs at each open

The program is short enough to be written by hand. It gets a structure of three
words (access and type, major, minor) and returns 1 to allow:

    for each rule:   type differs?  → next
                     wants more than the rule gives (read, write, make)? → next
                     major differs? → next     (a rule for all has no such test)
                     minor differs? → next
                     return 1
    return 0

man: cgroups(7), bpf(2), null(4); Documentation/admin-guide/cgroup-v1/devices.rst
Try it: `lab run busybox sh -c 'mknod /d b 8 0; cat /d'`
"""

import itertools
import os
import struct
from pathlib import Path

from engine.acts import act
from engine.files import closing, open_directory
from engine.kernel import cgroups, group_files, libc, pseudo_files
from engine.oci.resources import DeviceRule

_SYS_BPF = {"x86_64": 321, "aarch64": 280}
_BPF_PROG_LOAD, _BPF_PROG_ATTACH = 5, 8
_CGROUP_DEVICE, _ATTACH_DEVICE, _ALLOW_MULTI = 15, 6, 2
_TYPES = {"b": 1, "c": 2}


def restrict(group: str, rules: tuple[DeviceRule, ...]) -> None:
    """Let the processes of `group` open the devices that `rules` allow, no others.

    In a user namespace nobody can make nodes, and nobody may set such rules.
    """
    if pseudo_files.is_nested():
        return
    if cgroups.version() == 2:
        attach_program(cgroups.directory(group, ""), program(rules))
        return
    place = cgroups.directory(group, "devices")
    for allow, some in itertools.groupby(rules, lambda rule: rule.allow):
        file = place / f"devices.{'allow' if allow else 'deny'}"
        group_files.write(file, *map(str, some))


# Instructions of BPF: operation codes, as bpf(2) has them for 32- and 64-bit words.
_LOAD_WORD, _SHIFT_RIGHT, _AND, _SET, _COPY = 0x61, 0x77, 0x57, 0xB7, 0xBF
_JUMP_IF_NOT, _JUMP_IF_NOT_SAME, _EXIT = 0x55, 0x5D, 0x95
_ACCESS = {"m": 1, "r": 2, "w": 4}


def _instruction(code: int, to: int, source: int, jump: int, value: int) -> bytes:
    """struct bpf_insn: code, two registers of 4 bits, a jump, a value."""
    return struct.pack("<BBhi", code, source << 4 | to, jump, value)


def program(rules: tuple[DeviceRule, ...]) -> bytes:
    """The rules that allow, as instructions. What no rule allows is refused.

    Registers: 1 the structure, 2 the type, 3 the access, 4 major, 5 minor, 6 scratch.
    """
    code = [
        _instruction(_LOAD_WORD, 2, 1, 0, 0),
        _instruction(_COPY, 3, 2, 0, 0),
        _instruction(_AND, 2, 0, 0, 0xFFFF),  # the lower half of the word is the type
        _instruction(_SHIFT_RIGHT, 3, 0, 0, 16),  # the upper half is the access
        _instruction(_LOAD_WORD, 4, 1, 4, 0),
        _instruction(_LOAD_WORD, 5, 1, 8, 0),
    ]
    for rule in rules:
        if rule.allow:
            code += _allowing(rule)
    code += [_instruction(_SET, 0, 0, 0, 0), _instruction(_EXIT, 0, 0, 0, 0)]
    return b"".join(code)


def _allowing(rule: DeviceRule) -> list[bytes]:
    """The instructions of one rule: jump over its end unless everything matches."""
    given = sum(_ACCESS[letter] for letter in rule.access)
    wanted = ((2, _TYPES.get(rule.type)), (4, rule.major), (5, rule.minor))
    tests = [(register, value) for register, value in wanted if value is not None]
    rest = len(tests) + 2  # instructions left after the test of the access
    code = [
        _instruction(_COPY, 6, 3, 0, 0),
        _instruction(_AND, 6, 0, 0, given),
        _instruction(_JUMP_IF_NOT_SAME, 6, 3, rest, 0),
    ]
    for register, value in tests:
        rest -= 1
        code.append(_instruction(_JUMP_IF_NOT, register, 0, rest, value))
    return [*code, _instruction(_SET, 0, 0, 0, 1), _instruction(_EXIT, 0, 0, 0, 0)]


def attach_program(place: Path, code: bytes) -> None:
    """Load a device program and tie it to the control group at `place`."""
    with (
        closing(_load(len(code) // 8, code)) as loaded,
        closing(open_directory(place)) as group,
    ):
        _attach(group, loaded, place)


@act(
    "bpf(2)",
    lambda count, code: f"# {count} BPF instructions are checked by the kernel",
    lambda count, code: (
        f"BPF_PROG_LOAD, {{prog_type=BPF_PROG_TYPE_CGROUP_DEVICE, insn_cnt={count}}}, "
        "120"
    ),
)
def _load(count: int, code: bytes) -> int:
    text, licence = libc.Memory(code), libc.Memory(b"Apache\0")
    load = struct.pack(
        "<IIQQIIQ",
        _CGROUP_DEVICE,
        count,
        text.address,
        licence.address,
        *(0, 0, 0),  # no log of the kernel's verifier
    ).ljust(120, b"\0")
    number = _SYS_BPF[os.uname().machine]
    return libc.by_number(
        number, "bpf", _BPF_PROG_LOAD, load, len(load), target="device program"
    )


@act(
    "bpf(2)",
    lambda group, loaded, place: f"# … and run for whoever opens a device in {place}",
    lambda group, loaded, place: (
        f"BPF_PROG_ATTACH, {{target_fd={group}, attach_bpf_fd={loaded}, "
        "attach_type=BPF_CGROUP_DEVICE}, 16"
    ),
)
def _attach(group: int, loaded: int, place: Path) -> None:
    tie = struct.pack("<IIII", group, loaded, _ATTACH_DEVICE, _ALLOW_MULTI)
    number = _SYS_BPF[os.uname().machine]
    libc.by_number(number, "bpf", _BPF_PROG_ATTACH, tie, len(tie), target=str(place))
