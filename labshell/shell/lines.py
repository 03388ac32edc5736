"""To which of the three worlds does a line belong: the engine, the lesson, or bash?

    lab ps -a                   lab    only words and quotes: run in this process
    lab run -d 'my image'       lab
    :hint                       word   a colon, and a name right behind it
    lab ps | wc -l              bash   a pipe is bash's trade; it finds `lab` on PATH
    lab rm $(lab ps -q)         bash   so are substitutions, variables and globs
    : ${x:=1}                   bash   a colon alone is bash's own null command

When in doubt a line goes to bash: that is always right, only 60 ms slower.

The line is cut into tokens as bash does it (quotes, backslashes, operators), and each
token knows whether bash would change it (`$x`, `*`, `~`) and whether it is unfinished
(an open quote). Completion reads the same tokens: see completion.py.

man: bash(1), "QUOTING" and "SHELL GRAMMAR"
Try it: type `lab ps` and then `lab ps ""` in the shell, each after `set -x`.
"""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import Enum


class World(Enum):
    """Where a line is run."""

    NOTHING = "nothing"
    LAB = "lab"
    WORD = "word"
    BASH = "bash"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line, and where it is run."""

    world: World
    text: str
    words: tuple[str, ...] = ()  # LAB: what comes after `lab`; WORD: name and argument


@dataclass(slots=True, kw_only=True)
class Token:
    """A word, or an operator between two commands, and where in the line it starts."""

    value: str
    start: int
    operator: bool = False
    changes: bool = False  # bash would put something else in its place
    quoted: bool = False
    open: str = ""  # unfinished: the quote or the backslash that waits for its end


_COLON_WORD = re.compile(r":([a-z][a-z-]*)(?:\s+(.*))?", re.DOTALL)
_SERVERS = {("registry", "serve")}  # threads that go on: a process of its own
_OPERATORS = frozenset("|&;<>()`\n")
_CHANGES = frozenset("$*?[]{}~!#")
# After these another command begins.
_LEAD_IN = frozenset(
    "do then else elif if while until ! { time sudo exec command env xargs".split()
)
_MEANS_ITSELF_IN_DOUBLE_QUOTES = frozenset('"\\$`')


def read(text: str, engine_words: Collection[str] = ("lab",)) -> Line:
    """Say where `text` is run; `engine_words` are the names of the engine's program."""
    stripped = text.strip()
    if not stripped:
        return Line(world=World.NOTHING, text=text)
    if colon := _COLON_WORD.fullmatch(stripped):
        return Line(
            world=World.WORD, text=text, words=(colon[1], (colon[2] or "").strip())
        )
    words = simple_words(stripped)
    if words and words[0] in engine_words and words[1:3] not in _SERVERS:
        return Line(world=World.LAB, text=text, words=words[1:])
    return Line(world=World.BASH, text=text)


def simple_words(text: str) -> tuple[str, ...]:
    """The words of a line that is nothing but words and quotes; else nothing at all."""
    found = tokens(text)
    if any(token.operator or token.changes or token.open for token in found):
        return ()
    return tuple(token.value for token in found)


def tokens(text: str) -> list[Token]:
    """Cut `text` into words and operators, as bash does."""
    return _Cutter(text).cut()


def simple_commands(found: Iterable[Token]) -> list[list[str]]:
    """The words of each command, without `do`, `if`, `NAME=value` … before it.

    Where a line ends in an operator, the last one is empty: it is to be typed.
    """
    commands: list[list[str]] = [[]]
    for token in found:
        if token.operator:
            commands.append([])
        elif commands[-1] or not (token.value in _LEAD_IN or "=" in token.value):
            commands[-1].append(token.value)
    return commands


class _Cutter:
    """Walks over a line once, from left to right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.place = 0
        self.found: list[Token] = []
        self.word: Token | None = None

    def cut(self) -> list[Token]:
        while self.place < len(self.text):
            self._step(self.text[self.place])
        self._end_word()
        return self.found

    def _step(self, character: str) -> None:
        """Take one character, or a whole quoted part, and move on."""
        if character in " \t\r":
            self._end_word()
            self.place += 1
        elif character in _OPERATORS or self.text.startswith("$(", self.place):
            self._operator()
        elif character == "'":
            self._single_quotes()
        elif character == '"':
            self._double_quotes()
        elif character == "\\":
            self._backslash()
        else:
            word = self._current()
            word.value += character
            word.changes |= character in _CHANGES
            self.place += 1

    def _current(self) -> Token:
        """The word that is being read; a new one if there is none."""
        if self.word is None:
            self.word = Token(value="", start=self.place)
        return self.word

    def _end_word(self) -> None:
        if self.word is not None:
            self.found.append(self.word)
            self.word = None

    def _operator(self) -> None:
        self._end_word()
        length = 2 if self.text[self.place] == "$" else 1
        value = self.text[self.place : self.place + length]
        self.found.append(Token(value=value, start=self.place, operator=True))
        self.place += length

    def _single_quotes(self) -> None:
        """Everything up to the next single quote stands for itself."""
        word = self._current()
        word.quoted = True
        end = self.text.find("'", self.place + 1)
        if end < 0:
            word.open = "'"
            end = len(self.text)
        word.value += self.text[self.place + 1 : end]
        self.place = end + 1

    def _double_quotes(self) -> None:
        """Up to the next double quote; `$`, backquote and some backslashes work."""
        word = self._current()
        word.quoted = True
        self.place += 1
        while self.place < len(self.text):
            character = self.text[self.place]
            self.place += 1
            if character == '"':
                return
            follows = self.text[self.place : self.place + 1]
            if character == "\\" and follows in _MEANS_ITSELF_IN_DOUBLE_QUOTES:
                word.value += follows
                self.place += 1
            elif not (character == "\\" and follows == "\n"):
                word.changes |= character in "$`"
                word.value += character
            else:
                self.place += 1
        word.open = '"'

    def _backslash(self) -> None:
        """The next character stands for itself; with a newline behind it, nothing."""
        follows = self.text[self.place + 1 : self.place + 2]
        if follows != "\n":
            word = self._current()
            word.value += follows
            word.quoted = True
            word.open = "" if follows else "\\"
        self.place += 2
