"""Credentials: who a process is, for the kernel, and that it can become nobody more.

    user, group, groups   three numbers each (real, effective, saved), and a list
    session keyring       keys and tickets of whoever logged in
    no new privileges     a bit that no descendant can clear: setuid programs do nothing
    keep capabilities     whether a change of user keeps the permitted ones

Groups change first and the user last: afterwards nobody is allowed to.

man: credentials(7), setresuid(2), keyrings(7), prctl(2)
Try it: `lab run --explain -u 33:33 busybox id`
"""

import os

from engine.acts import act, os_error
from engine.errors import SyscallError
from engine.kernel import libc

_PR_SET_PDEATHSIG, _PR_SET_KEEPCAPS, _PR_SET_NO_NEW_PRIVS = 1, 8, 38
_SYS_KEYCTL = {"x86_64": 250, "aarch64": 219}
_KEYCTL_JOIN_SESSION_KEYRING = 1


@act(
    "prctl(2)",
    lambda: "setpriv --no-new-privs …",
    lambda: "PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0",
)
def forbid_new_privileges() -> None:
    """From now on execve gives no privilege: setuid bits do nothing."""
    libc.call("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


@act(
    "prctl(2)",
    lambda keep: f"# capabilities {'survive' if keep else 'go with'} a change of user",
    lambda keep: f"PR_SET_KEEPCAPS, {int(keep)}",
)
def keep_capabilities(keep: bool) -> None:
    """Whether a change from user 0 to another keeps the permitted capabilities."""
    libc.call("prctl", _PR_SET_KEEPCAPS, int(keep), 0, 0, 0)


def new_session_keyring() -> None:
    """Leave the caller's session keyring: its keys are not the container's."""
    number = _SYS_KEYCTL.get(os.uname().machine)
    if number is None:
        return
    try:
        _join_keyring(number)
    except SyscallError:
        return  # a kernel without keyrings, or a quota used up: nothing to leave


@act(
    "keyctl(2)",
    lambda number: "keyctl session - …",
    lambda number: "KEYCTL_JOIN_SESSION_KEYRING, NULL",
)
def _join_keyring(number: int) -> int:
    return libc.by_number(number, "keyctl", _KEYCTL_JOIN_SESSION_KEYRING, 0)


def become_user(uid: int, gid: int, groups: tuple[int, ...]) -> None:
    """Change to this user, group and supplementary groups, in the order that works."""
    try:
        _set_groups(groups)
        _set_group(gid)
        _set_user(uid)
    except OSError as error:
        raise SyscallError("setuid", error.errno or 0, f"{uid}:{gid}") from error


@act(
    "setgroups(2)",
    lambda groups: (
        f"setpriv --groups {','.join(map(str, groups))} …"
        if groups
        else "setpriv --clear-groups …"
    ),
    lambda groups: f"{len(groups)}, [{', '.join(map(str, groups))}]",
    refusal=os_error,
)
def _set_groups(groups: tuple[int, ...]) -> None:
    os.setgroups(groups)


@act(
    "setresgid(2)",
    lambda gid: f"setpriv --regid {gid} …",
    lambda gid: f"{gid}, {gid}, {gid}",
    refusal=os_error,
)
def _set_group(gid: int) -> None:
    os.setresgid(gid, gid, gid)


@act(
    "setresuid(2)",
    lambda uid: f"setpriv --reuid {uid} …",
    lambda uid: f"{uid}, {uid}, {uid}",
    refusal=os_error,
)
def _set_user(uid: int) -> None:
    os.setresuid(uid, uid, uid)


@act(
    "prctl(2)",
    lambda: "setpriv --pdeathsig KILL …",
    lambda: "PR_SET_PDEATHSIG, SIGKILL",
    concept="processes",
)
def die_with_parent() -> None:
    """Have the kernel kill this process when its parent ends, however it ends."""
    libc.call("prctl", _PR_SET_PDEATHSIG, 9, 0, 0, 0)
