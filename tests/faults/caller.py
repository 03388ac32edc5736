"""Somebody who calls the engine and is asked before each act: a new process each time.

    caller ── fork ──▶ child: installs the gate, calls one verb, says how that went

The caller is a warm Python, so that a call costs a fork and not a start. It gets
{"verb": "start", "words": ["box"]} with two descriptors, the gate and a socket for the
answer, and the child answers {"pid": …}, then {"done": …}, {"refused": …} with the
engine's error in its own words, or {"broken": …} with a traceback.

SIGABRT prints where a process hangs.

Try it: see tests/faults/rounds.py
"""

import contextlib
import faulthandler
import importlib
import os
import pkgutil
import signal
import socket
import sys
import traceback
from pathlib import Path
from typing import Any

import engine
from engine import gate
from engine.containers import removal
from engine.engine import (
    BuildOptions,
    ContainerOptions,
    ExecOptions,
    Progress,
    TransferProgress,
    UpdateOptions,
)
from engine.errors import EngineError, told_as_engine_errors
from engine.kernel import processes
from engine.runtime import channel
from tests.engine.boxes import follow
from tests.faults.walker import Verbs


class Calls(Verbs):
    """What can be called, each with plain words."""

    def run(self, name: str, *command: str) -> int:
        """run --rm, in the foreground, as `lab run` does it."""
        asked = ContainerOptions(
            image="busybox",
            name=name,
            command=command,
            auto_remove=True,
            network="none",
        )
        self.engine.create(asked)
        try:
            return follow(self.engine.session(name, removes=True)).code
        finally:
            if not self.engine.container(name).running:
                self.engine.remove(name, volumes=True)

    def create_whole(self, name: str) -> None:
        """A container with a bit of everything."""
        self.engine.create(
            ContainerOptions(
                image="busybox",
                name=name,
                command=("sleep", "1000"),
                network="none",
                volumes=(f"own-{name}:/v", "/anonymous"),
                memory=64 << 20,
            )
        )

    def execute(self, name: str, *command: str) -> int:
        return follow(self.engine.execute(name, ExecOptions(command=command))).code

    def execute_on_terminal(self, name: str, *command: str) -> int:
        asked = ExecOptions(command=command, tty=True, user="33")
        return follow(self.engine.execute(name, asked)).code

    def stop(self, name: str) -> None:
        self.engine.stop(name, 0)

    def restart(self, name: str) -> None:
        self.engine.restart(name, 0)

    def pause(self, name: str) -> None:
        self.engine.pause(name)

    def unpause(self, name: str) -> None:
        self.engine.unpause(name)

    def remove_stopped(self, name: str) -> None:
        self.engine.remove(name, volumes=True)

    def released(self, directory: str) -> None:
        """What the shim of a --rm container leaves to another process."""
        with told_as_engine_errors():
            removal.remove_released(directory)

    def copy_in(self, name: str, source: str) -> None:
        self.engine.copy_in(name, source, "/srv")

    def copy_out(self, name: str, destination: str) -> None:
        self.engine.copy_out(name, "/etc", destination)

    def update(self, name: str) -> None:
        self.engine.update(name, UpdateOptions(memory=48 << 20, pids_limit=40))

    def network(self, name: str) -> str:
        return self.engine.create_network(name).name

    def remove_network(self, name: str) -> None:
        self.engine.remove_network(name)

    def connect(self, network: str, name: str) -> None:
        self.engine.connect(network, name, {})

    def disconnect(self, name: str) -> None:
        self.engine.disconnect("front", name)

    def save(self, image: str, out: str) -> None:
        self.engine.save([image], Path(out))

    def load(self, archive: str) -> None:
        with open(archive, "rb") as stream:
            self.engine.load(stream)

    def import_image(self, archive: str, name: str) -> None:
        with open(archive, "rb") as stream:
            self.engine.import_image(stream, name)

    def export(self, name: str, out: str) -> None:
        self.engine.export(name, Path(out))

    def build(self, context: str) -> str:
        return self.engine.build(context, BuildOptions(tags=("built",)), Progress()).id

    def pull(self, name: str) -> str:
        return self.engine.pull(name, TransferProgress()).digest

    def push(self, name: str) -> str:
        return self.engine.push(name, TransferProgress()).line


def answer(calls: Calls, verb: str, words: list[str]) -> dict[str, Any]:
    """How the call went."""
    try:
        return {"done": getattr(calls, verb)(*words)}
    except EngineError as error:
        return {"refused": error.message, "hint": error.hint}
    except BaseException:
        return {"broken": traceback.format_exc()}


def be_called(root: Path, request: dict[str, Any], descriptors: list[int]) -> None:
    """In the child: one call."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    asker, replies = descriptors
    with socket.socket(fileno=replies) as reply:
        channel.send(reply, {"pid": os.getpid()})
        gate.install(asker)
        channel.send(reply, answer(Calls(root), request["verb"], request["words"]))


def main() -> None:
    """Until nobody calls any more."""
    faulthandler.enable()
    for module in pkgutil.walk_packages(engine.__path__, "engine."):
        importlib.import_module(module.name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    requests = socket.socket(fileno=0)
    while True:
        kind, payload, descriptors = channel.receive(requests)
        if not kind:
            return
        if processes.fork() == 0:
            with contextlib.suppress(OSError):
                requests.close()
                be_called(Path(sys.argv[1]), channel.decode(payload), descriptors)
            os._exit(0)
        for descriptor in descriptors:
            os.close(descriptor)


if __name__ == "__main__":
    main()
