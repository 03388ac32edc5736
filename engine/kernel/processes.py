"""Processes: fork, exec, signals, and what must not be inherited.

The engine's one place that forks. Python may fork safely only where one thread runs,
so the shell never comes here: the spawner and the shims do.

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

import contextlib
import errno
import os
import resource
import signal
import sys
from typing import NoReturn

from engine import acts
from engine.acts import act, os_error
from engine.errors import SyscallError
from engine.files import closing
from engine.kernel import libc
from engine.kernel.pseudo_files import read_text, write_text
from engine.notes import Unrecorded, in_c, quote

PR_SET_DUMPABLE, PR_SET_CHILD_SUBREAPER = 4, 36
_SYS_IOPRIO_SET = {"x86_64": 251, "aarch64": 30}
_IOPRIO_WHO_PROCESS = 1
_SYS_RT_SIGACTION = {"x86_64": 13, "aarch64": 134}
_OF_C_LIBRARY = (32, 33)  # the C library hides them; its posix_spawn(3) ignores them
_RLIMIT_LOCKS = 10  # Python has no name for it
_LAST = 0xFFFFFFFF  # the highest number of a descriptor that can be asked for


@act("fork(2)", lambda: "( … ) &  # a second process, the same until here")
def fork() -> int:
    """fork(2): 0 in the child, the child's pid in the parent."""
    try:
        return os.fork()
    except OSError as error:
        raise SyscallError("fork", error.errno or 0) from error


@act(
    "prctl(2)",
    lambda yes: f"# orphans {'come to this process' if yes else 'go to the init'}",
    lambda yes: f"PR_SET_CHILD_SUBREAPER, {int(yes)}",
)
def adopt_orphans(yes: bool) -> None:
    """Whether orphans below this process come to it (a subreaper), as to an init."""
    libc.call("prctl", PR_SET_CHILD_SUBREAPER, int(yes), 0, 0, 0)


@act(
    "prctl(2)",
    lambda: "# nobody inside may trace it or open its /proc files",
    lambda: "PR_SET_DUMPABLE, SUID_DUMP_DISABLE",
)
def become_undumpable() -> None:
    """Close /proc/PID/{mem,exe,fd …} of this process to others, until execve."""
    libc.call("prctl", PR_SET_DUMPABLE, 0, 0, 0, 0)


@act("setsid(2)", lambda: "setsid …", refusal=os_error)
def new_session() -> None:
    """Leave the caller's terminal and process group."""
    os.setsid()


@act(
    "prlimit(2)",
    lambda name, soft, hard: f"prlimit --pid $$ --{name[7:].lower()}={soft}:{hard}",
    lambda name, soft, hard: (
        f"0, {name}, {{rlim_cur={_amount(soft)}, rlim_max={_amount(hard)}}}, NULL"
    ),
)
def set_limit(name: str, soft: int, hard: int) -> None:
    """Set a resource limit by its OCI name ("RLIMIT_NOFILE").

    The specification writes 2**64 - 1 for no limit, Python -1.
    """
    number = _RLIMIT_LOCKS if name == "RLIMIT_LOCKS" else getattr(resource, name)
    soft, hard = (-1 if value == (1 << 64) - 1 else value for value in (soft, hard))
    try:
        resource.setrlimit(number, (soft, hard))
    except OSError as error:
        raise SyscallError("prlimit", error.errno or errno.EINVAL, name) from error
    except ValueError as error:  # what Python makes of EINVAL, and of EPERM
        refused = "not allowed" in str(error)
        number = errno.EPERM if refused else errno.EINVAL
        raise SyscallError("prlimit", number, name) from error


def _amount(value: int) -> str:
    """A limit as strace(1) prints it: in 1024s, if it is more than one of them."""
    if value in (-1, (1 << 64) - 1):
        return "RLIM64_INFINITY"
    whole = value > 1024 and value % 1024 == 0
    return f"{value // 1024}*1024" if whole else str(value)


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
    write_text("/proc/self/comm", name)


def set_oom_score(value: int) -> None:
    """How readily the kernel chooses this process when memory runs out."""
    path = "/proc/self/oom_score_adj"
    try:
        with closing(os.open(path, os.O_WRONLY | os.O_CLOEXEC)) as file:
            _write_oom_score(file, value)
    except OSError as error:
        raise SyscallError("write", error.errno or 0, path) from error


@act(
    "write(2)",
    lambda file, value: f"echo {value} > /proc/self/oom_score_adj",
    lambda file, value: f'{file}, "{value}", {len(str(value))}',
    refusal=os_error,
)
def _write_oom_score(file: int, value: int) -> int:
    return os.write(file, str(value).encode())


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
    if (rt_sigaction := _SYS_RT_SIGACTION.get(os.uname().machine)) is not None:
        for hidden in _OF_C_LIBRARY:
            nothing = bytes(32)  # struct sigaction: SIG_DFL, no flags, no mask
            libc.by_number(rt_sigaction, "rt_sigaction", hidden, nothing, 0, 8)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def forget_imports() -> None:
    """Make every later import fail.

    Once the root is the container's, `import x` would run the *image's* x.py as root.
    """
    sys.path.clear()
    sys.meta_path.clear()
    sys.path_hooks.clear()


@act(
    "close_range(2)",
    lambda first=3: f"# execve will close every descriptor from {first}",
    lambda first=3: f"{first}, {_LAST}, CLOSE_RANGE_CLOEXEC",
)
def close_from(first: int = 3) -> None:
    """Mark every descriptor from `first` on to be closed by execve."""
    libc.call("close_range", first, _LAST, 4)


def close_all_but(kept: set[int]) -> None:
    """Close every descriptor above 2 but those in `kept`, at once."""
    first = 3
    for descriptor in [*sorted(d for d in kept if d > 2), 1 << 31]:
        if first < descriptor:
            libc.call("close_range", first, descriptor - 1, 0)
        first = descriptor + 1


def execute(path: str, arguments: list[str], environment: dict[str, str]) -> None:
    """Become another program. Does not come back, but by raising SyscallError."""
    _execute(path, arguments, len(environment), Unrecorded(environment))


@act(
    "execve(2)",
    lambda path, arguments, *_: f"exec {' '.join(map(quote, arguments))}",
    lambda path, arguments, count, _: (
        f"{in_c(path)}, [{', '.join(map(in_c, arguments))}], /* {count} vars */"
    ),
    returns=False,
)
def _execute(
    path: str,
    arguments: list[str],
    count: int,
    environment: Unrecorded[dict[str, str]],
) -> None:
    try:
        os.execve(path, arguments, environment.value)
    except OSError as error:
        raise SyscallError("execve", error.errno or 0, path) from error


def change_directory(path: str) -> None:
    """Change the working directory, and prove that it lies inside the root.

    A descriptor leaked from outside would make `/proc/self/fd/N` a working directory
    beyond the root (CVE-2024-21626); getcwd(2) tells by failing or by a relative path.
    """
    try:
        _change_directory(path)
        here = os.getcwd()
    except OSError as error:
        raise SyscallError("chdir", error.errno or 0, path) from error
    if not here.startswith("/"):
        raise SyscallError("chdir", 1, path)


@act("chdir(2)", lambda path: f"cd {quote(path)}", refusal=os_error)
def _change_directory(path: str) -> None:
    os.chdir(path)


def send_signal(pidfd: int, pid: int, number: int) -> None:
    """Signal the process behind `pidfd`; nothing happens if it has ended."""
    with contextlib.suppress(ProcessLookupError):
        _send_signal(pidfd, pid, number)


@act(
    "pidfd_send_signal(2)",
    lambda pidfd, pid, number: f"kill -{number} {pid}",
    lambda pidfd, pid, number: f"{pidfd}, {_name_of(number)}, NULL, 0",
    refusal=os_error,
)
def _send_signal(pidfd: int, pid: int, number: int) -> None:
    signal.pidfd_send_signal(pidfd, number)


def _name_of(number: int) -> str:
    """ "SIGTERM"; a number where it has no name, as a real-time signal."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)


def start_time(pid: int) -> int | None:
    """When the process began, in clock ticks after boot; None if it has ended.

    A pid and its start time together name one process for ever: pids are used again.
    """
    try:
        text = read_text(f"/proc/{pid}/stat")
    except OSError:
        return None
    return int(text.rpartition(")")[2].split()[19])


def leave(status: int) -> NoReturn:
    """End this process at once: no clean-up handlers of a parent run in a child."""
    acts.flush()
    os._exit(status)
