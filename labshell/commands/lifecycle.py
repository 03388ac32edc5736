"""The verbs that move a container from one state to the next.

    create ─→ created ─ start ─→ running ─ pause ──→ paused
                 ↑                 │  ↑                 │
                rm                 │  └───── unpause ───┘
                 ↓                 │ stop, kill, or the program ends
              (gone) ←─── rm ── exited ─ start, restart ─→ running

`lab states` draws all of it, from the engine's own table.

Each takes several containers and does what it can: a failure is told, the others
still get their turn, and the exit code is 1 in the end.

Try it: `lab run -d --name box busybox sleep 1d; lab pause box; lab ps; lab rm -f box`
"""

import sys
from collections.abc import Callable, Iterable, Sequence

import click

from engine.engine import Engine
from engine.errors import EngineError, NotFound
from labshell.commands import suggest
from labshell.commands.explaining import ExplainedVerb
from labshell.commands.grammar import Option, Verb
from labshell.commands.options.streams import STAYING, STEP, walk, walk_of_start
from labshell.commands.report import report, say

_TIMEOUT = Option(
    ["-t", "--time", "--timeout", "timeout"],
    type=click.IntRange(min=-1),
    default=None,
    metavar="SECONDS",
    help="""How long to wait before killing it; -1: for ever. The container's
    --stop-timeout unless given, else 10.""",
)


def for_each(
    names: Sequence[str],
    act: Callable[[str], Iterable[str] | None],
    forgiven: tuple[type[EngineError], ...] = (),
) -> int:
    """Do `act` to each of `names`, and print what came of it; 1 if one failed.

    That is the lines that `act` returns, or the name. Errors that are `forgiven` are
    told as well, and do not count.
    """
    failed = 0
    for name in names:
        try:
            done = act(name)
        except (EngineError, OSError) as error:
            report(error)
            failed |= not isinstance(error, forgiven)
        else:
            for line in [name] if done is None else done:
                print(line, flush=True)
    return failed


@click.command(
    cls=ExplainedVerb,
    params=[
        Option(
            ["-a", "--attach"],
            is_flag=True,
            help="Stay with it: show its output, forward signals, end with its code.",
        ),
        Option(
            ["-i", "--interactive"],
            is_flag=True,
            help="Stay with it, and pass on what you type as well.",
        ),
        *STAYING,
        STEP,
        suggest.argument(suggest.stopped, many=True),
    ],
    examples="""
        lab start web
        lab start -ai shell        back into a shell that was left
        lab start --step web       one act at a time
    """,
)
@click.pass_obj
def start(
    engine: Engine,
    attach: bool,
    interactive: bool,
    detach_keys: str | None,
    sig_proxy: bool,
    step: bool,
    names: tuple[str, ...],
) -> int:
    """Start containers that were created, or have ended.

    The program runs anew, with the same read-write layer: files it wrote are still
    there, memory is not.
    """
    if not (attach or interactive):
        return for_each(
            names, lambda name: engine.start(name, walk_of_start(engine, name, step))
        )
    if len(names) > 1:
        say(
            "you cannot start and attach multiple containers at once",
            "Name one container, or leave -a and -i out.",
        )
        return 1
    stdin = interactive and engine.container(names[0]).options.interactive
    session = engine.session(names[0], stdin=stdin, detach_keys=detach_keys)
    try:
        session.start(walk_of_start(engine, names[0], step))
        code = session.interact(stdin=0 if stdin else None, signals=sig_proxy)
        if session.detached:
            print(file=sys.stderr)  # the prompt should not stand behind the program's
        return code
    finally:
        session.close()


@click.command(
    cls=ExplainedVerb,
    params=[_TIMEOUT, suggest.argument(suggest.running, many=True)],
    examples="""
        lab stop web
        lab stop -t 0 web          no time to say goodbye: exit code 137
    """,
)
@click.pass_obj
def stop(engine: Engine, timeout: int | None, names: tuple[str, ...]) -> int:
    """Ask containers to end, and kill those that do not.

    First SIGTERM (or --stop-signal), which a program can catch to tidy up; then,
    after a time, SIGKILL, which it cannot. The container's files stay: `lab start`.
    """
    return for_each(names, lambda name: engine.stop(name, timeout))


@click.command(
    cls=ExplainedVerb,
    params=[_TIMEOUT, STEP, suggest.argument(suggest.containers, many=True)],
    examples="""
        lab restart web
    """,
)
@click.pass_obj
def restart(
    engine: Engine, timeout: int | None, step: bool, names: tuple[str, ...]
) -> int:
    """Stop containers, then start them again.

    The same container with the same files, and a new process: `lab tree` before and
    after shows another pid.
    """
    return for_each(
        names, lambda name: engine.restart(name, timeout, walk(engine, name, step))
    )


@click.command(
    cls=Verb,
    examples="""
        lab resume
    """,
)
@click.pass_obj
def resume(engine: Engine) -> None:
    """After a reboot: start the containers whose --restart asks for it.

    Those with `always`; those with `unless-stopped` or `on-failure` that you had not
    stopped yourself. Prints the names of those that were started.
    """
    for container in engine.resume():
        print(container.name)


@click.command(
    cls=ExplainedVerb,
    params=[
        Option(
            ["-s", "--signal"],
            default="KILL",
            metavar="SIGNAL",
            shell_complete=suggest.signals,
            help="Send this instead: HUP, SIGUSR1, 15.",
        ),
        suggest.argument(suggest.running, many=True),
    ],
    examples="""
        lab kill web               exit code 137 = 128 + 9
        lab kill -s HUP web        many servers read their settings again
    """,
)
@click.pass_obj
def kill(engine: Engine, signal: str, names: tuple[str, ...]) -> int:
    """Send a signal to the first process of containers; SIGKILL unless told.

    A process that is number 1 of its pid namespace ignores signals it has no handler
    for, except SIGKILL and SIGSTOP from outside: so `lab kill -s TERM` may do nothing.
    """
    return for_each(names, lambda name: engine.kill(name, signal))


@click.command(
    cls=ExplainedVerb,
    params=[suggest.argument(suggest.running, many=True)],
    examples="""
        lab pause web
    """,
)
@click.pass_obj
def pause(engine: Engine, names: tuple[str, ...]) -> int:
    """Freeze all processes of containers.

    The kernel's freezer takes the processor away and nothing else: memory, files and
    sockets stay as they are, and nothing inside can notice.
    """
    return for_each(names, engine.pause)


@click.command(
    cls=ExplainedVerb,
    params=[suggest.argument(suggest.paused, many=True)],
    examples="""
        lab unpause web
    """,
)
@click.pass_obj
def unpause(engine: Engine, names: tuple[str, ...]) -> int:
    """Let paused containers go on where they were frozen."""
    return for_each(names, engine.unpause)


@click.command(
    cls=Verb,
    params=[suggest.argument(suggest.containers, many=True)],
    examples="""
        lab run -d --name job busybox sh -c 'sleep 5; exit 3'
        lab wait job               prints 3, five seconds later
    """,
)
@click.pass_obj
def wait(engine: Engine, names: tuple[str, ...]) -> int:
    """Wait until containers end, and print their exit codes."""
    return for_each(names, lambda name: [str(engine.wait(name))])


@click.command(
    cls=ExplainedVerb,
    params=[
        suggest.argument(suggest.containers),
        click.Argument(["new"], metavar="NEW_NAME"),
    ],
    examples="""
        lab rename web old-web
    """,
)
@click.pass_obj
def rename(engine: Engine, name: str, new: str) -> None:
    """Give a container another name. Its ID stays."""
    engine.rename(name, new)


@click.command(
    cls=ExplainedVerb,
    params=[
        Option(
            ["-f", "--force"],
            is_flag=True,
            help="Also one that is running (it is killed first) or is not there.",
        ),
        Option(
            ["-v", "--volumes"],
            is_flag=True,
            help="With the volumes without a name that were made for it.",
        ),
        suggest.argument(suggest.containers, many=True),
    ],
    examples="""
        lab rm web
        lab rm -f $(lab ps -aq)    all of them
    """,
)
@click.pass_obj
def rm(engine: Engine, force: bool, volumes: bool, names: tuple[str, ...]) -> int:
    """Remove containers, and with them their read-write layer.

    What a container wrote outside of volumes is gone then, and only then: not at
    `lab stop`. Named volumes stay.
    """
    return for_each(
        names,
        lambda name: engine.remove(name, force=force, volumes=volumes),
        forgiven=(NotFound,) if force else (),
    )
