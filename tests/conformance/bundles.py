"""Bundles for an OCI runtime, and a runtime to give them to, by its command."""

import json
import os
import select
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.house.sources import HOME

Done = subprocess.CompletedProcess[str]
Bundle = Callable[..., Path]
OURS = HOME / "labshell-runc"
SLEEP = ("sleep", "1000")


def make_rootfs(place: Path) -> Path:
    """A root file system with the machine's busybox in it, by all its names."""
    (place / "bin").mkdir(parents=True)
    (place / "tmp").mkdir()
    busybox = place / "bin/busybox"
    busybox.write_bytes(Path("/bin/busybox").read_bytes())
    busybox.chmod(0o755)
    names = subprocess.run([busybox, "--list"], capture_output=True, text=True).stdout
    for name in set(names.split()) - {"busybox"}:
        (place / "bin" / name).symlink_to("busybox")
    (place / "tmp/note").write_text("of the image\n")
    return place


class Runtime:
    """A runtime's command, with a folder of its own for its states."""

    def __init__(self, program: str | Path, states: Path) -> None:
        self.words = [str(program), "--root", str(states)]
        self.states = states

    def __call__(self, *words: str | Path, **details: Any) -> Done:
        """One command, whatever comes of it."""
        details = {"capture_output": True, "text": True, "timeout": 60, **details}
        return subprocess.run([*self.words, *map(str, words)], **details)

    def state(self, name: str) -> dict[str, Any]:
        """The state of a container, as the specification has it."""
        done = self("state", name)
        assert done.returncode == 0, done.stderr
        return dict(json.loads(done.stdout))

    def create(self, bundle: Path, name: str) -> int:
        """Make a container whose output nobody reads; its process."""
        nowhere = {"capture_output": False, "stdout": subprocess.DEVNULL}
        done = self("create", "-b", bundle, name, **nowhere)
        assert done.returncode == 0
        return int(self.state(name)["pid"])

    def start(self, bundle: Path, name: str) -> int:
        """The same, and start it."""
        pid = self.create(bundle, name)
        assert self("start", name).returncode == 0
        return pid


def write_bundle(
    place: Path, rootfs: Path, *command: str, change: Callable[[Any], object] = id
) -> Path:
    """What `labshell-runc spec` writes, without a terminal, for a command."""
    place.mkdir()
    done = subprocess.run([OURS, "spec", "-b", place], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    config = json.loads((place / "config.json").read_text())
    config["process"] |= {"terminal": False, "args": list(command)}
    config["root"]["path"] = str(rootfs)
    change(config)
    (place / "config.json").write_text(json.dumps(config))
    return place


def await_end(pid: int) -> None:
    """Wait until a process has ended that is not our child."""
    try:
        opened = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    select.select([opened], [], [], 60)
    os.close(opened)
