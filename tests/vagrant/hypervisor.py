"""A host for virtual machines inside this one: libvirt, and Vagrant as its user.

    this process
      └─ unshare             namespaces: mounts, processes, network
          └─ hypervisor.sh   process 1 in there
              └─ libvirtd ─▶ dnsmasq, QEMU
      └─ nsenter ─▶ vagrant  in the same namespaces, for as long as it runs

It ends with the block that asked for it, whatever happens in it, and if this process
is killed: then the kernel kills unshare, and for that process 1 (the "parent death
signal" of prctl(2)), and for that everything in the namespaces.

man: unshare(1), nsenter(1), setpriv(1), libvirtd(8), pid_namespaces(7)
Try it: see tests/vagrant/test_up.py
"""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from tests.vagrant.conftest import SYSTEM

HERE = Path(__file__).parent
PATIENCE = 60  # seconds until libvirtd answers; usual is one


class Hypervisor:
    """Runs commands where `init`, a process, is process 1."""

    def __init__(self, init: int, log: Path):
        self.init = init
        self.log = log

    def run(
        self, *command: str, cwd: Path, seconds: float, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run it and wait for its end; stdout has stderr in it, as on a terminal.

        What is not done within `seconds` is ended, as timeout(1) does: status 124.
        """
        enter = ["nsenter", f"--target={self.init}", "--mount", "--net", "--pid"]
        limit = ["timeout", "--kill-after=10", f"{seconds:.0f}"]
        given = {"PATH": SYSTEM, "LC_ALL": "C.UTF-8", "HOME": str(cwd)}
        return subprocess.run(
            [*enter, f"--wdns={cwd}", "--", *limit, *command],
            env={**given, **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )


@contextlib.contextmanager
def started(directory: Path) -> Iterator[Hypervisor]:
    """A hypervisor with its files in `directory`, for as long as the block."""
    tied = ["setpriv", "--pdeathsig", "KILL", "--"]
    unshare = ["unshare", "--mount", "--pid", "--net", "--fork", "--kill-child", "--"]
    log = directory / "hypervisor.log"
    with log.open("wb") as file:
        outside = subprocess.Popen(
            [*tied, *unshare, HERE / "hypervisor.sh", directory],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,  # Ctrl-C is for the tests
        )
    try:
        socket = directory / "run/libvirt/libvirt-sock"
        _wait_for(socket, outside, log)
        yield Hypervisor(_only_child(outside.pid), log)
    finally:
        # unshare waits for process 1, which goes when all others are gone.
        with contextlib.suppress(ProcessLookupError, ValueError):
            os.kill(_only_child(outside.pid), signal.SIGKILL)
        outside.wait()


def _wait_for(socket: Path, outside: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + PATIENCE
    while not socket.exists():
        if outside.poll() is not None or time.monotonic() > end:
            raise RuntimeError(f"libvirtd has not started:\n{log.read_text()}")
        time.sleep(0.05)


def _only_child(pid: int) -> int:
    """ValueError if it has none, or several."""
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text())
