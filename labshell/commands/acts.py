"""`lab acts`: what was done on a container's behalf, and how two starts differ.

`--explain` tells it while it is done; here it is read from the container's own record,
acts.jsonl, as often as one likes.

Try it: `lab acts web`; `lab acts web --full | less -R`; `lab acts web db --diff`;
`lab acts web --sh`
"""

import os
import sys

import click

from engine.engine import Engine
from engine.errors import EngineError, NotFound
from labshell.commands import explaining, suggest
from labshell.commands.grammar import Option, Verb
from labshell.commands.listing import print_lines
from labshell.commands.options.kinds import Value
from labshell.commands.report import report
from labshell.views import acts as acts_view
from labshell.views import difference
from labshell.views.explain import manner_for

TROUBLE = 2  # the exit code of diff(1) where it could not compare


@click.command(
    cls=Verb,
    params=[
        Option(
            ["--concept"],
            type=Value("concept", explaining.concept),
            metavar="NAME",
            shell_complete=explaining.offer_concepts,
            help="""Only acts of one concept: mounts, cgroups, ...; any word of
            `lab explain` that has acts will do.""",
        ),
        Option(
            ["--full"],
            is_flag=True,
            help="With the source of each function of the engine that acted.",
        ),
        Option(
            ["--plain"], is_flag=True, help="Say it in sentences, for a screen reader."
        ),
        Option(
            ["--json"],
            is_flag=True,
            help="Print whole acts as JSON, one a line; none is folded.",
        ),
        Option(
            ["--diff"],
            is_flag=True,
            help="""How the last starts of two containers differ. Exit code as that of
            diff(1): 0 if they do not, 1 if they do.""",
        ),
        Option(
            ["--sh"],
            is_flag=True,
            help="""The last start as a shell script for root: it makes such a container
            with ordinary programs, and takes it away. All variables are in it.""",
        ),
        suggest.argument(suggest.containers, many=True),
    ],
    examples="""
        lab acts web
        lab acts web --concept mounts
        lab acts web --full | less -R
        lab acts web db --diff
        lab acts web --sh > by-hand.sh; sudo sh by-hand.sh
    """,
)
@click.pass_obj
def acts(
    engine: Engine,
    concept: str | None,
    full: bool,
    plain: bool,
    json: bool,
    diff: bool,
    sh: bool,
    names: tuple[str, ...],
) -> int | None:
    """Show what was done on a container's behalf.

    Each act as the command that does the same in a shell, with the system call and the
    engine's function that asked for it. Runs of like acts are one line. On a terminal a
    line is cut (⋯) to fit; in a pipe, `lab acts web | cat`, all of it is there.
    """
    alone = [name for name, given in (("--sh", sh), ("--diff", diff)) if given]
    _check(names, alone, bool(concept or full or plain or json))
    if diff:
        return _differ(engine, names[0], names[1])
    if sh:
        sys.stdout.buffer.write(os.fsencode(engine.by_hand(names[0])))
        return None
    container = engine.container(names[0])
    recorded = engine.acts(container.id)
    found = acts_view.of_concept(recorded, concept)
    if concept is not None and not found:
        known = ", ".join(acts_view.concepts(recorded))
        raise NotFound(f"no act of the concept {concept}", f"There are: {known}.")
    if json:
        print_lines(acts_view.as_json_lines(found))
    elif plain:
        print_lines(acts_view.sentences(found, container.directory))
    else:
        concepts = frozenset(filter(None, [concept]))
        manner = manner_for(sys.stdout, concepts, source=full)
        acts_view.tell(recorded, container.directory, manner)
    return None


def _check(names: tuple[str, ...], alone: list[str], others: bool) -> None:
    """Refuse what makes no sense together: each of `alone` goes by itself."""
    if len(alone) + others > 1:
        if alone[0] == "--sh":
            raise click.UsageError("--sh writes a whole script: it goes by itself")
        raise click.UsageError("--diff tells what differs: it goes by itself")
    if len(names) != 1 + ("--diff" in alone):
        verb = "was" if len(names) == 1 else "were"
        wanted = "two containers" if alone == ["--diff"] else "one container"
        raise click.UsageError(f"{len(names) or 'none'} {verb} named, not {wanted}")


def _differ(engine: Engine, one: str, other: str) -> int:
    """Print how two starts differ; the exit code of diff(1)."""
    try:
        starts = [
            difference.last_start(engine.acts(container.id), container.directory)
            for container in (engine.container(one), engine.container(other))
        ]
        for name, start in zip((one, other), starts, strict=True):
            if not start:
                raise NotFound(
                    f"no start of {name} is recorded", f"`lab start {name}` is one."
                )
    except EngineError as error:
        report(error)
        return TROUBLE
    found = difference.differences(*starts)
    colour = manner_for(sys.stdout, frozenset(), source=False).colour
    print_lines(difference.lines(found, (one, other), colour=colour))
    return 1 if found else 0
