"""Foreign: runc or crun in the place of our own starter and init.

What makes a container out of a bundle can be exchanged: that is what the Open Container
Initiative has agreed upon. Ours is then only what is around it:

    shim ── fork ──▶ starter     mounts the overlay
                        ├─ runc create ─▶ process 1, which waits
                        ├─ runc start  ─▶ …  and becomes the program
                      exits                  adopted by the shim (a subreaper)

    exec, health check    a starter:  runc exec --detach
    the end               the shim collects the status:  runc delete --force
    all else              asked of the kernel: signals, the freezer, the group's files

The shim hears of process 1 when it has been started, and not before: where the starter
is killed in between the start has failed, and `delete --force` ends what waits.

Such a runtime keeps records of its own, below /run/labshell. What it does inside cannot
be shown act by act, and nobody can step through it.

Source: runtime-spec runtime.md, "Lifecycle"
man: runc(8), crun(1)
Try it: `lab run --rm --explain --runtime runc busybox true`
"""

import contextlib
import gc
import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from engine import files
from engine.errors import EngineBroken, EngineError, InvalidArgument
from engine.kernel import cgroups, other_trees, process_table, processes
from engine.oci.spec import Process
from engine.runtime import channel, init, joining, rootfs, starter
from engine.runtime.bundle import Bundle, ShimFacts, held
from engine.runtime.foreign_calls import Caller, Made
from engine.runtime.starter import Streams
from engine.runtime.tasks import Task


class Foreign:
    """Another runtime than ours, for one container: see `Runtime`."""

    def __init__(self, bundle: Path, facts: ShimFacts) -> None:
        self._bundle, self._name = bundle, facts.runtime[0]
        self._group = facts.cgroup
        self._caller = _caller(facts)

    def start(
        self, streams: Streams, asked: int | None, report: socket.socket
    ) -> NoReturn:
        """Have the container made, and started."""

        def work() -> None:
            starter.keep_only(streams, report)
            made = self._create()
            try:
                _hand_over(made.master, report)
                self._caller.start()
            except BaseException:
                self._caller.delete()
                raise
            channel.send(report, {"pid": made.pid})

        _do_and_leave(work, report)

    def _create(self) -> Made:
        """Have it made; an update that comes meanwhile finds the group with its limits.

        Whose namespaces are to be joined must run, and be found at the paths.
        """
        self._tell_the_group()
        with held(self._bundle, shared=True):
            own = Bundle.read(self._bundle)
            rootfs.mount_layers(self._bundle, own)
            rootfs.mount_shared_memory(own)
            joining.find(own.spec.joined)
            if self._caller.remembers:
                self._caller.delete()
            return self._caller.create(terminal=own.spec.process.terminal)

    def _tell_the_group(self) -> None:
        """Write into config.json where the group is below the root of the tree.

        We find it in the engine's scope ourselves; another runtime takes the path as
        it is, and would make the group where systemd wants nobody's.
        """
        path = cgroups.path_of(self._group)
        with held(self._bundle):
            spec = Bundle.read(self._bundle).spec
            if spec.cgroup != path:
                told = spec._replace(cgroup=path)
                files.write_json(self._bundle / "config.json", told.to_json())

    def beside(self, running: Task) -> None:
        """It is made by a starter, too."""

    def execute(
        self,
        running: Task,
        describe: Callable[[], Process],
        task: Task,
        report: socket.socket,
        confined: bool = True,
    ) -> NoReturn:
        """Have a process added. Its policy is the container's, also if not `confined`.

        It runs as soon as it is made: so the size of its terminal must be known before.
        """

        def work() -> None:
            starter.keep_only(task.streams, report)
            process = describe().to_json()
            if task.size:
                rows, columns = task.size
                process["consoleSize"] = {"height": rows, "width": columns}
            made = self._caller.execute(process)
            channel.send(report, {"pid": made.pid})
            _hand_over(made.master, report)

        _do_and_leave(work, report)

    def must_ask(self) -> None:
        """It asks nobody."""
        raise InvalidArgument(
            f"nobody can step through what {self._name} does",
            "--explain tells what is done around it; or take --runtime labshell.",
        )


def _caller(facts: ShimFacts) -> Caller:
    home = Path(facts.root).parent
    return Caller(facts.runtime, home.name, home / "bundle")


def _do_and_leave(work: Callable[[], None], report: socket.socket) -> NoReturn:
    """Do it, and end. What a call that failed has left behind ends here.

    A dead process that nobody collects would keep its pid namespace from ending: so the
    starter, too, adopts orphans. What was made well goes on to the shim when it ends.
    """

    def collecting() -> None:
        gc.disable()  # this process lives for milliseconds
        processes.adopt_orphans(True)
        try:
            work()
        except Exception:
            while left := _children():
                for pid in left:
                    os.kill(pid, signal.SIGKILL)
                    os.waitpid(pid, 0)
            raise

    init.do_and_leave(collecting, report)


def _children() -> list[int]:
    pids = map(int, filter(str.isdigit, os.listdir("/proc")))
    entries = map(process_table.read, pids)
    return [one.pid for one in entries if one and one.parent == os.getpid()]


def _hand_over(master: int, report: socket.socket) -> None:
    """Give the shim a terminal, if there is one, and wait until it has it."""
    if master >= 0:
        channel.send(report, {"terminal": True}, (master,))
        if not report.recv(1):
            raise EngineBroken("the container's shim did not take its terminal")


def forget(facts: ShimFacts) -> None:
    """Have the runtime take away what it has made; again does no harm.

    On version 1 it has made the group in each tree of the machine, also in those of
    which we know nothing; and its parent, which it leaves.
    """
    with contextlib.suppress(EngineError):  # all else goes, whatever it says
        _caller(facts).delete()
    other_trees.remove(facts.cgroup)
