"""Docker's system call policy, as data: what a container may ask of the kernel.

Linux has some 450 system calls, a program needs about 100, and each one is kernel
code that a hostile program can try to break. The policy is a list of what is
allowed; everything else fails with EPERM, as if the program lacked the right to it:

    allowed     files, memory, processes, signals, time, sockets, System V IPC …
    by power    mount, setns, ptrace … only with the capability that they need anyway
    by value    clone without new namespaces, socket but not AF_VSOCK
    refused     key rings, modules, kexec, userfaultfd, io_uring, swap …

The result is the `linux.seccomp` part of an OCI bundle, so `runc` applies the same.

Source: the default profile that Docker documents (docs.docker.com, "Seccomp
security profiles for Docker") and OCI runtime-spec, config-linux.md, "Seccomp".
man: seccomp(2), syscalls(2)
Try it: `lab run busybox unshare -m true`, and again with --cap-add SYS_ADMIN
"""

import os
from collections.abc import Collection
from typing import Any

# Grouped by what they are for. A name that an architecture lacks is skipped there.
_FILES = """
access chdir chmod chown chown32 close close_range copy_file_range creat dup dup2 dup3
faccessat faccessat2 fadvise64 fadvise64_64 fallocate fchdir fchmod fchmodat fchmodat2
fchown fchown32 fchownat fcntl fcntl64 fdatasync flock fstat fstat64 fstatat64 fstatfs
fstatfs64 fsync ftruncate ftruncate64 futimesat getcwd getdents getdents64 ioctl lchown
lchown32 link linkat _llseek lseek lstat lstat64 mkdir mkdirat mknod mknodat
name_to_handle_at newfstatat open openat openat2 pread64 preadv preadv2 pwrite64 pwritev
pwritev2 read readahead readlink readlinkat readv rename renameat renameat2 rmdir
sendfile sendfile64 splice stat stat64 statfs statfs64 statx symlink symlinkat sync
sync_file_range syncfs tee truncate truncate64 umask unlink unlinkat utime utimensat
utimensat_time64 utimes vmsplice write writev cachestat
"""
_ATTRIBUTES = """
fgetxattr flistxattr fremovexattr fsetxattr getxattr lgetxattr listxattr llistxattr
lremovexattr lsetxattr removexattr setxattr getxattrat listxattrat removexattrat
setxattrat
"""
_WAITING = """
epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait
epoll_wait_old eventfd eventfd2 fanotify_mark inotify_add_watch inotify_init
inotify_init1 inotify_rm_watch io_cancel io_destroy io_getevents io_pgetevents
io_pgetevents_time64 io_setup io_submit _newselect poll ppoll ppoll_time64 pselect6
pselect6_time64 select signalfd signalfd4
"""
_MEMORY = """
brk madvise map_shadow_stack membarrier memfd_create memfd_secret mincore mlock mlock2
mlockall mmap mmap2 mprotect mremap mseal msync munlock munlockall munmap pkey_alloc
pkey_free pkey_mprotect process_mrelease remap_file_pages
"""
_PROCESSES = """
alarm capget capset execve execveat exit exit_group fork futex futex_requeue
futex_time64 futex_wait futex_waitv futex_wake getcpu getegid getegid32 geteuid
geteuid32 getgid getgid32 getgroups getgroups32 getpgid getpgrp getpid getppid
getpriority getresgid getresgid32 getresuid getresuid32 getrlimit get_robust_list
getrusage getsid get_thread_area gettid getuid getuid32 ioprio_get ioprio_set
landlock_add_rule landlock_create_ruleset landlock_restrict_self pidfd_open
pidfd_send_signal prctl prlimit64 restart_syscall rseq sched_getaffinity sched_getattr
sched_getparam sched_get_priority_max sched_get_priority_min sched_getscheduler
sched_rr_get_interval sched_rr_get_interval_time64 sched_setaffinity sched_setattr
sched_setparam sched_setscheduler sched_yield seccomp setfsgid setfsgid32 setfsuid
setfsuid32 setgid setgid32 setgroups setgroups32 setpgid setpriority setregid
setregid32 setresgid setresgid32 setresuid setresuid32 setreuid setreuid32 setrlimit
set_robust_list setsid set_thread_area set_tid_address setuid setuid32 sysinfo times
ugetrlimit uname vfork wait4 waitid waitpid process_vm_readv process_vm_writev ptrace
"""
_SIGNALS = """
kill pause rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn
rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64 rt_tgsigqueueinfo sigaltstack
sigprocmask sigreturn tgkill tkill
"""
_TIME = """
adjtimex clock_adjtime clock_adjtime64 clock_getres clock_getres_time64 clock_gettime
clock_gettime64 clock_nanosleep clock_nanosleep_time64 getitimer gettimeofday nanosleep
setitimer time timer_create timer_delete timer_getoverrun timer_gettime timer_gettime64
timer_settime timer_settime64 timerfd_create timerfd_gettime timerfd_gettime64
timerfd_settime timerfd_settime64
"""
_COMMUNICATION = """
accept accept4 bind connect getpeername getsockname getsockopt ipc listen mq_getsetattr
mq_notify mq_open mq_timedreceive mq_timedreceive_time64 mq_timedsend
mq_timedsend_time64 mq_unlink msgctl msgget msgrcv msgsnd pipe pipe2 recv recvfrom
recvmmsg recvmmsg_time64 recvmsg semctl semget semop semtimedop semtimedop_time64 send
sendmmsg sendmsg sendto setsockopt shmat shmctl shmdt shmget shutdown socketcall
socketpair getrandom
"""
_ARCHITECTURE = {
    "x86_64": "arch_prctl modify_ldt",
    "aarch64": "arm_fadvise64_64 arm_sync_file_range sync_file_range2 breakpoint "
    "cacheflush set_tls",
}
ALLOWED = " ".join(
    (
        _FILES,
        _ATTRIBUTES,
        _WAITING,
        _MEMORY,
        _PROCESSES,
        _SIGNALS,
        _TIME,
        _COMMUNICATION,
    )
)

# What a capability unlocks: without it the kernel would refuse most of these anyway.
BY_CAPABILITY = {
    "CAP_DAC_READ_SEARCH": "open_by_handle_at",
    "CAP_SYS_ADMIN": "bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick "
    "lookup_dcookie mount mount_setattr move_mount open_tree perf_event_open quotactl "
    "quotactl_fd setdomainname sethostname setns syslog umount umount2 unshare",
    "CAP_SYS_BOOT": "reboot",
    "CAP_SYS_CHROOT": "chroot",
    "CAP_SYS_MODULE": "delete_module init_module finit_module",
    "CAP_SYS_PACCT": "acct",
    "CAP_SYS_PTRACE": "kcmp pidfd_getfd process_madvise",
    "CAP_SYS_RAWIO": "iopl ioperm",
    "CAP_SYS_TIME": "settimeofday stime clock_settime clock_settime64",
    "CAP_SYS_TTY_CONFIG": "vhangup",
    "CAP_SYS_NICE": "get_mempolicy mbind set_mempolicy set_mempolicy_home_node",
    "CAP_SYSLOG": "syslog",
    "CAP_BPF": "bpf",
    "CAP_PERFMON": "perf_event_open",
}

# An engine in a container needs one call more to give a container its root …
_OF_AN_ENGINE = "pivot_root"
# … and none of these: what CAP_SYS_ADMIN unlocks of them is of no use to it.
_OF_NO_ENGINE = (
    "bpf fanotify_init lookup_dcookie perf_event_open quotactl quotactl_fd syslog "
    "socketcall"
).split()
# Only sockets to programs, to the network and to the kernel. The ring of a packet
# socket, for one, is memory that counts against no control group: gigabytes of it.
_FAMILIES_OF_AN_ENGINE = (1, 2, 10, 16)  # AF_UNIX, AF_INET, AF_INET6, AF_NETLINK

_NEW_NAMESPACES = 0x7E020000  # every CLONE_NEW… flag but that of time
_AF_VSOCK = 40  # sockets to the hypervisor
_PERSONALITIES = (0x0, 0x8, 0x20000, 0x20008, 0xFFFFFFFF)
_ENOSYS = 38
_ARCHITECTURES = {
    "x86_64": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"],
    "aarch64": ["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"],
}


def docker_policy(
    capabilities: Collection[str], *, nested: bool = False
) -> dict[str, Any]:
    """Docker's default policy for a container with these capabilities, in OCI form.

    `nested`: an engine shall run in the container.
    """
    machine = os.uname().machine
    names = [*ALLOWED.split(), *_ARCHITECTURE.get(machine, "").split()]
    for capability, unlocked in BY_CAPABILITY.items():
        if capability in capabilities:
            names += [name for name in unlocked.split() if name not in names]
    if nested:
        names = [name for name in names if name not in _OF_NO_ENGINE] + [_OF_AN_ENGINE]
    rules: list[dict[str, Any]] = [_allow(names)]
    families = [_argument(0, "NE", _AF_VSOCK)]
    if nested:
        families = [_argument(0, "EQ", family) for family in _FAMILIES_OF_AN_ENGINE]
    rules += [_allow(["socket"], family) for family in families]
    rules += [_allow(["personality"], _argument(0, "EQ", p)) for p in _PERSONALITIES]
    if "CAP_SYS_ADMIN" not in capabilities:
        # MASKED_EQ: (argument & value) == valueTwo, here 0: no new namespace.
        rules.append(_allow(["clone"], _argument(0, "MASKED_EQ", _NEW_NAMESPACES)))
        # clone3 hides its flags in memory, where a filter cannot look. "Not
        # implemented" makes the C library fall back to clone.
        rules.append(
            {"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": _ENOSYS}
        )
    return {
        "defaultAction": "SCMP_ACT_ERRNO",
        "architectures": _ARCHITECTURES.get(machine, []),
        "syscalls": rules,
    }


def _allow(names: list[str], *arguments: dict[str, Any]) -> dict[str, Any]:
    rule: dict[str, Any] = {"names": names, "action": "SCMP_ACT_ALLOW"}
    if arguments:
        rule["args"] = list(arguments)
    return rule


def _argument(index: int, operator: str, value: int) -> dict[str, Any]:
    return {"index": index, "value": value, "op": f"SCMP_CMP_{operator}"}
