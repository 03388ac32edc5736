"""`lab mutant`: an engine with one fault in it, for those who read its source.

    lab mutant                     which there are
    lab mutant NAME                a shell of the faulty engine, and the complaint
    lab mutant NAME --function F   is it this function?
    lab mutant NAME --check        is it mended?
    lab mutant NAME --remove       the copy goes, and what it has made

Try it: `lab mutant ghosts`
"""

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import click

from engine.engine import Engine
from engine.errors import InvalidState, NotFound
from labshell.commands.grammar import Option, Verb

if TYPE_CHECKING:
    from labshell.lessons.mutants import Copy
    from labshell.lessons.screen import Screen


@click.command(
    cls=Verb,
    params=[
        Option(["--function"], metavar="NAME", help="Ask whether the fault is there."),
        Option(["--check"], is_flag=True, help="Ask whether the copy is mended."),
        Option(["--remove"], is_flag=True, help="Remove the copy and all it made."),
        click.Argument(["name"], required=False, metavar="[NAME]"),
    ],
    examples="""
        lab mutant
        lab mutant ghosts
        lab mutant ghosts --function to_overlay
        lab mutant ghosts --check
    """,
)
@click.pass_obj
def mutant(
    engine: Engine, function: str | None, check: bool, remove: bool, name: str | None
) -> int:
    """Open an engine that has one fault, and mend it.

    What you get is a copy of the engine's source with a fault of a few lines, and a
    shell in which `lab` runs that copy, with images and containers of its own. The
    engine that is installed is not touched. Reproduce what is complained of, read the
    acts (`lab run --explain`) and the source, name the function, mend the copy with any
    editor, and have it checked: what counts is what the engine does then.
    """
    from labshell.lessons import mutants
    from labshell.lessons.progress import Progress
    from labshell.lessons.screen import Screen
    from labshell.messages import language, translate

    spoken = language()
    screen = Screen(spoken)
    if name is None:
        if function is not None or check or remove:
            raise click.UsageError(translate("which mutant?"))
        mended = Progress().mended
        for known in mutants.names():
            mark = "✓" if known in mended else " "
            screen.line(f"{mark} {known:<10} {mutants.find(known, spoken).title}")
        return 0
    copy = mutants.Copy(mutants.find(name, spoken))
    if remove:
        copy.remove()
        return 0
    if function is not None:
        return _is_it(copy, function, screen)
    return _check(copy, screen) if check else _open(copy, screen)


def _is_it(copy: "Copy", function: str, screen: "Screen") -> int:
    if copy.mutant.is_in(function):
        screen.good(screen.word("It is there."), 0)
        return 0
    screen.bad(screen.word("It is not there."))
    return 1


def _check(copy: "Copy", screen: "Screen") -> int:
    """Whether the copy does now what a sound engine does."""
    from labshell.lessons.progress import Progress
    from labshell.messages import translate

    name = copy.mutant.name
    if not copy.program.exists():
        missing = translate("There is no copy of {name} yet").format(name=name)
        raise NotFound(missing, f"`lab mutant {name}`")
    screen.say("Running the proof on your copy …", "dim")
    done = copy.judge()
    if done.code != 0:
        screen.bad(done.last_words)
        return 1
    Progress().save_mended(name)
    screen.good(screen.word("Mended: it does what a sound engine does."), 0)
    return 0


def _open(copy: "Copy", screen: "Screen") -> int:
    """The complaint, where the source is, and a shell of the faulty engine."""
    from labshell.messages import translate
    from labshell.shell import repl

    if repl.current is not None:
        raise InvalidState(
            translate("That needs a terminal of its own"), translate("`:quit` first.")
        )
    copy.make()
    screen.rule(copy.mutant.title)
    screen.markdown(copy.mutant.report)
    screen.console.print()
    screen.say("The source is in")
    print(f"    {copy.place}/engine", flush=True)  # whole, however long: to be copied
    screen.say("In another terminal: `lab mutant NAME --check`, `--function`.", "dim")
    if not (os.isatty(0) and os.isatty(1)):
        return 0
    sys.stdout.flush()
    environment = {**os.environ, "LABSHELL_ROOT": str(copy.root)}
    return subprocess.run([str(copy.program)], env=environment).returncode
