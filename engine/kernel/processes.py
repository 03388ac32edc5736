"""Processes: fork, exec, signals, and what must not be inherited.

The one place that forks. Python may fork safely only where one thread runs, so the
shell never comes here: the spawner and the shims do.

    fork      two processes come back from one call
    pidfd     a descriptor for a process: it cannot come to mean another one, and it
              becomes readable when the process ends
    subreaper orphans below it become its children, not those of process 1
    execve    the program changes, the process stays

What execve(2) keeps is what a careless engine leaks into a container: open
descriptors, ignored signals, the signal mask, umask, limits, keyrings. `reset`
clears them.

man: fork(2), execve(2), pidfd_open(2), prctl(2), close_range(2), signal(7)
Try it: `ls -l /proc/self/fd`, then `lab run busybox ls -l /proc/self/fd`.
"""

import os
import resource
import signal
import sys
from pathlib import Path
from typing import NoReturn

from engine import acts
from engine.acts import act
from engine.errors import SyscallError
from engine.kernel import libc

PR_SET_DUMPABLE, PR_SET_KEEPCAPS = 4, 8
PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 36, 38
_SYS_KEYCTL = {"x86_64": 250, "aarch64": 219}
_KEYCTL_JOIN_SESSION_KEYRING = 1
_SYS_IOPRIO_SET = {"x86_64": 251, "aarch64": 30}
_IOPRIO_WHO_PROCESS = 1
_RLIMIT_LOCKS = 10  # Python has no name for it


def fork() -> int:
    """fork(2): 0 in the child, the child's pid in the parent."""
    acts.flush()
    try:
        return os.fork()
    except OSError as error:
        raise SyscallError("fork", error.errno or 0) from error


def adopt_orphans(yes: bool) -> None:
    """Whether orphans below this process come to it (a subreaper), as to an init."""
    libc.call("prctl", PR_SET_CHILD_SUBREAPER, int(yes), 0, 0, 0)


@act("prctl(2)", lambda: "# nobody inside may trace it or open its /proc files")
def become_undumpable() -> None:
    """Close /proc/PID/{mem,exe,fd …} of this process to others, until execve."""
    libc.call("prctl", PR_SET_DUMPABLE, 0, 0, 0, 0)


@act("prctl(2)", lambda: "setpriv --no-new-privs …")
def forbid_new_privileges() -> None:
    """From now on execve gives no privilege: setuid bits do nothing."""
    libc.call("prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def keep_capabilities(keep: bool) -> None:
    """Whether a change from user 0 to another keeps the permitted capabilities."""
    libc.call("prctl", PR_SET_KEEPCAPS, int(keep), 0, 0, 0)


@act("setsid(2)", lambda: "setsid …")
def new_session() -> None:
    """Leave the caller's terminal and process group."""
    os.setsid()


@act("keyctl(2)", lambda: "keyctl session - …")
def new_session_keyring() -> None:
    """Leave the caller's session keyring: its keys are not the container's."""
    number = _SYS_KEYCTL.get(os.uname().machine)
    if number is None:
        return
    try:
        libc.by_number(number, "keyctl", _KEYCTL_JOIN_SESSION_KEYRING, 0)
    except SyscallError:
        return  # a kernel without keyrings, or a quota used up: nothing to leave


@act(
    "setuid(2)",
    lambda uid, gid, groups: (
        f"setpriv --reuid {uid} --regid {gid} --groups "
        f"{','.join(map(str, groups)) or gid} …"
    ),
)
def become_user(uid: int, gid: int, groups: tuple[int, ...]) -> None:
    """Change to this user, group and supplementary groups, in the order that works.

    Groups first: after setuid nobody is allowed to change them.
    """
    os.setgroups(groups)
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)


@act(
    "setrlimit(2)",
    lambda name, soft, hard: f"prlimit --{name[7:].lower()}={soft}:{hard}",
)
def set_limit(name: str, soft: int, hard: int) -> None:
    """Set a resource limit by its OCI name ("RLIMIT_NOFILE").

    The specification writes 2**64 - 1 for no limit, Python -1.
    """
    number = _RLIMIT_LOCKS if name == "RLIMIT_LOCKS" else getattr(resource, name)
    soft, hard = (-1 if value == (1 << 64) - 1 else value for value in (soft, hard))
    try:
        resource.setrlimit(number, (soft, hard))
    except (OSError, ValueError) as error:
        raise SyscallError(
            "setrlimit", getattr(error, "errno", 22) or 22, name
        ) from error


def copy_limit_of_init(name: str) -> None:
    """Set a limit to that of the machine's process 1, as far as we are allowed.

    Only CAP_SYS_RESOURCE may raise a hard limit: without it, up to our own.
    """
    number = getattr(resource, name)
    try:
        limits = resource.prlimit(1, number)
    except OSError:  # a process 1 that we may not ask
        limits = resource.getrlimit(number)
    try:
        resource.setrlimit(number, limits)
    except (OSError, ValueError):
        highest = resource.getrlimit(number)[1]
        resource.setrlimit(number, (highest, highest))


def name_process(name: str) -> None:
    """What `ps -o comm` and pstree call this process, up to 15 bytes."""
    Path("/proc/self/comm").write_text(name)


@act("write(2)", lambda value: f"echo {value} > /proc/self/oom_score_adj")
def set_oom_score(value: int) -> None:
    """How readily the kernel chooses this process when memory runs out."""
    path = Path("/proc/self/oom_score_adj")
    try:
        path.write_text(str(value))
    except OSError as error:
        raise SyscallError("write", error.errno or 0, str(path)) from error


def reset_scheduling() -> None:
    """Every processor, and the ordinary claim to it and to the disk."""
    os.sched_setaffinity(0, range(os.sysconf("SC_NPROCESSORS_CONF")))
    try:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
        os.setpriority(os.PRIO_PROCESS, 0, 0)
    except PermissionError:
        return  # only CAP_SYS_NICE may take more than it has
    number = _SYS_IOPRIO_SET.get(os.uname().machine)
    if number is not None:
        libc.by_number(number, "ioprio_set", _IOPRIO_WHO_PROCESS, 0, 0)


def reset_signals() -> None:
    """Default dispositions and an empty mask: ignored signals survive execve.

    Python ignores SIGPIPE and SIGXFSZ; a shell pipeline inside would never end.
    """
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        if signal.getsignal(number) is not signal.SIG_DFL:
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def forget_imports() -> None:
    """Make every later import fail.

    Once the root is the container's, `import x` would run the *image's* x.py with
    the engine's privileges.
    """
    sys.path.clear()
    sys.meta_path.clear()
    sys.path_hooks.clear()


@act("close_range(2)", lambda first=3: f"# close every descriptor from {first}")
def close_from(first: int = 3) -> None:
    """Mark every descriptor from `first` on to be closed by execve."""
    libc.call("close_range", first, 0xFFFFFFFF, 4)


def close_all_but(kept: set[int]) -> None:
    """Close every descriptor above 2 but those in `kept`, at once."""
    first = 3
    for descriptor in [*sorted(d for d in kept if d > 2), 1 << 31]:
        if first < descriptor:
            libc.call("close_range", first, descriptor - 1, 0)
        first = descriptor + 1


@act(
    "execve(2)",
    lambda path, arguments, environment: f"exec {' '.join(arguments)}",
    returns=False,
)
def execute(path: str, arguments: list[str], environment: dict[str, str]) -> None:
    """Become another program. Does not come back, but by raising SyscallError."""
    acts.flush()
    try:
        os.execve(path, arguments, environment)
    except OSError as error:
        raise SyscallError("execve", error.errno or 0, path) from error


@act("chdir(2)", lambda path: f"cd {path}")
def change_directory(path: str) -> None:
    """Change the working directory, and prove that it lies inside the root.

    A descriptor leaked from outside would make `/proc/self/fd/N` a working directory
    beyond the root (CVE-2024-21626); getcwd(2) tells by failing or by a relative path.
    """
    try:
        os.chdir(path)
        here = os.getcwd()
    except OSError as error:
        raise SyscallError("chdir", error.errno or 0, path) from error
    if not here.startswith("/"):
        raise SyscallError("chdir", 1, path)


@act("kill(2)", lambda pidfd, pid, number: f"kill -{number} {pid}")
def send_signal(pidfd: int, pid: int, number: int) -> None:
    """Signal the process behind `pidfd`; nothing happens if it has ended."""
    try:
        signal.pidfd_send_signal(pidfd, number)
    except ProcessLookupError:
        return


def start_time(pid: int) -> int | None:
    """When the process began, in clock ticks after boot; None if it has ended.

    A pid and its start time together name one process for ever: pids are used again.
    """
    try:
        text = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    return int(text.rpartition(b")")[2].split()[19])


def leave(status: int) -> NoReturn:
    """End this process at once: no clean-up handlers of a parent run in a child."""
    acts.flush()
    os._exit(status)
