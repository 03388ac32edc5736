"""The lesson beside the student: what `:next`, `:hint`, `:check` … do in the shell.

The shell calls, and this answers:

    start(lesson)      `lab learn`: choose or resume
    handle(word, …)    a line `:word argument`; False if the word is not one of ours
    after_command()    after every other line: was something done just now?
    toolbar()          "commit/init-layer 3/9 · 4/12 points"

Work is detected by its effects. A check that fails stays silent while what it says
stays the same; when it says something new, the student's last command changed
something, and hears about it.

Nothing that goes wrong here may end the shell: errors are shown, and the lesson stays
where it was.

Try it: `lab learn`, then `:progress`
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from engine.engine import Engine
from engine.errors import EngineError, from_os_error
from labshell.lessons import library
from labshell.lessons.attempt import Attempt
from labshell.lessons.lines import OwnBash, StudentsShell
from labshell.lessons.progress import Progress
from labshell.lessons.screen import Screen
from labshell.lessons.stage import HOW_TO_GO_ON, Stage
from labshell.lessons.where import to_go_on_with
from labshell.lessons.words import WORDS, translate

if TYPE_CHECKING:
    from rich.console import Console


class LessonRunner:
    """One student's lessons in one shell."""

    def __init__(
        self,
        engine: Engine,
        language: str = "en",
        console: "Console | None" = None,
        shell: StudentsShell | None = None,
    ) -> None:
        self.engine, self.language = engine, language
        self.shell = shell or OwnBash(engine)
        self.stage: Stage | None = None
        self._console = console
        self._screen: Screen | None = None

    @property
    def screen(self) -> Screen:
        """Where everything is shown; rich is imported when it is first needed."""
        if self._screen is None:
            self._screen = Screen(self.language, self._console)
        return self._screen

    # What the shell calls.

    def words(self) -> dict[str, str]:
        """The words of the lesson, each with what it does."""
        return {word: translate(text, self.language) for word, text in WORDS.items()}

    def start(self, lesson: str | None = None) -> None:
        """Open a lesson, or go on with the one that was open."""
        self._guarded(lambda: self._start(lesson))

    def handle(self, word: str, argument: str = "") -> bool:
        """Do what `:word argument` asks for; False if it is no word of ours."""
        actions: dict[str, Callable[[Stage, str], None]] = {
            "next": self._next,
            "back": self._back,
            "again": lambda stage, _: stage.show(),
            "hint": self._hint,
            "check": self._check,
            "answer": self._answer,
            "solution": self._solution,
            "why": self._why,
            "progress": lambda stage, _: stage.overview(),
            "skip": self._skip,
        }
        if word == "source":
            self._guarded(lambda: self._source(argument.strip()))
        elif word == "reset":
            self._guarded(lambda: self._reset(argument.strip()))
        elif word not in actions:
            return False
        elif (stage := self.stage) is None:
            self.screen.say("No lesson is open.", "yellow")
            self.screen.say(
                "`lab learn` opens one; `lab lesson list` shows which there are."
            )
        else:
            self._guarded(lambda: actions[word](stage, argument.strip()))
        return True

    def after_command(self) -> None:
        """Look at the effects of what was just done, and say so if it was the work."""
        if self.stage is not None:
            self._guarded(self._look)

    def toolbar(self) -> str:
        """The lesson, the step, and the points, in a few words."""
        if self.stage is None:
            return ""
        attempt = self.stage.attempt
        return (
            f"{attempt.lesson.name} {attempt.number + 1}/{len(attempt.lesson.steps)} · "
            f"{attempt.earned}/{attempt.lesson.maximum} "
            f"{translate('points', self.language)}"
        )

    def _guarded(self, action: Callable[[], None]) -> None:
        try:
            action()
        except EngineError as error:
            self.screen.error(error.message, error.hint)
        except OSError as error:
            known = from_os_error(error)
            self.screen.error(known.message, known.hint)
        except KeyboardInterrupt:
            self.screen.console.print()
            self.screen.say("Interrupted. `lab learn` goes on with the lesson.")

    def _start(self, name: str | None) -> None:
        progress = Progress()
        name = name or to_go_on_with(progress)
        if name is None:
            self.screen.say("All lessons are finished.", "green")
            return
        attempt = Attempt(self.engine, progress, library.find(name, self.language))
        new = attempt.record.before is None
        if new:
            self.screen.say("Setting up …", "dim")
        elif not attempt.world.stands:
            self.screen.say("The machine or the engine is another: setting up again …")
        attempt.begin()
        self.stage = Stage(attempt, self.screen, self.shell)
        self.stage.open(new)
        if attempt.record.finished:
            self.screen.say("The lesson is finished. `:reset lesson` begins it again.")

    def _look(self) -> None:
        assert self.stage is not None
        attempt = self.stage.attempt
        attempt.world.look()
        if attempt.step.kind == "do" and not attempt.here.done:
            self.stage.look()

    # The words. Each is given the stage and what stands behind the word.

    def _next(self, stage: Stage, argument: str) -> None:
        attempt = stage.attempt
        if not attempt.here.done:
            self.screen.say("This step is not done yet.", "yellow")
            self.screen.say(HOW_TO_GO_ON[attempt.step.kind])
            self.screen.say("`:skip` goes on without its points.", "dim")
        elif attempt.number + 1 < len(attempt.lesson.steps):
            attempt.enter(attempt.number + 1)
            stage.show()
        else:
            attempt.finish()
            stage.close()

    def _back(self, stage: Stage, argument: str) -> None:
        if stage.attempt.number == 0:
            self.screen.say("This is the first step.", "yellow")
            return
        stage.attempt.enter(stage.attempt.number - 1)
        stage.show()

    def _hint(self, stage: Stage, argument: str) -> None:
        hint = stage.attempt.hint()
        if not hint:
            self.screen.say("There is no hint for this step.", "yellow")
            return
        given, hints = stage.attempt.here.hints, stage.attempt.step.hints
        self.screen.line(f"{given}/{len(hints)}  {hint}", "cyan")

    def _check(self, stage: Stage, argument: str) -> None:
        if stage.attempt.step.kind != "do":
            self.screen.say("Nothing is checked in this step.", "yellow")
        elif stage.attempt.here.done:
            stage.status()
        else:
            before = stage.attempt.here.earned
            outcome = stage.attempt.check()
            (stage.succeed if outcome.passed else stage.fail)(outcome, before)

    def _answer(self, stage: Stage, argument: str) -> None:
        step, here = stage.attempt.step, stage.attempt.here
        if not step.ask and not step.check:
            self.screen.say("There is nothing to answer here.", "yellow")
        elif not argument:
            self.screen.say(HOW_TO_GO_ON[step.kind], "yellow")
        elif here.done and step.kind == "predict":
            self.screen.say("A prediction is made once.", "yellow")
        else:
            before = here.earned
            if step.kind != "predict" and set(argument) & set("$`"):
                argument = self.shell.expand(argument)
            outcome = stage.attempt.answer(argument)
            (stage.succeed if outcome.passed else stage.fail)(outcome, before)

    def _solution(self, stage: Stage, argument: str) -> None:
        if not stage.attempt.here.done:
            self.screen.say("Not before the step is passed.", "yellow")
            return
        for line in stage.attempt.step.solve:
            self.screen.console.print(
                f"  {stage.attempt.fill(line)}", style="bold", markup=False
            )

    def _why(self, stage: Stage, argument: str) -> None:
        if not stage.attempt.here.done:
            self.screen.say("Not before the step is passed.", "yellow")
            return
        stage.status()
        stage.reveal()

    def _skip(self, stage: Stage, argument: str) -> None:
        stage.attempt.skip()
        stage.status()
        self._next(stage, "")

    # The words that do without a lesson.

    def _source(self, symbol: str) -> None:
        if symbol:
            self.screen.source(symbol)
        elif self.stage is not None:
            for known in self.stage.attempt.lesson.source:
                self.screen.line(f"`:source {known}`")
        else:
            self.screen.say("`:source engine.files:atomic_write`, for example.")

    def _reset(self, what: str) -> None:
        if what == "step" and self.stage:
            self.stage.attempt.reset_step()
            self.screen.say("Back at the beginning of this step.", "green")
            self.stage.show()
        elif what == "lesson" and self.stage:
            self._removed(self.stage.attempt.reset_lesson())
            self.stage = None
            self.screen.say("The lesson is as if it had never begun.", "green")
        elif what == "all":
            self._reset_all()
        else:
            self.screen.say("`:reset step`, `:reset lesson` or `:reset all`?", "yellow")

    def _reset_all(self) -> None:
        progress = Progress()
        for name, record in list(progress.lessons.items()):
            if record.before is not None:
                attempt = Attempt(self.engine, progress, library.find(name))
                self._removed(attempt.reset_lesson())
        progress.forget()
        self.stage = None
        self.screen.say("All progress is forgotten.", "green")

    def _removed(self, names: list[str]) -> None:
        if names:
            self.screen.line(
                f"{self.screen.word('removed:')} {', '.join(names)}", "dim"
            )
