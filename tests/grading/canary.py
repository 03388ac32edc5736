"""The canary: what a hostile run must not reach, and runs that earn by reaching it.

    looked(graders, canary, earning("cat {canary}/shut"))    the row of who tries that

Each would earn all points if what it tries succeeded: see running.py. What would be
seen outside only is seen by the canary: files, a program, a server and settings of the
machine that are the same after each run.
"""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from labshell.grading.journal import Look
from labshell.grading.rows import Row
from tests.grading.running import RunCourse

Graders = tuple[RunCourse, Callable[[Path], Look]]
HOME = Path(__file__).parents[2]
SETTINGS = [
    *map(Path("/proc/sys/kernel").joinpath, ("hostname", "core_pattern", "modprobe")),
    *map(Path("/proc/sys/vm").joinpath, ("overcommit_memory", "swappiness")),
    *map(Path("/proc/sys/net/ipv4").joinpath, ("ip_forward", "ip_default_ttl")),
]


class Canary:
    """What a run must not reach. `{canary}` and such in a script stand for it."""

    def __init__(self, place: Path) -> None:
        self.place = place
        place.chmod(0o777)
        for name, mode in (("open", 0o666), ("shut", 0o600)):
            (place / name).write_text("sings")
            (place / name).chmod(mode)
        self.program = subprocess.Popen(["sleep", "infinity"])
        self._server = socket.create_server(("127.0.0.1", 0))
        self._abstract = socket.socket(socket.AF_UNIX)
        self._abstract.bind(f"\0{place}")
        self._abstract.listen()
        self.calls = 0
        for server in (self._server, self._abstract):
            threading.Thread(target=self._listen, args=[server], daemon=True).start()

    def _listen(self, server: socket.socket) -> None:
        while True:
            try:
                server.accept()[0].close()
            except OSError:
                return
            self.calls += 1

    @property
    def names(self) -> dict[str, str]:
        """What scripts may need to know of it."""
        return {
            "{canary}": str(self.place),
            "{pid}": str(self.program.pid),
            "{grader}": str(os.getpid()),
            "{port}": str(self._server.getsockname()[1]),
            "{python}": sys.executable,
            "{home}": str(HOME),
        }

    def state(self) -> dict[str, object]:
        """All that must be as it was."""
        status = Path(f"/proc/{self.program.pid}/status").read_text()
        status = status.replace("R (running)", "S (sleeping)")  # it had a turn
        wanted = ("State:", "TracerPid:")
        return {
            "files": {p.name: p.read_text() for p in self.place.iterdir()},
            "program": [x for x in status.splitlines() if x.startswith(wanted)],
            "calls": self.calls,
            "root": sorted(os.listdir("/")),
            "groups": sorted(str(p) for p in Path("/sys/fs/cgroup").glob("*pwn*")),
            **{path.name: path.read_text() for path in SETTINGS if path.exists()},
        }

    def close(self) -> None:
        """End it."""
        self.program.kill()
        self.program.wait()
        for server in (self._server, self._abstract):
            server.shutdown(socket.SHUT_RDWR)
            server.close()


def looked(graders: Graders, canary: Canary, script: str | bytes) -> Row:
    """The row of s001 for a script in which {names} are replaced."""
    course, look = graders
    if isinstance(script, str):
        for name, meant in {**canary.names, "{stolen}": course.word("s002")}.items():
            script = script.replace(name, meant)
    return look(course.hand_in_script("s001", script)).row


def earning(tried: str) -> str:
    """A script that earns everything if what it tries succeeds."""
    return (
        f'mkdir -p /srv\nif {tried}\nthen echo "$word" > /srv/page\nelse exit 1; fi\n'
    )
