"""Capabilities: root's powers, piece by piece.

User 0 is not all-powerful by its number. Since Linux 2.2 each power has a bit of
its own, and a process holds them in sets:

    bounding      what this process and its descendants can ever have
    permitted     what it may switch on
    effective     what is on
    inheritable   what may pass through execve, with the program's consent
    ambient       what passes through execve of an ordinary program

A container keeps fourteen bits of root's forty-one: enough to install packages, not
enough to load a module, set the clock or mount. A program run as user 0 regains by
execve what is in its *bounding* set, so that is the set that counts.

man: capabilities(7), capset(2), prctl(2)
Try it: `lab run busybox grep Cap /proc/self/status`, then `capsh --decode=…`.
"""

import struct

from engine.acts import act
from engine.errors import InvalidArgument, SyscallError
from engine.kernel import libc
from engine.kernel.pseudo_files import read_text
from engine.notes import quote

# In the kernel's order: a capability's place is its bit.
NAMES = (
    "CAP_CHOWN CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_FOWNER CAP_FSETID CAP_KILL "
    "CAP_SETGID CAP_SETUID CAP_SETPCAP CAP_LINUX_IMMUTABLE CAP_NET_BIND_SERVICE "
    "CAP_NET_BROADCAST CAP_NET_ADMIN CAP_NET_RAW CAP_IPC_LOCK CAP_IPC_OWNER "
    "CAP_SYS_MODULE CAP_SYS_RAWIO CAP_SYS_CHROOT CAP_SYS_PTRACE CAP_SYS_PACCT "
    "CAP_SYS_ADMIN CAP_SYS_BOOT CAP_SYS_NICE CAP_SYS_RESOURCE CAP_SYS_TIME "
    "CAP_SYS_TTY_CONFIG CAP_MKNOD CAP_LEASE CAP_AUDIT_WRITE CAP_AUDIT_CONTROL "
    "CAP_SETFCAP CAP_MAC_OVERRIDE CAP_MAC_ADMIN CAP_SYSLOG CAP_WAKE_ALARM "
    "CAP_BLOCK_SUSPEND CAP_AUDIT_READ CAP_PERFMON CAP_BPF CAP_CHECKPOINT_RESTORE"
).split()

# What Docker leaves to a container: a80425fb as a mask.
DEFAULT = (
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETPCAP",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_RAW",
    "CAP_SYS_CHROOT",
    "CAP_MKNOD",
    "CAP_AUDIT_WRITE",
    "CAP_SETFCAP",
)

PR_CAPBSET_DROP, PR_CAP_AMBIENT = 24, 47
PR_CAP_AMBIENT_RAISE, PR_CAP_AMBIENT_CLEAR_ALL = 2, 4
_VERSION_3 = 0x20080522  # of the capset structure: two words of 32 bits for each set


def chosen(
    add: tuple[str, ...], drop: tuple[str, ...], privileged: bool = False
) -> tuple[str, ...]:
    """The capabilities that --cap-add, --cap-drop and --privileged ask for together.

    Names are taken with or without "CAP_", in any case; "ALL" is every one that this
    process itself may give. As under Docker, who is both added and dropped by name is
    added, and `privileged` is all, whatever is dropped. Raises InvalidArgument for a
    name nobody knows.
    """
    added = {_known(name, "CapAdd") for name in add}
    dropped = {_known(name, "CapDrop") for name in drop}
    if privileged:
        wanted = set(NAMES)
    elif "ALL" in added:
        wanted = set(NAMES) - dropped
    elif "ALL" in dropped:
        wanted = added
    else:
        wanted = (set(DEFAULT) - dropped) | added
    given = wanted & available()
    return tuple(name for name in NAMES if name in given)


def _known(name: str, asked: str) -> str:
    upper = name.upper()
    if upper == "ALL":
        return upper
    full = upper if upper.startswith("CAP_") else f"CAP_{upper}"
    if full not in NAMES:
        raise InvalidArgument(
            f'invalid {asked}: unknown capability: "{full}"',
            "`man 7 capabilities` lists them: NET_ADMIN, SYS_PTRACE …",
        )
    return full


def available() -> frozenset[str]:
    """What this process's own bounding set can give."""
    for line in read_text("/proc/self/status").splitlines():
        if line.startswith("CapBnd:"):
            mask = int(line.split()[1], 16)
            return frozenset(n for bit, n in enumerate(NAMES) if mask >> bit & 1)
    return frozenset()


def mask_of(names: tuple[str, ...]) -> int:
    """The set as the kernel writes it, one bit each."""
    return sum(1 << NAMES.index(name) for name in names)


def limit_bounding(keep: tuple[str, ...]) -> None:
    """Give up for ever, for this process and its descendants, all but `keep`."""
    gone = tuple(name for name in NAMES if name not in keep)
    if gone:
        _drop(gone)


@act(
    "prctl(2)",
    lambda names: f"capsh --drop={','.join(names).lower()} …",
    lambda names: f"PR_CAPBSET_DROP, {'|'.join(names)}",
)
def _drop(names: tuple[str, ...]) -> None:
    """One prctl(2) for each name; they are one act, since 27 notes would cost more."""
    for name in names:
        try:
            libc.call("prctl", PR_CAPBSET_DROP, NAMES.index(name), 0, 0, 0, target=name)
        except SyscallError as error:
            if error.name != "EINVAL":  # a bit that an older kernel does not have
                raise


def _bits(names: tuple[str, ...]) -> str:
    """A set as strace(1) prints it: "1<<CAP_CHOWN|1<<CAP_KILL"."""
    return "|".join(f"1<<{name}" for name in names) or "0"


def _in_words(*sets: tuple[str, ...]) -> str:
    """The sets as cap_from_text(3) reads them: "cap_chown,cap_kill=ep"."""
    words = {name: "" for names in sets for name in names}
    for letter, names in zip("epi", sets, strict=False):
        for name in names:
            words[name] += letter
    flags = dict.fromkeys(words.values())
    parts = (",".join(n for n in words if words[n] == flag) for flag in flags)
    text = (f"{p.lower()}={flag}" for p, flag in zip(parts, flags, strict=True))
    return quote(" ".join(text) or "=")


def set_current(
    effective: tuple[str, ...],
    permitted: tuple[str, ...],
    inheritable: tuple[str, ...] = (),
    ambient: tuple[str, ...] = (),
) -> None:
    """Set what this process holds. `ambient` must be in permitted and inheritable.

    An inheritable set that is not empty was a hole of other engines (CVE-2022-24769):
    our own bundles have none.
    """
    _clear_ambient()
    _set(effective, permitted, inheritable)
    for name in ambient:
        _raise_ambient(name)


@act(
    "prctl(2)",
    lambda: "setpriv --ambient-caps=-all …",
    lambda: "PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0",
)
def _clear_ambient() -> None:
    libc.call("prctl", PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)


@act(
    "prctl(2)",
    lambda name: f"setpriv --ambient-caps=+{name.removeprefix('CAP_').lower()} …",
    lambda name: f"PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, {name}, 0, 0",
)
def _raise_ambient(name: str) -> None:
    number = NAMES.index(name)
    libc.call("prctl", PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0, target=name)


@act(
    "capset(2)",
    lambda *sets: f"capsh --caps={_in_words(*sets)} …",
    lambda effective, permitted, inheritable: (
        f"{{version=_LINUX_CAPABILITY_VERSION_3, pid=0}}, "
        f"{{effective={_bits(effective)}, permitted={_bits(permitted)}, "
        f"inheritable={_bits(inheritable)}}}"
    ),
)
def _set(
    effective: tuple[str, ...],
    permitted: tuple[str, ...],
    inheritable: tuple[str, ...],
) -> None:
    on, may, on_loan = map(mask_of, (effective, permitted, inheritable))
    low = 0xFFFFFFFF  # the kernel wants two words of each set
    words = (on & low, may & low, on_loan & low, on >> 32, may >> 32, on_loan >> 32)
    libc.call("capset", struct.pack("Ii", _VERSION_3, 0), struct.pack("6I", *words))
