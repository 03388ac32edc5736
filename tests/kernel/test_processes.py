"""Processes: what must not be inherited, and what is told of them."""

import ctypes
import os
import resource
import signal
import struct
import sys
from pathlib import Path

import pytest

from engine.errors import SyscallError
from engine.kernel import credentials, namespaces, process_table, processes
from tests.kernel.children import in_child

pytestmark = [pytest.mark.vm, pytest.mark.require("root")]


def test_all_descriptors_but_some_are_closed_at_once() -> None:
    def work() -> list[bool]:
        listed = {int(name) for name in os.listdir("/proc/self/fd")}
        before = {n for n in listed if os.path.exists(f"/proc/self/fd/{n}")}
        more = [os.dup(1) for _ in range(20)] + [os.dup2(1, 900)]
        processes.close_all_but(before | {more[3]})
        return [os.path.exists(f"/proc/self/fd/{number}") for number in more]

    assert in_child(work) == [number == 3 for number in range(21)]


def test_signals_are_as_in_a_new_process() -> None:
    def work() -> list[str]:
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, lambda *_: None)
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
        processes.reset_signals()
        text = Path("/proc/self/status").read_text()
        fields = dict(x.split(":\t", 1) for x in text.splitlines() if ":\t" in x)
        ours = ~(1 << 31 | 1 << 32)  # two are the C library's own
        return [k for k in ("SigBlk", "SigIgn") if int(fields[k], 16) & ours]

    assert in_child(work) == []


def test_nothing_can_be_imported_after_imports_are_forgotten() -> None:
    def work() -> str:
        processes.forget_imports()
        for name in ("colorsys", "wave"):
            sys.modules.pop(name, None)
        try:
            import colorsys  # noqa: F401  # only whether it can be imported counts
        except ImportError:
            return "refused"
        return "imported"

    assert in_child(work) == "refused"


def test_a_working_directory_beyond_the_root_is_refused(tmp_path: Path) -> None:
    def work() -> str:
        outside = os.open("/", os.O_RDONLY | os.O_DIRECTORY)
        os.chroot(tmp_path)
        os.fchdir(outside)
        try:
            processes.change_directory(".")
        except SyscallError as error:
            return error.name
        return "allowed"

    assert in_child(work) in ("EPERM", "ENOENT")


def test_a_pid_namespace_is_dead_with_its_first_process() -> None:
    def work() -> str:
        namespaces.unshare(("pid",))
        first = processes.fork()
        if first == 0:
            os._exit(0)
        os.waitpid(first, 0)
        try:
            processes.fork()
        except SyscallError as error:
            return f"{error.name}: {error.hint}"
        return "forked"

    assert in_child(work).startswith("ENOMEM: The pid namespace is dead")


def test_a_subreaper_adopts_orphans() -> None:
    def work() -> bool:
        processes.adopt_orphans(True)
        reading, writing = os.pipe()
        child = processes.fork()
        if child == 0:
            if os.fork() == 0:
                os.read(reading, 1)
                os._exit(7)
            os._exit(0)
        os.waitpid(child, 0)
        os.write(writing, b"x")
        return os.waitstatus_to_exitcode(os.wait()[1]) == 7

    assert in_child(work)


def test_groups_go_before_the_user_does() -> None:
    def work() -> list[object]:
        credentials.become_user(33, 44, (55, 66))
        return [os.getresuid(), os.getresgid(), sorted(os.getgroups())]

    assert in_child(work) == [[33] * 3, [44] * 3, [55, 66]]


def test_a_pid_and_its_start_name_one_process() -> None:
    assert processes.start_time(os.getpid()) == processes.start_time(os.getpid())
    assert processes.start_time(1 << 22) is None


def test_a_signal_to_what_has_ended_is_no_error() -> None:
    child = os.fork()
    if child == 0:
        os._exit(0)
    pidfd = os.pidfd_open(child)
    os.waitpid(child, 0)
    processes.send_signal(pidfd, child, signal.SIGTERM)
    os.close(pidfd)


def test_a_limit_of_the_first_process_is_copied_as_far_as_allowed() -> None:
    def work() -> bool:
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
        processes.copy_limit_of_init("RLIMIT_NOFILE")
        first = resource.prlimit(1, resource.RLIMIT_NOFILE)
        now = resource.getrlimit(resource.RLIMIT_NOFILE)
        return now in (first, (hard, hard))

    assert in_child(work)


def test_a_process_can_hide_from_others() -> None:
    def work() -> int:
        processes.become_undumpable()
        return os.stat("/proc/self/fd").st_uid + os.stat(f"/proc/{os.getpid()}").st_uid

    assert in_child(work) == 0


def test_arguments_without_end_are_not_read() -> None:
    """Root of a user namespace may say that they are anywhere in its memory."""
    size = 64 << 20

    def work() -> list[int]:
        library = ctypes.CDLL(None, use_errno=True)
        library.mmap.restype = library.sbrk.restype = ctypes.c_ulong
        length, file = ctypes.c_size_t(size), ctypes.c_long(0)
        place = library.mmap(None, length, 1, 0x22, -1, file)  # private, to be read
        stat = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
        at = dict(enumerate(map(int, stat[1:]), 4))  # as proc(5) counts the fields
        places = [at[number] for number in (26, 27, 45, 46, 47)]
        places += [library.sbrk(0), at[28], place, place + size - 1, at[50], at[51]]
        words = struct.pack("<11QQII", *places, 0, 0, 0xFFFFFFFF)  # no other program
        if library.prctl(35, 14, words, ctypes.c_ulong(len(words)), ctypes.c_ulong(0)):
            raise OSError(ctypes.get_errno(), "prctl PR_SET_MM_MAP")
        told = Path("/proc/self/cmdline").read_bytes()
        return [len(told), len(process_table.command_line(os.getpid()))]

    assert in_child(work) == [size - 1, 1 << 17]
