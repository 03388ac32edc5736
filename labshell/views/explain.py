"""Acts as text: what was done, a line each, under the concept that it belongs to.

    ID=3c05019b6d77… LAB=/var/lib/labshell C=$LAB/containers/$ID ROOTFS=$C/rootfs
    ── start ──────────────────────────────────────────────────────────────
    Mounts: what a process sees when it looks at a path
      mount -t overlay overlay -o lowerdir=… $ROOTFS   # mount(2), 57 µs, engine.…

Each line begins with what could be typed into a shell instead. Behind # stands the
call, which has a man page, how long it took, and the engine's function that asked for
it. Runs of like acts are one line (folding.py). A heading stands wherever verb or
concept changes, so that the order of steps stays visible.

On a terminal a line is no wider than that: first what stands behind # is left out (but
not that the kernel refused), then all between the command's beginning and its last
word, for which stands ⋯. In a pipe all of it is there.

An Explainer may be given acts as they come: a stretch of one concept is printed when
the next begins, or when it is quiet for a moment.

Try it: `lab run --explain busybox true`, and with `--explain=full`
"""

import os
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from labshell.views import naming
from labshell.views.concepts import heading
from labshell.views.folding import Folded, fold
from labshell.views.tables import printable

_CODES = {
    "part": "1;35",
    "heading": "1;36",
    "verb": "1;33",
    "dim": "2",
    "red": "31",
    "count": "35",
}
_NARROWEST = 20  # columns for a command


class Manner(NamedTuple):
    """How acts are told: in `width` columns (None: as long as it takes), in colours.

    `concepts`: only those, if any are named; `source`: with each function's own.
    """

    width: int | None = None
    colour: bool = False
    concepts: frozenset[str] = frozenset()
    source: bool = False


def manner_for(stream: TextIO, concepts: frozenset[str], *, source: bool) -> Manner:
    """What suits a terminal, or a pipe."""
    if not stream.isatty():
        return Manner(concepts=concepts, source=source)
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM", "dumb") == "dumb"
    try:
        width = os.get_terminal_size(stream.fileno()).columns
    except OSError:  # a terminal that knows no size
        width = 0
    return Manner(width or 80, not plain, concepts, source)


class Explainer:
    """Tells acts, in the order in which it hears of them."""

    def __init__(
        self,
        write: Callable[[str], object],
        manner: Manner,
        root: Path | None = None,
    ) -> None:
        """`write` gets each line, without its end; `root` is the engine's, if known."""
        self._write, self._manner, self._root = write, manner, root
        self._rooted = False  # whether it was said what $LAB is
        self._waiting: list[Mapping[str, Any]] = []  # of one stretch
        self._directory: Path | None = None  # of the container whose acts they are
        self._stretch: tuple[Path | None, str, str, int] = (None, "", "", 0)
        self._ended = False  # the start of which was heard last
        self._starts = 0
        self._headed = 0  # the start that the heading is of
        self._named: Path | None = None
        self._verb = ""
        self._concept = ""
        self._shown: set[str] = set()  # functions whose source was printed

    def hear(self, seen: Sequence[tuple[Mapping[str, Any], Path | None]]) -> None:
        """Tell these acts, each with its container's directory (None: it has none).

        Without any, tell all that was held back to be folded.
        """
        for act, directory in seen:
            verb, concept = str(act["verb"]), str(act["concept"])
            self._starts += self._ended and verb == "start"
            self._ended = verb == "end" or (self._ended and verb != "start")
            if self._manner.concepts and concept not in self._manner.concepts:
                continue
            stretch = (directory, verb, concept, self._starts)
            if stretch != self._stretch:
                self._tell()
                self._stretch = stretch
            self._waiting.append(act)
        if not seen:
            self._tell()

    def part(self, text: str) -> None:
        """A heading above those of verbs: what follows belongs to it."""
        self._tell()
        text = printable(text)
        if self._manner.width:
            text = _shorter(text, self._manner.width - 3)
        self._write(self._ink("part", f"━━ {text}"))
        self._verb = self._concept = ""

    def _tell(self) -> None:
        acts, self._waiting = self._waiting, []
        if not acts:
            return
        directory = self._stretch[0]
        self._head(*self._stretch)
        short = [
            {**act, "shell": naming.shortened(str(act["shell"]), directory, self._root)}
            for act in acts
        ]
        for symbol, lines in groupby(fold(short), lambda line: line.acts[0]["symbol"]):
            for line in lines:
                self._write(self._line(line))
            if self._manner.source and symbol not in self._shown:
                self._shown.add(symbol)
                self._source(symbol)

    def _head(
        self, directory: Path | None, verb: str, concept: str, start: int
    ) -> None:
        """What has changed since the stretch before."""
        if directory is not None and directory != self._named:
            self._write(self._ink("dim", naming.line(directory)))
            self._named, self._verb = directory, ""
        elif not self._rooted and self._root is not None:
            self._write(self._ink("dim", f"LAB={self._root}"))
        self._rooted = True
        if verb != self._verb or (verb == "start" and start != self._headed):
            rule = f"── {verb} " if verb else "── "
            self._write(self._ink("verb", rule.ljust(self._manner.width or 72, "─")))
            self._verb, self._concept = verb, ""
        self._headed = start
        if concept != self._concept:
            self._write(self._ink("heading", heading(concept)))
            self._concept = concept

    def _line(self, line: Folded) -> str:
        count = f"{len(line.acts)} × " if len(line.acts) > 1 else ""
        if line.goes_on:
            count = " " * len(count)
        command = printable(line.shell)
        refused = str(line.acts[0]["result"]).startswith("-1")
        notes = _notes(line)
        if self._manner.width is not None:
            room = self._manner.width - 2 - len(count)
            while len(notes) > refused and len(command) + _length(notes) > room:
                notes.pop()
            command = _shorter(command, max(room - _length(notes), _NARROWEST))
        said = f"# {', '.join(notes)}" if notes else ""
        said = self._ink("red" if refused else "dim", said)
        return f"  {self._ink('count', count)}{command}  {said}".rstrip()

    def _source(self, symbol: str) -> None:
        """The function that asked for it, as it is installed."""
        from labshell.views.source import source_of

        for text in source_of(symbol, colour=self._manner.colour):
            self._write(f"      {self._ink('dim', '│')} {text}".rstrip())

    def _ink(self, code: str, text: str) -> str:
        if not (self._manner.colour and text):
            return text
        return f"\x1b[{_CODES[code]}m{text}\x1b[0m"


def _notes(line: Folded) -> list[str]:
    """What is to be said of an act besides its command, the most important first."""
    act = line.acts[0]
    result = str(act["result"])
    call = f"{act['call']} = {result}" if result.startswith("-1") else str(act["call"])
    if result == "?":  # of what never returns nobody knows how long it took
        return [call, str(act["symbol"])]
    return [call, _time(line.microseconds), str(act["symbol"])]


def _time(microseconds: int) -> str:
    if microseconds < 1000:
        return f"{microseconds} µs"
    if microseconds < 1_000_000:
        return f"{microseconds / 1000:.1f} ms"
    return f"{microseconds / 1_000_000:.1f} s"


def _length(notes: Sequence[str]) -> int:
    """How much room they take, with what stands before and between them."""
    return len(", ".join(notes)) + 4 if notes else 0


def _shorter(text: str, most: int) -> str:
    """The text in at most so many characters: its beginning, and its last word.

    Of a last word that is long itself, only the end.
    """
    if len(text) <= most:
        return text
    target = text.partition("  # ")[0].rpartition(" ")[2]
    end = target[-(most // 2) :]
    return f"{text[: most - 2 - len(end)]}⋯ {end}"
