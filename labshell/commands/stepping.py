"""`--step`: the start of a container, one act at a time.

    engine: about to do this ──▶ show it ──▶ read a line ──▶ next, fail, abort
                                   ▲             │
                                   └── look at what is there by now

The process that would act stands still meanwhile, and everything else does not: the
half-made container can be looked at here and from every other terminal.

Lines are read as a terminal gives them, one by one and never more: what stands behind
`continue` is for the program in the container. So it is in a pipe, too; but there no
line is given to the machine's own shell, which is root's: it may have been meant for
the container's.

man: termios(3) on canonical mode
Try it: `lab run --step -it --rm busybox sh`, then `next pivot_root`, `mounts`
"""

import difflib
import errno
import os
import select
import signal
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn

from engine.errors import Aborted, EngineError
from labshell.commands.report import notice, report, say
from labshell.views import naming
from labshell.views import stepping as view
from labshell.views.concepts import HEADINGS

if TYPE_CHECKING:
    from rich.console import RenderableType

    from engine.engine import Container, Engine, Question


_NO_PROGRAM = 127  # what sh says of a line that it can make nothing of
_MOST_DIGITS = 6  # of the number behind `next`


class Walk:
    """One start that somebody steps through: it is asked before each act."""

    def __init__(self, engine: "Engine", container: "Container") -> None:
        self._engine, self._container = engine, container
        self._terminal = os.isatty(0)
        self._number = 0
        self._concept = ""  # of the act that was shown last
        self._until: str | None = ""  # where to stop; "" everywhere, None nowhere
        self._unasked = 0  # so many acts are done without stopping
        self._words: dict[str, Callable[[Question, str], bool]] = {
            "": self._next,
            "next": self._next,
            "n": self._next,
            "continue": self._continue,
            "c": self._continue,
            "abort": self._abort,
            "fail": self._fail,
            "mounts": self._mounts,
            "tree": self._tree,
            "source": self._source,
            "explain": self._explain,
            **dict.fromkeys(("help", "h", "?", ":help"), self._help),
            **dict.fromkeys(("exit", "quit", "q", "logout"), self._leave),
        }

    def __call__(self, question: "Question") -> None:
        """Show the act that is about to happen, and do what is said."""
        self._number += 1
        if self._unasked:
            self._unasked -= 1
            return
        names = ("", question.act["concept"], question.act["call"].partition("(")[0])
        if self._until not in names:
            return
        self._show(question)
        try:
            while not self._obey(question, self._read(question)):
                pass
        except KeyboardInterrupt:
            self._write("")  # the message should not stand behind ^C
            raise Aborted from None

    def _show(self, question: "Question") -> None:
        from labshell.views.explain import manner_for

        concept = str(question.act["concept"])
        directory = self._container.directory
        new, self._concept = concept != self._concept, concept
        if self._number == 1:
            self._write(naming.line(directory))
        self._write(
            view.before(
                question.act,
                self._number,
                question.pid,
                directory,
                new=new,
                colour=manner_for(sys.stderr, frozenset(), source=False).colour,
            )
        )

    def _read(self, question: "Question") -> str | None:
        """The next line; None if there is none. Nothing behind it is touched.

        Aborted if what stands still for us is ended from elsewhere.
        """
        sys.stderr.write("step> ")
        sys.stderr.flush()
        if not _typed_in_time(question):
            self._write("")  # the message should not stand behind the prompt
            raise Aborted
        read = bytearray()
        while not read.endswith(b"\n"):
            byte = os.read(0, 1)
            if not byte:
                break
            read += byte
        line = read.decode(errors="surrogateescape").strip() if read else None
        if line is None or not self._terminal:
            self._write("continue" if line is None else line)
        return line

    def _obey(self, question: "Question", line: str | None) -> bool:
        """Do what the line says; whether the act has been decided upon."""
        if line is None:
            return self._continue(question, "")
        word, _, rest = line.partition(" ")
        try:
            if word in self._words:
                return self._words[word](question, rest.strip())
            if self._terminal:
                self._shell(question, line)
            else:
                say(f"--step knows no {word}", "In a pipe it takes only its own words.")
        except (OSError, EngineError) as error:
            if isinstance(error, Aborted):
                raise
            report(error)
        return False

    # The words.

    def _next(self, question: "Question", where: str) -> bool:
        if where.isdecimal() and len(where) <= _MOST_DIGITS:
            self._unasked, where = max(int(where) - 1, 0), ""
        stops = self._engine.stops()
        if where and where not in stops:
            from labshell.pages import library

            where = library.concept(where) or where
        if where and where not in stops:
            near = difflib.get_close_matches(where.lower(), stops, 1)
            guess = f"Is {near[0]} meant? " if near else ""
            concepts = ", ".join(word for word in HEADINGS if word in stops)
            calls = ", ".join(sorted(stops - HEADINGS.keys()))
            say(
                f"no act is of the concept or call {where}",
                f"{guess}Concepts: {concepts}. Calls: {calls}.",
            )
            return False
        self._until = where
        return True

    def _continue(self, question: "Question", _: str) -> bool:
        self._until = None
        return True

    def _abort(self, question: "Question", _: str) -> NoReturn:
        raise Aborted

    def _fail(self, question: "Question", name: str) -> bool:
        name = name.upper()
        if name not in errno.errorcode.values():
            say(f"{name or 'nothing'} is no error", "fail ENOSPC; errno(3) lists them.")
            return False
        question.fail(name)
        self._until = ""  # should it go on without
        return True

    def _mounts(self, question: "Question", _: str) -> bool:
        from labshell.views import mounts

        name = self._container.name
        points = [p for p in self._engine.mounts() if p.container == name]
        return self._draw(mounts.draw(mounts.Seen(points)))

    def _tree(self, question: "Question", _: str) -> bool:
        from labshell.views import processes

        own = (None, self._container.name)
        found = [p for p in self._engine.processes() if p.container in own]
        return self._draw(processes.draw(found))

    def _source(self, question: "Question", _: str) -> bool:
        from labshell.views.explain import manner_for
        from labshell.views.source import source_of

        colour = manner_for(sys.stderr, frozenset(), source=True).colour
        lines = source_of(str(question.act["symbol"]), colour=colour)
        self._write("\n".join(lines))
        return False

    def _explain(self, question: "Question", topic: str) -> bool:
        from labshell.commands.explain import explained

        self._write("\n".join(explained(topic, colour=False)))
        return False

    def _leave(self, question: "Question", _: str) -> bool:
        notice("`continue` does all that is left, `abort` breaks it off.")
        return False

    def _help(self, question: "Question", _: str) -> bool:
        self._write((view.HELP + view.SHELL_HELP * self._terminal).rstrip())
        return False

    def _shell(self, question: "Question", line: str) -> None:
        """Let sh run the line. Ctrl-C is for what it runs."""
        import subprocess

        container = self._container
        variables = {
            "PID": str(question.pid),
            "ID": container.id,
            "LAB": str(self._engine.root),
            "C": str(container.directory),
            "ROOTFS": str(container.directory / "rootfs"),
            "CGROUP": str(self._engine.cgroup(container.id)),
        }
        # A handler, not SIG_IGN: what is ignored stays ignored in the program.
        before = signal.signal(signal.SIGINT, lambda *_: None)
        try:
            done = subprocess.run(["sh", "-c", line], env={**os.environ, **variables})
        finally:
            signal.signal(signal.SIGINT, before)
        if done.returncode == _NO_PROGRAM:
            notice("`help` lists the words of --step; all else is for sh.")

    def _draw(self, picture: "RenderableType") -> bool:
        from rich.console import Console

        Console(stderr=True, highlight=False).print(picture, crop=False)
        return False

    def _write(self, text: str) -> None:
        sys.stdout.flush()
        print(text, file=sys.stderr, flush=True)


def _typed_in_time(question: "Question") -> bool:
    """Wait for something to read on stdin. False once it is too late to answer."""
    poll = select.poll()
    with question.too_late() as alarm:
        poll.register(0, select.POLLIN)
        poll.register(alarm, select.POLLIN)
        return alarm not in dict(poll.poll())
