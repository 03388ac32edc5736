"""The loop: ask for a line, send it where it belongs, say what changed.

    ask ──▶ lines.read ──▶ lab    cli.run_line, in this process
     ▲                     :word  words.handle
     │                     bash   Bash.run, with the terminal lent to it
     └── what changed ◀────┘

The exit status goes round with it: `$?` is that of the line before, whichever world
it ran in. A `lab` line sees bash's directory and exported variables, as if bash had
started it. Ctrl-C ends a line and never the shell.

Try it: `lab run --name box busybox false`, then `echo $?`
"""

import os
import termios
from collections.abc import Callable
from typing import TYPE_CHECKING

from engine.errors import EngineError, NotFound
from labshell.commands.report import report, tell
from labshell.messages import language, translate
from labshell.shell import home, process, words
from labshell.shell.bash import Bash, quoted
from labshell.shell.changes import Watcher, show
from labshell.shell.lines import Line, World, read
from labshell.shell.offers import Offer, offer
from labshell.shell.paint import painted
from labshell.shell.panes import Panes
from labshell.shell.prompt import (
    FullPrompt,
    PlainPrompt,
    Prompt,
    Question,
    ScriptPrompt,
)
from labshell.shell.terminal import PseudoTerminal, is_dumb
from labshell.shell.toolbar import toolbar
from labshell.shell.waking import Waker

if TYPE_CHECKING:
    from engine.engine import Engine
    from labshell.lessons.runner import LessonRunner

INTERRUPTED = 130  # 128 + SIGINT

current: "Shell | None" = None


def run(engine: "Engine", lesson: str | None = None) -> int:
    """Open the shell, with a lesson if asked for ("" is the one to go on with)."""
    global current
    shell = current = Shell(engine, interactive=os.isatty(0) and os.isatty(1))
    try:
        with process.signals():
            return shell.live(lesson)
    finally:
        current = None
        shell.close()


class Shell:
    """One open shell."""

    def __init__(self, engine: "Engine", *, interactive: bool) -> None:
        self.engine, self.interactive = engine, interactive
        self._language = language()  # whatever bash may export later
        self.status = 0
        self.terminal = PseudoTerminal() if interactive else None
        self._modes = termios.tcgetattr(0) if interactive else None
        self._script = None if interactive else process.take_script()
        self.bash = Bash(terminal=self.terminal, set_up=home.set_up(engine.root))
        os.chdir("/")  # whatever bash leaves can be unmounted
        program = home.program()
        self.panes = Panes([str(program or "lab")], str(engine.root))
        self.watcher = Watcher(engine)
        self._runner: LessonRunner | None = None
        self._offer: Offer | None = None
        self._typed = ""
        self._leaving = False

    # The loop.

    def live(self, lesson: str | None) -> int:
        """Run lines until there are no more; the exit status."""
        prompt = self._prompt()
        if self.interactive:
            words.greet()
        if lesson is not None:
            self._unless_interrupted(lambda: self.learn(lesson))
        while not self._leaving:
            self._unless_interrupted(lambda: self._one_command(prompt))
        return self.status

    def _unless_interrupted(self, action: Callable[[], None]) -> None:
        try:
            action()
        except KeyboardInterrupt:
            self.status = INTERRUPTED

    def _one_command(self, prompt: Prompt) -> None:
        try:
            text = self._ask(prompt)
        except EOFError:
            self.leave()
        else:
            self.execute(text)

    def _prompt(self) -> Prompt:
        if self._script is not None:
            return ScriptPrompt(self._script)
        if is_dumb():
            return PlainPrompt()
        from labshell.shell.completion import LineCompleter

        completer = LineCompleter(self.engine, self.bash, self._words)
        return FullPrompt(home.history(), completer)

    def _ask(self, prompt: Prompt) -> str:
        """The next command: one that was typed too early, or a new one."""
        self._follow_lesson()
        offered, self._offer = self._offer, None
        question = Question(
            directory=self.bash.directory,
            status=self.status,
            offer=offered.line if offered else "",
            typed=self._typed,
            toolbar=lambda: toolbar(self.engine, self._runner),
            wakers=self._wakers(),
        )
        early, newline, rest = self._typed.partition("\n")
        self._typed = rest if newline else ""
        if newline:
            print(question.text() + early)
            return early
        text = prompt.ask(question)
        self._typed = prompt.typed_ahead()
        return text

    def _follow_lesson(self) -> None:
        """Show beside us what the step of the lesson wants to be seen."""
        if self._runner is not None:
            try:
                self.panes.follow(self._runner.panes())
            except EngineError as error:
                report(error)

    def execute(self, text: str) -> int:
        """Run one command, whichever world it belongs to; its exit status."""
        self.bash.wait_until_ready()
        line = read(text, self._engine_words())
        if line.world is World.NOTHING:
            return self.status
        try:
            if self.interactive:
                self.watcher.begin()
            self._send(line)
        except KeyboardInterrupt:
            self.status = INTERRUPTED
            print()
        except (EngineError, OSError) as error:
            self.status = 1
            report(error)
        if self.interactive and not self._leaving:
            self._afterwards(line)
        return self.status

    def _send(self, line: Line) -> None:
        match line.world:
            case World.LAB:
                self.bash.note(line.text)
                self.status = self._run_lab(line.words)
            case World.WORD:
                self.status = 0
                words.handle(self, *line.words)
            case _:
                self._run_bash(line.text)

    def _engine_words(self) -> tuple[str, ...]:
        return home.engine_words(self.engine.root, self.bash.environment)

    def _run_lab(self, argv: tuple[str, ...]) -> int:
        """Run a `lab` line here, from where bash is and with what bash exports."""
        from labshell.cli import run_line

        with process.standing_in(self.bash.directory, self.bash.environment):
            try:
                return run_line(self.engine, argv)
            finally:
                if self._modes is not None:
                    termios.tcsetattr(0, termios.TCSADRAIN, self._modes)

    def _run_bash(self, text: str) -> None:
        self.bash.status = self.status
        self.status = self.bash.run(text)
        if self.bash.ended:
            self._leaving = True
            return
        if self.terminal:
            self._typed += self.terminal.typed_ahead()
            self.terminal.end_line()
            self._offer = offer(self.engine, text, self.status, self.bash.directory)

    def _afterwards(self, line: Line) -> None:
        """Say what changed; let the lesson see whether its work was done."""
        try:
            show(self.watcher.look())
            self._tell()
        except (EngineError, OSError) as error:
            report(error)
        if self._runner is not None and line.world is not World.WORD:
            self._runner.after_command()
        if self._offer is not None:
            print(painted(str(self._offer), "cyan"))

    def _tell(self) -> None:
        """Say what the engine repaired while we looked."""
        tell(self.engine)

    # Who speaks while a line is typed.

    def _wakers(self) -> list[Waker]:
        """Background jobs, and whoever notices that the lesson's work was done."""
        if self.terminal is None:
            return []
        wakers = [self.terminal.waker()]
        if self._runner is not None:
            lookout = self._runner.lookout()
            wakers.append(Waker(lookout.descriptor, lookout.heard, self._say_noticed))
        return wakers

    def _say_noticed(self) -> str:
        """Look at the lesson's work; what was typed while something was shown."""
        assert self._runner is not None
        self._runner.after_command()
        self._tell()
        self._runner.lookout()  # it should know what was said
        typed, self._typed = self._typed, ""
        return typed

    # What the prompt shows.

    def _words(self) -> dict[str, str]:
        return {**words.own(), **(self.runner.words() if self.runner else {})}

    # What the words and the lessons ask of the shell.

    @property
    def runner(self) -> "LessonRunner | None":
        """The runner of the lessons; None if this labshell came without them."""
        if self._runner is None:
            try:
                from labshell.lessons.runner import LessonRunner
            except ModuleNotFoundError:
                return None
            self._runner = LessonRunner(self.engine, self._language, shell=self)
        return self._runner

    def learn(self, lesson: str | None) -> None:
        """Open a lesson, or the one to go on with."""
        if self.runner is None:
            raise NotFound(translate("This labshell came without lessons"))
        self.runner.start(lesson or None)
        self.watcher.look()  # what was set up is the lesson's to tell

    def run(self, line: str) -> int:
        """Run a line for the student to watch; `$?` stays what it was for them."""
        before = self.status
        self._send(read(line, self._engine_words()))
        status, self.status = self.status, before
        return status

    def expand(self, text: str) -> str:
        """What bash makes of the words of `text`: `$(cat file)` is the file's text."""
        words = quoted(f"set -- {text}")
        return self.bash.ask(f'( eval {words} && printf %s "$*" )')

    def prepare(self, lines: str) -> None:
        """Run lines that nobody need see, and that all later ones build on."""
        self.bash.run(f" {lines}")  # with a space in front it is not remembered
        if self.terminal:
            self._typed += self.terminal.typed_ahead()

    def overlook(self) -> None:
        """Do not tell what has changed by now: it was not the student's doing."""
        if self.interactive:
            self.watcher.look()

    def leave(self) -> None:
        """Leave, as `exit` does: not at the first time while jobs are stopped."""
        self._run_bash("exit")

    def close(self) -> None:
        """Let go of everything; the containers run on."""
        if self._runner is not None:
            self._runner.close()
        self.panes.close()
        self.bash.close()
        if self._modes is not None:
            termios.tcsetattr(0, termios.TCSADRAIN, self._modes)
