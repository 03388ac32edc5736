"""The lesson beside the student: what `:next`, `:hint`, `:check` … do in the shell.

The shell calls, and this answers:

    start(lesson)      `lab learn`: choose or resume
    handle(word, …)    a line `:word argument`; False if the word is not one of ours
    after_command()    after every other line: was something done just now?
    lookout()          before each line: who notices what is done elsewhere meanwhile
    panes()            the live pictures that the step wants to be seen
    toolbar()          "commit/init-layer 3/9 · 4/12 points"

Work is detected by its effects. A check that fails stays silent while what it says
stays the same; when it says something new, the student's last command changed
something, and hears about it.

Nothing that goes wrong here may end the shell: errors are shown, and the lesson stays
where it was.

Try it: `lab learn`, then `:progress`
"""

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING

from engine.engine import Engine
from engine.errors import EngineError, from_os_error
from labshell.lessons import client, library, scene
from labshell.lessons.attempt import Attempt
from labshell.lessons.drilling import Drilling
from labshell.lessons.lesson import Lesson
from labshell.lessons.lines import OwnBash, StudentsShell
from labshell.lessons.lookout import Lookout
from labshell.lessons.progress import Progress
from labshell.lessons.record import Made
from labshell.lessons.screen import Screen
from labshell.lessons.stage import Stage
from labshell.lessons.step_words import STEP_WORDS, StepWords
from labshell.lessons.warm import Warm
from labshell.lessons.where import to_go_on_with
from labshell.lessons.words import WORDS
from labshell.lessons.world import put_away
from labshell.messages import ENGLISH, translate

if TYPE_CHECKING:
    from rich.console import Console


class LessonRunner:
    """One student's lessons in one shell."""

    def __init__(
        self,
        engine: Engine,
        language: str = ENGLISH,
        console: "Console | None" = None,
        shell: StudentsShell | None = None,
    ) -> None:
        self.engine, self.language = engine, language
        self.shell = shell or OwnBash(engine)
        self.stage: Stage | None = None
        self._warm = Warm()
        self._console = console
        self._screen: Screen | None = None
        self._drilling: Drilling | None = None
        self._farewell = ""
        self._lookout: Lookout | None = None

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
        argument = argument.strip()
        alone: dict[str, Callable[[str], None]] = {
            "source": self._source,
            "reset": self._reset,
            "drill": self._drill,
        }
        if word in alone:
            self._guarded(lambda: alone[word](argument))
        elif word not in STEP_WORDS:
            return False
        elif word == "answer" and (drilling := self._drilling) and drilling.asks:
            self._guarded(lambda: drilling.answer(argument, date.today()))
        elif (stage := self.stage) is None:
            self._nothing_is_open()
        else:
            self._drilling = None  # a question that was left is not asked any more
            words = StepWords(stage, self.screen, self.shell)
            self._guarded(lambda: STEP_WORDS[word](words, argument))
        return True

    def after_command(self) -> None:
        """Look at the effects of what was just done, and say so if it was the work."""
        if self.stage is not None:
            self._guarded(self._look)

    def lookout(self) -> Lookout:
        """Who notices, while a line is typed, what is done in another terminal."""
        lookout = self._lookout = self._lookout or Lookout(self.engine)
        attempt = self.stage.attempt if self.stage is not None else None
        self._tried(lambda: lookout.watch(attempt))
        return lookout

    def panes(self) -> tuple[str, ...]:
        """The live pictures that the step wants to be seen, each with its name."""
        if self.stage is None or not self.stage.attempt.is_open:
            return ()
        attempt = self.stage.attempt
        wanted = attempt.step.panes or attempt.lesson.panes
        return tuple(attempt.fill(text) for text in wanted)

    def toolbar(self) -> str:
        """The lesson, the step, and the points, in a few words."""
        if self.stage is None or not self.stage.attempt.is_open:
            return ""
        attempt = self.stage.attempt
        return (
            f"{attempt.lesson.name} {attempt.number + 1}/{len(attempt.lesson.steps)} · "
            f"{attempt.earned}/{self.screen.points(attempt.lesson.maximum)}"
        )

    def close(self) -> None:
        """The shell is left: what could not be saved is tried for the last time."""
        if self._lookout is not None:
            self._lookout.close()
        if self.stage is not None and self.stage.attempt.progress.trouble:
            self._guarded(self.stage.attempt.save)
        self._warm.close()

    def _guarded(self, action: Callable[[], None]) -> None:
        """Do something; show what goes wrong, and whether it could be saved."""
        before = self.stage.attempt.progress.trouble if self.stage else None
        if self.stage is not None and before is not None:
            self.stage.attempt.save()
        self._tried(action)
        after = self.stage.attempt.progress.trouble if self.stage else None
        if after is not None:
            self.screen.error(after.message, after.hint)
            self.screen.say("Not saved. It is kept, and tried again with each command.")
        elif before is not None:
            self.screen.say("Your progress is saved again.", "green")

    def _tried(self, action: Callable[[], None]) -> None:
        try:
            action()
        except EngineError as error:
            self.screen.error(error.message, error.hint)
        except OSError as error:
            known = from_os_error(error)
            self.screen.error(known.message, known.hint)
        except KeyboardInterrupt:
            self._was_interrupted("lab learn")

    def _was_interrupted(self, line: str) -> None:
        self.screen.console.print()
        said = self.screen.word("Interrupted. `{line}` goes on with the lesson.")
        self.screen.line(said.format(line=line))

    def _start(self, name: str | None) -> None:
        progress = Progress()
        name = name or to_go_on_with(progress)
        if name is None:
            self.screen.say("All lessons are finished.", "green")
            return
        attempt = Attempt(
            self.engine, progress, library.find(name, self.language), self._warm
        )
        self._put_away_finished(progress, but=name)
        new = not attempt.record.world  # never set up, or not to the end
        if new:
            self.screen.say("Setting up …", "dim")
        elif not attempt.world.stands:
            self.screen.say("The machine or the engine is another: setting up again …")
        try:
            attempt.begin()
        except KeyboardInterrupt:  # an older lesson is still the one that is open
            self._was_interrupted(f"lab learn {name}")
            return
        self._equip(attempt.lesson)
        self.stage = Stage(attempt, self.screen, self.shell)
        self.stage.open(new and not attempt.record.finished)
        if attempt.record.finished:
            self.screen.say("The lesson is finished. `:reset lesson` forgets it.")

    def _put_away_finished(self, progress: Progress, but: str) -> None:
        """Make room for a lesson: those that are finished need their things no more."""
        for name, record in list(progress.lessons.items()):
            if name == but or not record.finished:
                continue
            try:
                self._removed(put_away(self.engine, progress, name), f"{name}: ")
            except EngineError as error:  # it is in use, and that is no reason to wait
                self.screen.error(error.message, error.hint)

    def _equip(self, lesson: Lesson | None) -> None:
        """Give the shell what a lesson wants in it; take back what another one had."""
        if self._farewell:
            self.shell.prepare(self._farewell)
        self._farewell = ""
        if lesson is not None and lesson.docker:
            self._farewell = client.FAREWELL
            self.shell.prepare(client.prelude(self.engine, lesson))
            if not client.is_installed():
                self.screen.say(client.STANDS_IN, "dim")

    def _look(self) -> None:
        assert self.stage is not None
        attempt = self.stage.attempt
        if attempt.record.finished:
            attempt.world.pass_over()
        else:
            attempt.world.look()
        if attempt.step.kind == "do" and not attempt.here.done:
            self.stage.look()

    def _nothing_is_open(self) -> None:
        self.screen.say("No lesson is open.", "yellow")
        self.screen.say(
            "`lab learn` opens one; `lab lesson list` shows which there are."
        )

    # The words that do without a lesson.

    def _source(self, symbol: str) -> None:
        if symbol:
            self.screen.source(symbol)
        elif self.stage is not None:
            for known in self.stage.attempt.lesson.source:
                self.screen.line(f"`:source {known}`")
        else:
            self.screen.say("`:source engine.files:atomic_write`, for example.")

    def _drill(self, argument: str) -> None:
        drilling = self._drilling = Drilling(self.screen)
        drilling.ask(date.today())

    def _reset(self, what: str) -> None:
        if what in ("step", "lesson") and self.stage is None:
            self._nothing_is_open()
        elif what == "step" and self.stage:
            self.stage.attempt.reset_step()
            self.shell.overlook()
            self.screen.say("Back at the beginning of this step.", "green")
            self.stage.show()
        elif what == "lesson" and self.stage:
            name = self.stage.attempt.lesson.name
            self._removed(self.stage.attempt.reset_lesson())
            self._equip(None)
            self.stage = None
            self.screen.say("The lesson is as if it had never begun.", "green")
            again = self.screen.word("`{line}` begins it again.")
            self.screen.line(again.format(line=f"lab learn {name}"))
        elif what == "all":
            self._reset_all()
        else:
            self.screen.say("`:reset step`, `:reset lesson` or `:reset all`?", "yellow")

    def _reset_all(self) -> None:
        progress = Progress()
        for name, record in list(progress.lessons.items()):
            if record.before is not None:
                self._removed(self._take_down(progress, name))
        progress.forget()
        self._equip(None)
        self.stage = None
        self.screen.say("All progress is forgotten.", "green")

    def _take_down(self, progress: Progress, name: str) -> list[str]:
        """Remove what a lesson made, even one that is broken or no longer there."""
        try:
            attempt = Attempt(self.engine, progress, library.find(name))
        except EngineError as error:
            self.screen.error(error.message, error.hint)
            record = progress.of(name)
            here = record.before is not None and record.root == str(self.engine.root)
            if not here:
                return []
            return scene.clear(self.engine, record.made, record.before or Made())
        return attempt.reset_lesson()

    def _removed(self, names: list[str], whose: str = "") -> None:
        if names:
            said = self.screen.word("removed: {names}").format(names=", ".join(names))
            self.screen.line(whose + said, "dim")
