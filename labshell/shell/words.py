"""The words behind a colon: the shell's own, and what it hands to the lesson.

    :help :panes :quit                          the shell
    :next :hint :check :source :reset …         the lesson's runner

`:` alone is bash's own null command and stays bash's: `: ${x:=1}`. A word has a letter
right behind the colon.

Try it: `:help`
"""

import os
from typing import TYPE_CHECKING, Protocol

from engine.errors import NotFound
from labshell.messages import marked, translate
from labshell.shell import machine
from labshell.shell.paint import painted
from labshell.shell.panes import Panes

if TYPE_CHECKING:
    from labshell.lessons.runner import LessonRunner

OWN = {
    "help": marked("this overview"),
    "panes": marked(
        "live pictures in tmux: those of the step, or `mounts tree`, or `off`"
    ),
    "quit": marked("leave the shell; containers run on"),
}

RULE = marked("""\
lab VERB …   the engine: `lab --help` lists the verbs, `lab VERB --help` explains one
:word        the lesson and the shell itself
all else     bash, with its directory, variables and functions from line to line
""")

KEYS = marked("""\
Tab completes. The right arrow takes what is suggested in grey. Ctrl-R searches the
history. A line that is not finished (a quote, a loop, a backslash) goes on in the next.
Ctrl-C stops what runs, Ctrl-Z pauses it (`fg`, `bg`), Ctrl-D on an empty line leaves.
""")


class Shell(Protocol):
    """What a word may ask of the shell."""

    panes: Panes

    @property
    def runner(self) -> "LessonRunner | None":
        """The lessons; None if this labshell came without them."""

    def leave(self) -> None:
        """End the shell."""


def greet() -> None:
    """The one rule in a line, and what a newcomer should know of this machine."""
    rule = translate("`lab VERB` is the engine, `:word` the lesson, all else is bash.")
    print(rule, painted("`:help`, `lab learn`", "cyan"))
    machine.warn_once()
    if os.geteuid() != 0:
        text = translate("You are not root, and the engine needs it.")
        print(painted(text, "yellow"))


def handle(shell: Shell, word: str, argument: str) -> None:
    """Do what `:word argument` asks for. Raises EngineError if that is not possible."""
    if word == "help":
        print(overview(shell))
    elif word == "quit":
        shell.leave()
    elif word == "panes":
        wanted = shell.runner.panes() if shell.runner else ()
        print(shell.panes.show(argument, wanted))
    elif shell.runner is None or not shell.runner.handle(word, argument):
        unknown = translate("no such word: :{word}").format(word=word)
        raise NotFound(unknown, translate("`:help` lists them."))


def overview(shell: Shell) -> str:
    """The one rule, the words, and the keys."""
    lesson = shell.runner.words() if shell.runner else {}
    sections = [translate(RULE), _listed(own())]
    if lesson:
        title = painted(translate("Lessons: `lab learn` opens one."), "cyan")
        sections.append(f"{title}\n{_listed(lesson)}")
    return "\n".join([*sections, translate(KEYS)]).rstrip()


def own() -> dict[str, str]:
    """The shell's own words, each with what it does."""
    return {word: translate(text) for word, text in OWN.items()}


def _listed(words: dict[str, str]) -> str:
    widest = max(map(len, words))
    return "".join(f":{word:<{widest}}  {text}\n" for word, text in words.items())
