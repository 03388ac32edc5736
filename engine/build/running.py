"""RUN: a container, a command, its exit status, a commit.

    1  container   made of the image of the step before
    2  command     started in it; what it prints is shown
    3  changes     all go to the container's read-write layer
    4  wait        until process 1 has ended, however long that takes
    5  status      0: go on. Else the build has failed, and the container stays
    6  commit      the read-write layer becomes the layer of the next image

What keeps a container apart and within limits holds here as for `lab run`: a build is
other people's programs at work. Volumes too: what RUN writes into a VOLUME of the image
is in no layer, and lost.

A step that takes long lets go of the store meanwhile: what was made before it is
entered into the index first (see ledger.py).

Source: moby's classic builder; articles on `docker commit`
Try it: `lab build --explain .`; a `RUN false`, then `lab scene`
"""

import contextlib
import time
from typing import NamedTuple

from engine import deadline, times
from engine.build import scene
from engine.build.cache import Step
from engine.build.heredocs import Heredoc, script
from engine.build.work import Asked, Work
from engine.containers import lifecycle, networking, removal, specification
from engine.containers.record import Container
from engine.containers.telling import tell
from engine.errors import BuildFailed, EngineError
from engine.oci.health import Healthcheck
from engine.runtime import channel, client
from engine.runtime.client import Connection

_LONG = 1.0  # seconds; a step that takes longer lets others delete images


_MEANING = ("the step went well", "the build has failed, the container stays")


class _Limit(NamedTuple):
    """When a step must have ended, and what is said if it has not."""

    at: float
    what: str


def run(asked: Asked) -> None:
    """Carry out RUN."""
    work, stage = asked.work, asked.stage
    command = _command(asked)
    env = specification.variables(stage.defaults.env)
    arguments = stage.arguments.for_stage(env.keys())
    seen = {n: v for n, v in arguments.items() if stage.arguments.in_history(n)}
    told = [f"|{len(seen)}", *sorted(f"{n}={v}" for n, v in seen.items())]
    step = Step(
        words=(*(told if arguments else ()), *command),
        defaults=stage.defaults,
        author=stage.config.author,
    )
    if work.cached(stage, step):
        return
    variables = tuple(f"{name}={value}" for name, value in arguments.items())
    work.progress.part("container", "made of the image of the step before")
    container = _create(asked, command, variables)
    work.progress.note(f" ---> Running in {container.short_id}")
    try:
        _run(asked, container)
        work.progress.part("commit", "its read-write layer becomes the next layer")
        keeps = not work.options.remove
        work.commit(stage, step, container.directory / "upper", stays=keeps)
        tell(work.house, container, "commit", comment="")
    except BaseException:
        if work.options.force_remove:
            work.finished.append(container)
        raise
    if work.options.remove:
        work.finished.append(container)
        note = f"Removing intermediate container {container.short_id}"
        work.progress.note(note)


def _command(asked: Asked) -> tuple[str, ...]:
    """The words of the command; in shell form behind those of a shell."""
    instruction = asked.instruction
    if instruction.json_form:
        return instruction.words
    text = instruction.words[0]
    if instruction.heredocs:
        text = _with_files(text, instruction.heredocs)
    return (*asked.stage.shell, text)


def _with_files(text: str, heredocs: tuple[Heredoc, ...]) -> str:
    """A command with the files that came below it.

    `RUN <<EOF` alone: it is the script. Else the shell reads them, as it would.
    """
    if script(text):
        return _as_program(heredocs[0]) or heredocs[0].content
    return text + "".join(f"\n{one.content}{one.name}" for one in heredocs)


def _as_program(document: Heredoc) -> str:
    """A script for another program than the shell: it begins with `#!PROGRAM`.

    The shell does what the kernel would: PROGRAM gets the script's name as a word.
    """
    first, content = document.content.partition("\n")[0], document.content
    if not first.startswith("#!"):
        return ""
    end = document.name
    return f"{first[2:].strip()} /dev/fd/3 3<<'{end}'\n{content}{end}"


def _create(
    asked: Asked, command: tuple[str, ...], variables: tuple[str, ...]
) -> Container:
    from engine.containers import create  # not needed for what is in the cache

    work, stage = asked.work, asked.stage
    if stage.image is None:
        raise BuildFailed(
            "RUN: there is nothing to run in an image FROM scratch",
            "COPY or ADD the program, and what it needs, first.",
        )
    where = f"{asked.dockerfile.name}:{asked.instruction.position.line}"
    options = work.options.container._replace(
        image=stage.image.id,
        command=command,
        entrypoint=(),
        environment=variables,
        labels={scene.LABEL: f"{where} {asked.instruction.original}"[:200]},
        health=Healthcheck(test=("NONE",)),
    )
    made = create.create(work.house, options, stage.image, for_build=True)
    tell(work.house, made, "create")
    return made


def _run(asked: Asked, container: Container) -> None:
    """Run it to its end. BuildFailed if that is not 0, or does not come in time."""
    work = asked.work
    limit = _limit(work)
    work.progress.part("command", " ".join(container.command))
    try:
        with client.reach(work.house.place, container.directory) as connection:
            _begin(work, container, connection)
            work.progress.part("changes", f"go to {container.directory / 'upper'}")
            work.progress.part("wait", "until process 1 has ended")
            code = _follow(work, connection, limit)
    except KeyboardInterrupt:
        _end(work, container)
        raise _stopped(work, container, "interrupted", 130) from None
    except BrokenPipeError:  # nobody wants to know any more
        _end(work, container)
        raise
    if code is None:
        assert limit is not None, "nothing but a limit ends the waiting"
        _end(work, container)
        raise _stopped(work, container, limit.what, 1)
    work.progress.part("status", f"{code}: {_MEANING[bool(code)]}")
    if code:
        raise _failed(asked, container, code)


def _begin(work: Work, container: Container, connection: Connection) -> None:
    """Start it. If that fails nothing has run, and there is nothing to look at."""
    try:
        networking.attach(work.house, container)
        connection.tell("attach", stdin=False, releases=False)
        connection.tell("start", at_once=work.house.watched)
        remove_finished(work)  # while the new one is being started
        connection.answer()
        connection.answer()
    except EngineError:
        work.finished.append(container)
        raise


def _limit(work: Work) -> _Limit | None:
    """The nearer one of the build's limit and the step's."""
    now, whole, step = time.monotonic(), deadline.left(), work.options.step_timeout
    limits = []
    if whole is not None:
        late = f"the build took {times.in_words(work.options.timeout or 0)}"
        limits.append(_Limit(now + whole, late))
    if step is not None:
        late = f"the step took longer than {times.in_words(step)}"
        limits.append(_Limit(now + step, late))
    return min(limits, default=None)


def _follow(work: Work, connection: Connection, limit: _Limit | None) -> int | None:
    """Show what it prints until it has ended: its exit status; None: out of time."""
    for kind, payload in connection.early:
        work.progress.output(payload, error=kind == channel.STDERR)
    holds, began = True, time.monotonic()
    try:
        while connection.exit_status is None:
            now = time.monotonic()
            pause = None if limit is None else limit.at - now
            if pause is not None and pause <= 0:
                return None
            if holds:
                pause = min(_LONG, pause or _LONG)
            if deadline.wait_for(connection.socket.fileno(), pause):
                kind, payload = connection.receive()
                if kind in (channel.STDOUT, channel.STDERR):
                    work.progress.output(payload, error=kind == channel.STDERR)
            if holds and time.monotonic() - began > _LONG:
                work.ledger.settle()
                work.ledger.let_go()
                holds = False
        return connection.exit_status
    finally:
        if not holds:
            work.ledger.hold()


def _end(work: Work, container: Container) -> None:
    """End it: nothing of it is committed, and all that it did stays to be seen."""
    with contextlib.suppress(EngineError):  # it has ended by itself just now
        lifecycle.kill(work.house, work.house.records.find(container.id))


def remove_finished(work: Work) -> None:
    """Remove the containers of steps that went well."""
    while work.finished:
        _remove(work, work.finished.pop())


def _remove(work: Work, container: Container) -> None:
    """Its program has ended, whatever its record says: a full disk keeps no record."""
    found = work.house.records.find(container.id)
    removal.remove(work.house, found, force=True, volumes=True)


def _failed(asked: Asked, container: Container, code: int) -> BuildFailed:
    told = " ".join(container.command)
    return _with_scene(
        BuildFailed(
            f"The command '{told}' returned a non-zero code: {code}",
            _hint(asked.work, container),
        ),
        container,
        code,
    )


def _stopped(work: Work, container: Container, why: str, code: int) -> BuildFailed:
    told = " ".join(container.command)
    message = f"The command '{told}' was stopped: {why}"
    return _with_scene(BuildFailed(message, _hint(work, container)), container, code)


def _hint(work: Work, container: Container) -> str:
    if work.options.force_remove:
        return "Its container is removed, as --force-rm asks: without it, it stays."
    name = container.name
    return (
        f"Its container {name} is as the step left it: `lab diff {name}` lists what "
        f"was changed, `lab scene {name}` opens a shell in it."
    )


def _with_scene(error: BuildFailed, container: Container, code: int) -> BuildFailed:
    error.scene, error.exit_code = container.name, code
    return error
