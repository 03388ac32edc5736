"""One line of `lab`, from the words typed to the exit code.

    main      a process of its own: `lab ps` in bash
    run_line  a line inside the open shell: the same, warm, in the shell's process

Both read the line with click, run the verb with the engine, and turn whatever goes
wrong into one line that says what, one line that says what to do, and Docker's exit
code:

    125   an option that is not one, or a value that makes no sense
    1     everything else that fails, except
    126, 127 and 125 again for `run`, whose other codes are the program's own

A verb returns its exit code, None being 0. Nothing is kept between two lines.

Try it: `lab run --bogus; echo $?`
"""

import errno
import gc
import io
import os
import select
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import click

from engine.engine import Engine
from engine.errors import EngineError
from labshell import VERSION
from labshell.commands import VERBS
from labshell.commands.grammar import NotHere, Option, Verbs
from labshell.commands.report import report, say, tell

COMPLETING = "_LAB_COMPLETE"
INTERRUPTED, BROKEN_PIPE = 130, 141  # 128 + SIGINT, 128 + SIGPIPE


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run one line in a process of its own, and end with its exit code.

    The kernel takes back a process's memory and files in one go. Python would first
    take apart each of its objects, which takes longer than `lab rm` itself.
    """
    os._exit(finish(sys.argv[1:] if argv is None else argv))


def finish(argv: Sequence[str]) -> int:
    """Run one line in a process that does nothing after it; the exit code."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a locale without "…"
    gc.freeze()  # what was imported is there to stay: never look at it again
    gc.enable()
    if COMPLETING in os.environ:  # somebody pressed TAB: see commands/completion.py
        lab.main(prog_name="lab", complete_var=COMPLETING)
    code = _run(None, argv)
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:
        code = code or BROKEN_PIPE
    return code


def run_line(engine: Engine, argv: Sequence[str]) -> int:
    """Run one line (without the word `lab`) with an engine that is already open."""
    code = _run(engine, argv)
    sys.stdout.flush()
    return code


def _run(engine: Engine | None, argv: Sequence[str]) -> int:
    """Run one line; the exit code, whatever happens."""
    try:
        with lab.make_context("lab", list(argv), obj=engine) as context:
            return int(lab.invoke(context) or 0)
    except click.exceptions.Exit as end:  # --help and --version
        return end.exit_code
    except click.UsageError as error:
        return _usage(error)
    except (KeyboardInterrupt, click.Abort):
        print(file=sys.stderr)  # the prompt should not stand behind ^C
        return INTERRUPTED
    except BrokenPipeError:
        return BROKEN_PIPE
    except (EngineError, OSError, click.ClickException) as error:
        if getattr(error, "errno", None) == errno.EPIPE and _nobody_reads():
            return BROKEN_PIPE
        report(error)
        return 1
    except Exception as error:
        if os.environ.get("LABSHELL_DEBUG"):
            raise
        say(
            f"a fault in labshell itself: {type(error).__name__}: {error}",
            "LABSHELL_DEBUG=1 shows where; `lab doctor --report FILE` helps us.",
        )
        return 1


def _nobody_reads() -> bool:
    """Whether stdout is a pipe whose reader has gone, as in `lab export box | head`."""
    poll = select.poll()
    poll.register(sys.stdout, 0)  # the kernel tells POLLERR unasked
    return any(event & select.POLLERR for _, event in poll.poll(0))


def _usage(error: click.UsageError) -> int:
    """Say what is wrong with the line; 125 for an option, 1 for anything else."""
    command = error.ctx.command_path if error.ctx else "lab"
    is_group = error.ctx is None or isinstance(error.ctx.command, Verbs)
    hint = f"`{command} --help` {'lists what there is' if is_group else 'explains it'}."
    parameter = getattr(error, "param", None)
    code = 125 if isinstance(parameter, click.Option) else 1
    message = error.message
    if isinstance(error, click.NoSuchOption):
        code, message = 125, f"unknown option: {error.option_name}"
        if near := _listed(error):
            hint = f"Did you mean {' or '.join(near)}? {hint}"
    elif isinstance(error, NotHere):
        code, hint = error.code, error.instead
    elif isinstance(error, click.BadOptionUsage):
        code = 125
    elif isinstance(error, click.MissingParameter) and parameter:
        message = f"`{command}` needs {parameter.metavar or parameter.name}"
    elif isinstance(error, click.BadParameter) and code == 125 and parameter:
        message = f"invalid value for {parameter.opts[-1]}: {message}"
        hint = getattr(error.__cause__, "hint", hint)
    if code == 1 and error.ctx and not (is_group or isinstance(error, NotHere)):
        hint = f"{' '.join(error.ctx.get_usage().split())}. {hint}"
    say(message, hint)
    return code


def _listed(error: click.NoSuchOption) -> list[str]:
    """The options it resembles that `--help` lists: not those we only refuse."""
    assert error.ctx is not None
    hidden = {
        name
        for option in error.ctx.command.params
        if isinstance(option, click.Option) and option.hidden
        for name in option.opts
    }
    return [name for name in error.possibilities or () if name not in hidden]


def _begin(
    ctx: click.Context,
    root: str | None,
    lessons: str | None,
    lang: str | None,
    version: bool,
) -> int | None:
    """What every line has in common: which engine, and what it wants to tell."""
    if lessons is not None:
        if not os.path.isdir(lessons):
            raise click.UsageError(f"--lessons {lessons}: there is no such directory")
        os.environ["LABSHELL_LESSONS"] = os.path.abspath(lessons)  # for bash as well
    if lang is not None:
        os.environ["LABSHELL_LANG"] = lang  # likewise
    if version:
        click.echo(f"labshell {VERSION}")
        ctx.exit()
    inside = ctx.obj is not None
    if root is not None or not inside:
        ctx.obj = Engine(Path(root) if root is not None else None)
    ctx.call_on_close(lambda: tell(ctx.obj))
    if ctx.invoked_subcommand is not None:
        return None
    if inside:
        click.echo(ctx.get_help())
        return 0
    shell = lab.get_command(ctx, "shell")
    assert shell is not None
    code: int = ctx.invoke(shell)
    return code


lab = Verbs(
    name="lab",
    headings=VERBS,
    callback=click.pass_context(_begin),
    invoke_without_command=True,
    context_settings={"max_content_width": 96},
    params=[
        Option(
            ["--root"],
            metavar="DIR",
            help="""Keep images and containers here, apart from all others; else
            $LABSHELL_ROOT, else /var/lib/labshell.""",
        ),
        Option(
            ["--lessons"],
            metavar="DIR",
            help="The lessons of another folder, not ours; else $LABSHELL_LESSONS.",
        ),
        Option(
            ["--lang"],
            type=click.Choice(["en", "zh"]),
            help="""The language of the shell and the lessons; else $LABSHELL_LANG, else
            that of the terminal.""",
        ),
        Option(["--version"], is_flag=True, help="Print the version."),
    ],
    help="""
    A container engine to learn with.

    What is run here are real containers. `lab` alone opens the shell; with a verb it
    does one thing and ends. The verbs are Docker's own where Docker has them, so what
    you learn here is true elsewhere.
    """,
    examples="""
        lab                             open the shell
        lab learn                       take a lesson in it
        lab run -it --rm busybox sh     a shell in a new container
        lab run --help                  all about one verb
    """,
)
