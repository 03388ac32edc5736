"""The inside of a machine, without a machine: this one's files, copy-on-write.

A process keeps a mount namespace, in which an overlay shows everything of this machine;
what is written goes to a tmpfs, and all of it ends with that process. So provisioning
can be real: it installs into /opt and /etc, and nobody outside sees it.

What it has not: another kernel, another process 1, another clock.

man: overlay mounts in mount(8), nsenter(1), chroot(1)
"""

import subprocess
from collections.abc import Mapping
from pathlib import Path

SET_UP = """
mount -t tmpfs none "$1"
cd "$1"
mkdir upper work root
mount -t overlay overlay -o lowerdir=/,upperdir=upper,workdir=work root
for place in proc dev sys; do mount --rbind /$place root/$place; done
mount -t tmpfs none root/run
echo ready
exec cat >/dev/null
"""


class Inside:
    """One such inside; `close` lets it go."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir()
        self.root = directory / "root"
        self._keeper = subprocess.Popen(
            ["unshare", "--mount", "sh", "-ec", SET_UP, "sh", str(directory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._keeper.stdout is not None
        assert self._keeper.stdout.readline() == "ready\n"

    @property
    def enter(self) -> list[str]:
        """The words before a command that is to run in there."""
        pid = str(self._keeper.pid)
        return ["nsenter", "--mount", "--target", pid, "chroot", str(self.root)]

    def run(
        self, script: str, *, environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run lines of bash in there, as root."""
        variables = {"PATH": "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
        return subprocess.run(
            [*self.enter, "bash", "-c", f"cd /; {script}"],
            env={**variables, "HOME": "/root", **(environment or {})},
            capture_output=True,
            text=True,
        )

    def do(self, script: str) -> str:
        """Run lines of bash that must work; what they print."""
        done = self.run(f"set -e; {script}")
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    def close(self) -> None:
        """End the process that keeps it; the kernel takes the mounts apart."""
        assert self._keeper.stdin is not None
        assert self._keeper.stdout is not None
        self._keeper.stdin.close()
        self._keeper.stdout.close()
        self._keeper.wait()
