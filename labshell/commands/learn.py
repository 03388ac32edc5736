"""`lab learn`: a lesson in the shell; or one that is played, recorded, or both.

    lab learn               the shell, with a lesson beside it (lessons/runner.py)
    lab learn --play        somebody of straw takes it, before your eyes
    lab learn --record F    either of them, as a film

Try it: `lab learn`, `lab learn --play --speed 3`
"""

from pathlib import Path

import click

from engine.engine import Engine
from engine.errors import InvalidState
from labshell.commands.grammar import Option, Verb


@click.command(
    cls=Verb,
    params=[
        Option(["--play"], is_flag=True, help="Watch somebody take the lesson."),
        Option(
            ["--speed"],
            type=click.FloatRange(0.1, 1000),
            metavar="FACTOR",
            help="How much faster than a person --play types.",
        ),
        Option(["--record"], metavar="FILE", help="Record the session: an asciicast."),
        click.Argument(["name"], required=False, metavar="[TRACK/LESSON]"),
    ],
    examples="""
        lab learn
        lab learn commit/init-layer
        lab learn --play --speed 3 --record init-layer.cast commit/init-layer
    """,
)
@click.pass_obj
def learn(
    engine: Engine,
    play: bool,
    speed: float | None,
    record: str | None,
    name: str | None,
) -> int:
    """Open a lesson in the shell, or go on with the one that was open.

    A lesson is read, watched, and worked through on real containers. What you do is
    noticed by its effects, so there is no command that you must use. What a finished
    lesson has made in the engine goes when another one is opened; its points stay.

    --play types the reference solution in an engine of its own: yours, and your
    progress, are not touched.
    """
    from labshell.lessons import library
    from labshell.messages import translate
    from labshell.shell import repl

    if speed is not None and not play:
        raise click.UsageError("--speed is how fast --play types: it wants --play")
    if name is not None:
        library.find(name)  # says what is wrong before a shell is opened
    if play or record is not None:
        if repl.current is not None:
            raise InvalidState(
                translate("That needs a terminal of its own"),
                translate("`:quit` first."),
            )
        return _on_show(engine, name, play=play, speed=speed or 1.0, record=record)
    if repl.current is not None:
        repl.current.learn(name)
        return 0
    return repl.run(engine, name or "")


def _on_show(
    engine: Engine, name: str | None, *, play: bool, speed: float, record: str | None
) -> int:
    """A lesson that is played, recorded, or both."""
    from contextlib import ExitStack

    from labshell.lessons import library, playing, recording
    from labshell.messages import language

    with ExitStack() as stack:
        cast = None
        if record is not None:
            cast = stack.enter_context(recording.recorded(Path(record)))
        if not play:
            assert cast is not None  # else there is nothing to show
            return recording.record(engine, ["learn", *filter(None, [name])], cast)

        def watch(text: str) -> None:
            playing.to_stdout(text)
            if cast is not None:
                cast.show(text)

        found = library.find(name or next(iter(library.names())), language())
        playing.play(found, speed, watch)
    return 0
