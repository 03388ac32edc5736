"""The sandbox: one of our own containers, in which a student's script runs.

    grader, root                               container
    ────────────                               ─────────
    create, start                              users of its own: root is nobody outside
    work files ── as a tar ──▶ /task           no network, no new privileges
    exec ────────────────────▶ sh solve.sh     the student's values are variables
       what it prints ◀──────                  limits of memory, processors, processes,
    its end, or a limit                        disk; of time and output: grader's
    freeze ──────────────────▶ ▓▓▓▓▓▓▓▓▓▓▓     nothing moves any more
       processes, files ◀────                  read from outside
    kill, remove                               as a whole

Process 1 is a shell that waits, not the script: so what the script has left running is
still there when it has ended, and can be looked at. A container that was killed at a
limit is looked at as well, but whoever needed the limit has not done what was asked.

Nothing of the grader's goes in: no check, no key, no token, no descriptor. And nothing
that comes out is more than bytes.

man: user_namespaces(7), cgroups(7), seccomp(2)
Try it: `lab assignment try`, and meanwhile `ps -ef | grep solve.sh`
"""

import contextlib
import io
import os
import select
import tarfile
import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

from engine.engine import Container, ContainerOptions, Engine, ExecOptions
from engine.errors import EngineError
from labshell.grading import divisions, left
from labshell.grading.dialog import Talked, filled
from labshell.grading.limits import RunLimits
from labshell.grading.ran import Ran
from labshell.grading.runs import Script

if TYPE_CHECKING:
    pass

WORK = "/task"
_HOLD = f"while :; do {left.WAITS}; done"
_STREAMS = (b"1", b"2")


def run(
    engine: Engine,
    script: Script,
    limits: RunLimits,
    files: Mapping[str, bytes],
    values: Mapping[str, str],
    times: float = 1,
) -> Ran:
    """Run a script, and tell what came of it. Nothing of the container is left.

    `files` are the work files, the script among them; it may take `times` as long as
    usual. EngineError or OSError: a fault of the machine's, not of the script.
    """
    script = replace(script, dialog=filled(script.dialog, values))
    container = engine.create(_options(script, limits, values))
    try:
        engine.unpack_files(container.id, "/", io.BytesIO(_tar_of(files)))
        engine.start(container.id)
        _limit_sockets(engine, container.id, limits.memory << 20)
        return _ran(engine, container, script, limits, times)
    except (EngineError, OSError):
        if os.statvfs(engine.root).f_favail:
            raise
        nothing = dict.fromkeys(script.files)  # nor could a word of it be written down
        return Ran(exit_status=None, limit="disk", files=nothing)
    finally:
        engine.remove(container.id, force=True, volumes=True)


def _limit_sockets(engine: Engine, container: str, most: int) -> None:
    """On version 1 what sockets hold counts only where that has a limit of its own.

    It is called after TCP, and is for all of them. On version 2 it is memory as any.
    """
    file = engine.cgroup(container) / "memory.kmem.tcp.limit_in_bytes"
    if file.exists():
        file.write_text(str(most))


def _ran(
    engine: Engine, box: Container, script: Script, limits: RunLimits, times: float
) -> Ran:
    """What came of the script, in a container that runs; it is frozen afterwards."""
    began = time.monotonic()
    until, most = began + limits.seconds * times, limits.output << 20
    watching = divisions.watched(engine, box.id) if script.lab else nullcontext(-1)
    with watching as alarm:
        ended = _executed(engine, box.id, script, until, most, alarm)
        took = round(time.monotonic() - began, 3)
        if not ended.limit:
            left.settle(engine, box.name, f"/bin/sh {WORK}/{script.name}")
        try:
            processes = left.processes(engine, box.id, box.name)
        except left.RestlessError:
            limit, unseen = ended.limit or "freeze", dict.fromkeys(script.files)
            return Ran(exit_status=None, limit=limit, output=ended.output, files=unseen)
        divided = divisions.were_too_many(alarm)
    return Ran(
        exit_status=ended.exit_status,
        output=ended.output,
        limit="groups" if divided else ended.limit,
        met=engine.limits_met(box.id),
        seen=ended.seen,
        seconds=took,
        processes=processes,
        files={path: left.file(engine, box.id, path) for path in script.files},
    )


def _options(
    script: Script, limits: RunLimits, values: Mapping[str, str]
) -> ContainerOptions:
    memory = limits.memory << 20
    options = ContainerOptions(
        image=script.base,
        entrypoint=("/bin/sh", "-c"),
        command=(_HOLD,),
        hostname="sandbox",
        user="0",
        working_directory=WORK,
        environment=tuple(f"{name}={value}" for name, value in values.items()),
        user_namespace="auto",
        capabilities_drop=("NET_RAW",),  # packet sockets take memory beyond all limits
        network="none",
        security_options=("no-new-privileges",),
        memory=memory,
        memory_swap=memory,
        oom_score_adj=1000,
        cpus=float(limits.cpus),
        pids_limit=limits.pids,
        ulimits=("core=0",),
        log_driver="none",
    )
    if not script.lab:
        return options
    from labshell.grading import inner  # few scripts have an engine

    return inner.opened(options)


def _tar_of(files: Mapping[str, bytes]) -> bytes:
    """The directory /task with these files in it."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        directory = tarfile.TarInfo(WORK.strip("/"))
        directory.type, directory.mode = tarfile.DIRTYPE, 0o755
        tar.addfile(directory)
        for name, data in files.items():
            member = tarfile.TarInfo(f"{directory.name}/{name}")
            member.size, member.mode = len(data), 0o755
            tar.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def _executed(
    engine: Engine, container: str, script: Script, until: float, most: int, alarm: int
) -> Talked:
    """Have the script run, and hold its dialog, if there is one."""
    command = ("/bin/sh", f"{WORK}/{script.name}")
    if not script.dialog:
        return _listened(engine, container, command, until, most, alarm)
    from labshell.grading.talking import talk  # few items have one

    dialog = script.dialog
    return talk(engine.root, container, command, dialog, until=until, most=most)


def _listened(
    engine: Engine,
    container: str,
    command: Sequence[str],
    until: float,
    most: int,
    alarm: int,
) -> Talked:
    """What a command has come to, without anybody who types, or an alarm."""
    session = engine.execute(container, ExecOptions(command=tuple(command)))
    output = bytearray()
    with contextlib.closing(session):
        session.start(screen=None)
        attachment = session.attachment()
        pieces = attachment.early()
        waiting = select.poll()
        waiting.register(attachment.fileno(), select.POLLIN)
        if alarm >= 0:
            waiting.register(alarm, select.POLLIN)
        while True:
            for kind, data in pieces:
                output += data if kind in _STREAMS else b""
            left = until - time.monotonic()
            if len(output) > most or left <= 0:
                limit = "output" if len(output) > most else "seconds"
                return Talked(output=bytes(output[:most]), limit=limit)
            if (status := attachment.exit_status) is not None:
                return Talked(exit_status=status, output=bytes(output))
            if alarm in {ready for ready, _ in waiting.poll(left * 1000)}:
                return Talked(output=bytes(output), limit="groups")
            received = attachment.receive()
            pieces = [received] if received else []
