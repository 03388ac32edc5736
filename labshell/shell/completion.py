"""What Tab offers: verbs, options, containers, images, volumes, commands, paths.

    lab st▮               click's own completion: the same that bash's Tab gives
    lab rm w▮             names come from the engine that is open
    for c in a; do lab▮   what counts is the command under the cursor, not the line
    :h▮                   the shell's words, and the lesson's
    ec▮  $HO▮             bash is asked: it knows its functions, aliases, variables
    less /etc/h▮          paths, from bash's directory

Try it: Tab on an empty line, after `lab `, after `lab run --`, after `:`.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from prompt_toolkit.completion import Completer, Completion

from labshell.shell.bash import quoted
from labshell.shell.lines import Token, simple_commands, tokens

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem
    from prompt_toolkit.completion import CompleteEvent
    from prompt_toolkit.document import Document

    from engine.engine import Engine
    from labshell.shell.bash import Bash

_MOST = 300  # offers; more help nobody
_NEEDS_BACKSLASH = frozenset(" \t\n\\'\"$`*?[]{}()<>|&;~#!")


class LineCompleter(Completer):
    """Answers prompt_toolkit's question: what could stand here?"""

    def __init__(
        self, engine: "Engine", bash: "Bash", words: Callable[[], dict[str, str]]
    ) -> None:
        """`words` gives the words that may stand behind a colon, with their help."""
        self.engine, self.bash, self.words = engine, bash, words

    def get_completions(
        self, document: "Document", complete_event: "CompleteEvent"
    ) -> Iterator[Completion]:
        """Every offer for the word that the cursor stands behind."""
        text = document.text_before_cursor
        if text.startswith(":") and " " not in text:
            yield from self._colon_words(text)
            return
        before, current = command_at_end(text)
        length = len(text) - current.start
        for offered, shown, help_text in self._offers(before, current):
            yield Completion(
                offered, start_position=-length, display=shown, display_meta=help_text
            )

    def _colon_words(self, text: str) -> Iterator[Completion]:
        for word, help_text in self.words().items():
            if word.startswith(text[1:]):
                yield Completion(
                    f":{word}", start_position=-len(text), display_meta=help_text
                )

    def _offers(
        self, before: list[str], current: Token
    ) -> Iterable[tuple[str, str, str]]:
        """(what to insert, what to show, help) for each thing that could stand here."""
        if before and before[0] in ("lab", "labshell", "docker"):
            return self._engine_words(before[1:], current)
        if current.value.startswith("$") and "/" not in current.value:
            found = self._of_bash("compgen -v -P '$'", current.value[1:])
            return [(name, name, "") for name in found]
        if not before and "/" not in current.value and not current.open:
            found = self._of_bash("compgen -A function -abc", current.value)
            return [(name, name, "") for name in found]
        return self._paths(current)

    def _of_bash(self, command: str, prefix: str) -> list[str]:
        answer = self.bash.ask(f"{command} -- {quoted(prefix)}")
        return sorted(set(answer.splitlines()))[:_MOST]

    def _engine_words(
        self, before: list[str], current: Token
    ) -> Iterator[tuple[str, str, str]]:
        """What click says, for verbs and options as for names."""
        items = self._ask_click(before, current.value)
        for item in items[:_MOST]:
            if item.type == "plain":
                insert = _as_typed(item.value, current.open)
                yield insert, item.value, item.help or ""
        typed_a_path = current.value.startswith(("/", "./", "../", "~/"))
        if typed_a_path or any(item.type in ("file", "dir") for item in items):
            yield from self._paths(current)

    def _ask_click(self, before: list[str], prefix: str) -> "list[CompletionItem]":
        from click.shell_completion import ShellComplete

        from labshell.cli import lab

        complete = ShellComplete(lab, {"obj": self.engine}, "lab", "_LAB_COMPLETE")
        return complete.get_completions(before, prefix)

    def _paths(self, current: Token) -> Iterator[tuple[str, str, str]]:
        """The names in the directory that the word leads to so far."""
        lead, slash, prefix = current.value.rpartition("/")
        place = os.path.join(
            self.bash.directory, os.path.expanduser(lead + slash) or "."
        )
        try:
            with os.scandir(place) as entries:
                found = [
                    (entry.name, entry.is_dir())
                    for entry in entries
                    if entry.name.startswith(prefix)
                    and (prefix or not entry.name.startswith("."))
                ]
        except OSError:
            return
        for name, is_directory in sorted(found)[:_MOST]:
            end = "/" if is_directory else ""
            path = lead + slash + name + end
            yield _as_typed(path, current.open), name + end, ""


def command_at_end(text: str) -> tuple[list[str], Token]:
    """The words of the last command of a line, and the word that is being typed."""
    found = tokens(text)
    is_new = not found or found[-1].operator
    if text[-1:].isspace() and not (found and found[-1].open):
        is_new = True
    current = Token(value="", start=len(text)) if is_new else found.pop()
    return simple_commands(found)[-1], current


def _as_typed(text: str, quote: str) -> str:
    """`text` as it would be typed: inside the open quote, or with backslashes."""
    if quote in ("'", '"'):
        return quote + text
    home = text.startswith("~/")
    escaped = "".join(f"\\{c}" if c in _NEEDS_BACKSLASH else c for c in text)
    return escaped[1:] if home else escaped
