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
from typing import TYPE_CHECKING

from engine.errors import EngineError, NotFound
from labshell.commands.report import report, tell
from labshell.shell import home, machine, process, words
from labshell.shell.bash import Bash, quoted
from labshell.shell.changes import Watcher, show
from labshell.shell.lines import Line, World, read
from labshell.shell.offers import Offer, offer
from labshell.shell.paint import painted
from labshell.shell.panes import Panes
from labshell.shell.prompt import PlainPrompt, Prompt, Question, ScriptPrompt
from labshell.shell.terminal import PseudoTerminal

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
        self.status = 0
        self.terminal = PseudoTerminal() if interactive else None
        self._modes = termios.tcgetattr(0) if interactive else None
        self._script = None if interactive else process.take_script()
        self._own = home.program_directories()
        self.bash = Bash(terminal=self.terminal, set_up=self._set_up())
        os.chdir("/")  # whatever bash leaves can be unmounted
        program = home.program()
        self.panes = Panes([str(program or "lab")], str(engine.root))
        self.watcher = Watcher(engine)
        self._runner: LessonRunner | None = None
        self._offer: Offer | None = None
        self._typed = ""
        self._leaving = False

    def _set_up(self) -> list[str]:
        """What bash has to know: the same engine, and where `lab` is."""
        lines = [f"export LABSHELL_ROOT={quoted(str(self.engine.root))}"]
        if self._own:
            first, last = (quoted(str(path)) for path in self._own)
            lines.append(f'PATH={first}:"$PATH":{last}')
        return lines

    # The loop.

    def live(self, lesson: str | None) -> int:
        """Run lines until there are no more; the exit status."""
        prompt = self._prompt()
        if self.interactive:
            self._greet()
        if lesson is not None:
            self.learn(lesson)
        while not self._leaving:
            try:
                self._one_command(prompt)
            except KeyboardInterrupt:
                self.status = INTERRUPTED
        return self.status

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
        if os.environ.get("TERM", "dumb") in ("dumb", "unknown"):
            return PlainPrompt()
        from labshell.shell.completion import LineCompleter
        from labshell.shell.prompt import FullPrompt

        assert self.terminal is not None
        return FullPrompt(
            history=home.history(),
            completer=LineCompleter(self.engine, self.bash, self._words),
            terminal=self.terminal,
            say=self._say_background,
        )

    def _ask(self, prompt: Prompt) -> str:
        """The next command: one that was typed too early, or a new one."""
        offered, self._offer = self._offer, None
        question = Question(
            directory=self.bash.directory,
            status=self.status,
            offer=offered.line if offered else "",
            typed=self._typed,
            toolbar=self._toolbar() if self.interactive else "",
        )
        early, newline, rest = self._typed.partition("\n")
        self._typed = rest if newline else ""
        if newline:
            print(question.text() + early)
            return early
        return prompt.ask(question)

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
        """The names of the engine's program; none if bash was given another root."""
        if self.bash.environment.get("LABSHELL_ROOT", "") != str(self.engine.root):
            return ()
        if home.has_docker(self.bash.environment.get("PATH", os.defpath)):
            return ("lab", "labshell")
        return ("lab", "labshell", "docker")

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

    def _say_background(self) -> None:
        assert self.terminal is not None
        self.terminal.show_output()
        self.terminal.end_line()

    # What the prompt shows.

    def _greet(self) -> None:
        rule = "`lab VERB` is the engine, `:word` the lesson, all else is bash."
        print(rule, painted("`:help`, `lab learn`", "cyan"))
        machine.warn_once()
        if os.geteuid() != 0:
            print(painted("You are not root, and the engine needs it.", "yellow"))

    def _toolbar(self) -> str:
        """The lesson, and which containers run."""
        parts = [self._runner.toolbar()] if self._runner is not None else []
        try:
            names = [container.name for container in self.engine.containers()]
        except (EngineError, OSError):
            names = []
        if names:
            shown = " ".join(names[:4]) + (" …" if len(names) > 4 else "")
            parts.append(f"{len(names)} running: {shown}")
        return "  │  ".join(filter(None, parts))

    def _words(self) -> dict[str, str]:
        return {**words.OWN, **(self.runner.words() if self.runner else {})}

    # What the words and the lessons ask of the shell.

    @property
    def runner(self) -> "LessonRunner | None":
        """The runner of the lessons; None if this labshell came without them."""
        if self._runner is None:
            try:
                from labshell.lessons.runner import LessonRunner
                from labshell.lessons.words import language_of_terminal
            except ModuleNotFoundError:
                return None
            self._runner = LessonRunner(self.engine, language_of_terminal(), shell=self)
        return self._runner

    def learn(self, lesson: str | None) -> None:
        """Open a lesson, or the one to go on with."""
        if self.runner is None:
            raise NotFound("This labshell came without lessons")
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

    def leave(self) -> None:
        """Leave, as `exit` does: not at the first time while jobs are stopped."""
        self._run_bash("exit")

    def close(self) -> None:
        """Let go of everything; the containers run on."""
        self.panes.close()
        self.bash.close()
        if self._modes is not None:
            termios.tcsetattr(0, termios.TCSADRAIN, self._modes)
