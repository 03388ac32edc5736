"""The others, each with its own folder, ended when the benchmark ends.

    docker   a dockerd on a socket of its own, with a bridge of its own, and without a
             rule of iptables
    podman   with a store of its own
    runc     the runtime alone, with a bundle that `runc spec` wrote

Each gets the same busybox: the tar of its root directory.
"""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PATIENCE = 60  # seconds for dockerd to answer
BRIDGE, GATEWAY = "labbench0", "10.213.77.1/24"


def run(*command: str, stdin: bytes | None = None) -> str:
    """Run to the end; what it printed. A failure ends the benchmark."""
    done = subprocess.run(command, input=stdin, check=True, stdout=subprocess.PIPE)
    return done.stdout.decode().strip()


@contextmanager
def docker(folder: Path, rootfs: bytes) -> Iterator[list[str] | None]:
    """The words that begin a command for a docker of our own; None without dockerd."""
    if not shutil.which("dockerd"):
        yield None
        return
    with bridge() as name, dockerd(folder, name) as words:
        run(*words, "import", "-", "busybox:latest", stdin=rootfs)
        yield words


@contextmanager
def bridge() -> Iterator[str]:
    """A bridge for docker, as it makes its own, but in nobody's way."""
    run("ip", "link", "add", BRIDGE, "type", "bridge")
    try:
        run("ip", "address", "add", GATEWAY, "dev", BRIDGE)
        run("ip", "link", "set", BRIDGE, "up")
        yield BRIDGE
    finally:
        run("ip", "link", "delete", BRIDGE)


def client() -> str:
    """docker's command: another may come first on PATH, Debian's fits its daemon."""
    debians = Path("/usr/bin/docker")
    return str(debians) if debians.exists() else "docker"


@contextmanager
def dockerd(folder: Path, bridge: str = "none") -> Iterator[list[str]]:
    """The words that begin a command for a docker of our own that has no image."""
    folder.mkdir()
    words = [client(), "-H", f"unix://{folder}/docker.sock"]
    daemon = subprocess.Popen(
        [
            *["dockerd", "-H", f"unix://{folder}/docker.sock"],
            *["--data-root", f"{folder}/data", "--exec-root", f"{folder}/exec"],
            *["--pidfile", f"{folder}/pid", "--storage-driver", "overlay2"],
            *["--bridge", bridge, "--iptables=false"],
        ],
        stdout=(folder / "log").open("wb"),
        stderr=subprocess.STDOUT,
    )
    try:
        wait_for(words)
        yield words
    finally:
        daemon.terminate()
        daemon.wait(PATIENCE)


def wait_for(words: list[str]) -> None:
    """Wait until the daemon answers."""
    deadline = time.monotonic() + PATIENCE
    while subprocess.run([*words, "info"], capture_output=True).returncode:
        if time.monotonic() > deadline:
            raise TimeoutError("dockerd does not answer")
        time.sleep(0.2)


@contextmanager
def podman(folder: Path, rootfs: bytes) -> Iterator[list[str] | None]:
    """The words that begin a command for a podman of our own; None without podman."""
    if not shutil.which("podman"):
        yield None
        return
    folder.mkdir()
    words = ["podman", "--root", f"{folder}/data", "--runroot", f"{folder}/run"]
    # Works on both cgroup versions, with and without systemd.
    words += ["--cgroup-manager", "cgroupfs", "--runtime", "runc"]
    run(*words, "import", "-q", "-", "busybox:latest", stdin=rootfs)
    try:
        yield words
    finally:
        subprocess.run(["umount", f"{folder}/data/overlay"], capture_output=True)


PODMAN_LIMITS = ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"]


def runc(folder: Path, rootfs: Path, command: list[str]) -> list[str] | None:
    """The words that run `command` with runc alone; None without runc."""
    if not shutil.which("runc"):
        return None
    folder.mkdir()
    run("runc", "spec", "-b", str(folder))
    config = json.loads((folder / "config.json").read_text())
    config["process"].update(terminal=False, args=command)
    config["process"].pop("rlimits", None)  # raising one needs CAP_SYS_RESOURCE
    config["root"]["path"] = str(rootfs)
    (folder / "config.json").write_text(json.dumps(config))
    state = ["runc", "--root", f"{folder}/state", "run", "-b", str(folder)]
    return [*state, f"labshell-benchmark-{os.getpid()}"]


def memory(pids: list[int]) -> float:
    """The share of memory (PSS) of these processes, in kB."""
    return sum(_share(pid) for pid in pids)


def _share(pid: int) -> float:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return float(line.split()[1])
    return 0.0


def shims_of(words: list[str], *names: str) -> list[int]:
    """The containerd-shim of each of these containers: the parent of its process."""
    inspect = run(*words, "inspect", "-f", "{{.State.Pid}}", *names)
    return [_parent(int(pid)) for pid in inspect.split()]


def _parent(pid: int) -> int:
    text = Path(f"/proc/{pid}/stat").read_text()
    return int(text.rpartition(")")[2].split()[1])
