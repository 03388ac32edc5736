"""Asking for a line: on a good terminal, on a dumb one, or from a script.

    FullPrompt     prompt_toolkit: colours, Tab, suggestions, several lines, a toolbar
    PlainPrompt    TERM=dumb: the kernel's own line editing, nothing else
    ScriptPrompt   the lines of a file or a pipe: nobody is asked, nothing is printed

All three give back whole commands: while a quote, a loop or a backslash waits for its
end, the next line belongs to it. Whether a command is whole is asked of bash itself
(`bash -n` reads a script and runs nothing), because nobody knows its grammar better.
Who else may speak while a line is typed is told in waking.py.

man: bash(1) on -n
Try it: type `for i in 1 2; do` and Enter.
"""

import os
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol

from labshell.shell import waking
from labshell.shell.lines import World, read, tokens
from labshell.shell.waking import Waker

if TYPE_CHECKING:
    from prompt_toolkit import PromptSession
    from prompt_toolkit.completion import Completer
    from prompt_toolkit.formatted_text import StyleAndTextTuples
    from prompt_toolkit.key_binding import KeyBindings

_UNFINISHED = (
    b"unexpected end of file",
    b"unexpected EOF",
    b"delimited by end-of-file",
)
_NARROW = 60  # columns: below this, the prompt shows the end of the directory only


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What the prompt shows beside the line that is typed, and who may interrupt."""

    directory: str
    status: int = 0
    offer: str = ""  # a line to suggest
    typed: str = ""  # what was typed before it was time
    toolbar: Callable[[], str] = str
    wakers: Sequence[Waker] = ()

    def text(self) -> str:
        """The prompt itself: `lab ~/work # `, with the last status if it is not 0."""
        home = os.path.expanduser("~")
        place = self.directory
        if place == home or place.startswith(home + "/"):
            place = "~" + place.removeprefix(home)
        if _columns() < _NARROW:
            place = os.path.basename(place) or place
        failed = f"[{self.status}] " if self.status else ""
        sign = "#" if os.geteuid() == 0 else "$"
        return f"{failed}lab {place} {sign} "


class Prompt(Protocol):
    """Where lines come from."""

    def ask(self, question: Question) -> str:
        """The next command. EOFError at the end, KeyboardInterrupt at Ctrl-C."""

    def typed_ahead(self) -> str:
        """What was read together with that command, and comes after it."""


def is_whole(text: str) -> bool:
    """Is `text` a whole command, or does bash wait for more of it?"""
    line = read(text)
    if line.world is not World.BASH:
        return True
    found = tokens(text)
    if found and found[-1].open:
        return False
    if text.endswith("\\\n"):
        return False
    check = subprocess.run(
        ["bash", "-n"],
        input=text.encode(errors="surrogateescape"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={"LC_ALL": "C", "PATH": os.environ.get("PATH", os.defpath)},
    )
    return not any(message in check.stderr for message in _UNFINISHED)


class ScriptPrompt:
    """The lines of a script."""

    def __init__(self, script: BinaryIO) -> None:
        self.script = script

    def ask(self, question: Question) -> str:
        """The next command of the script, however many lines it has."""
        text = ""
        while line := self.script.readline():
            text += line.decode(errors="surrogateescape")
            if is_whole(text):
                return text.removesuffix("\n")
        if not text:
            raise EOFError
        return text  # bash says what is missing

    def typed_ahead(self) -> str:
        """Nothing: a script is not typed."""
        return ""


class PlainPrompt:
    """A terminal that can do nothing but print."""

    def typed_ahead(self) -> str:
        """Nothing: the kernel gives out one line at a time."""
        return ""

    def ask(self, question: Question) -> str:
        """The next command, with `> ` in front of the lines that go on."""
        try:
            text = question.typed
            text += self._line(question.text() + text, question)
            while not is_whole(text):
                text += "\n" + self._line("> ", question)
        except KeyboardInterrupt:
            print()
            raise
        return text

    def _line(self, prompt: str, question: Question) -> str:
        return waking.await_key(prompt, question.wakers) + input()


class FullPrompt:
    """A terminal that can move its cursor."""

    def __init__(self, history: Path | None, completer: "Completer") -> None:
        self.session = _session(history, completer)
        # Where the terminal does not tell its cursor: no toolbar, and no warning.
        self.session.app.renderer.cpr_not_supported_callback = None

    def ask(self, question: Question) -> str:
        """The next command, edited with everything prompt_toolkit has."""
        self._show_toolbar(question)
        return self.session.prompt(
            lambda: _coloured(question),
            default=question.typed,
            pre_run=lambda: self._begin(question),
        )

    def typed_ahead(self) -> str:
        """The keys that came in one go with the line; those of editing stay there.

        prompt_toolkit keeps them for its next prompt. But what the line starts may be
        given keys that came later, and what of these is left would be run first.
        """
        from prompt_toolkit.input.typeahead import get_typeahead, store_typeahead

        keys = get_typeahead(self.session.app.input)
        text = "".join(key.data for key in keys).replace("\r", "\n")
        if text.replace("\n", "").isprintable():
            return text
        store_typeahead(self.session.app.input, keys)
        return ""

    def _show_toolbar(self, question: Question) -> None:
        # None given to prompt() would keep the last one.
        self.session.bottom_toolbar = question.toolbar() or None

    def _begin(self, question: Question) -> None:
        """Put the offer behind the cursor, and listen to who else may speak."""
        from prompt_toolkit.auto_suggest import Suggestion

        if question.offer and not question.typed:
            self.session.default_buffer.suggestion = Suggestion(question.offer)
        waking.listen(
            self.session, question.wakers, lambda: self._show_toolbar(question)
        )


def _columns() -> int:
    try:
        return os.get_terminal_size(1).columns
    except OSError:
        return 80


def _coloured(question: Question) -> "StyleAndTextTuples":
    style = "bold ansired" if question.status else "bold ansigreen"
    return [(style, question.text())]


def _session(history: Path | None, completer: "Completer") -> "PromptSession[str]":
    from prompt_toolkit import PromptSession
    from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
    from prompt_toolkit.history import FileHistory, InMemoryHistory
    from prompt_toolkit.styles import Style

    from labshell.shell.highlight import COLOURS, lexer

    return PromptSession(
        history=FileHistory(str(history)) if history else InMemoryHistory(),
        auto_suggest=AutoSuggestFromHistory(),
        completer=completer,
        complete_while_typing=False,
        enable_history_search=True,
        key_bindings=_bindings(),
        lexer=lexer(),
        multiline=True,
        prompt_continuation="> ",
        reserve_space_for_menu=5,
        # Italic, so that a suggestion differs from what is typed without colours too.
        style=Style.from_dict({**COLOURS, "auto-suggestion": "ansibrightblack italic"}),
    )


def _bindings() -> "KeyBindings":
    """Enter runs a whole command, and begins a new line in one that is not."""
    from prompt_toolkit.enums import DEFAULT_BUFFER
    from prompt_toolkit.filters import has_focus
    from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

    bindings = KeyBindings()

    @bindings.add("enter", filter=has_focus(DEFAULT_BUFFER))
    def enter(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if buffer.complete_state and buffer.complete_state.current_completion:
            buffer.complete_state = None  # the choice is made; the line is not run yet
        elif is_whole(buffer.text):
            buffer.validate_and_handle()
        else:
            buffer.insert_text("\n")

    return bindings
