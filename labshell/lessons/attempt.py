"""One student in one lesson: where they are, what they answer, what it earns.

    begin ──> read, watch ──seen──> next
              predict ──one choice, locked──> next
              explain ──answers until right──> next
              do ──checked whenever something was done, until passed──> next … finished

Nothing is printed here: the runner shows it, the proof (`lab lesson test`) asks the
same questions, and the grade reads what was saved.

Try it: `:progress`, and beside it `cat ~/.local/share/labshell/progress.json`
"""

from engine.engine import Engine
from labshell.lessons import reference
from labshell.lessons.checks import Lab
from labshell.lessons.fields import LessonError
from labshell.lessons.judge import judge, load_check
from labshell.lessons.lesson import Choice, Lesson, Step
from labshell.lessons.outcomes import FAILED, PASSED, Outcome
from labshell.lessons.picking import position
from labshell.lessons.progress import Progress
from labshell.lessons.record import DONE, SKIPPED, WRONG, LessonRecord, Made, StepRecord
from labshell.lessons.values import fill, shuffled
from labshell.lessons.warm import Warm
from labshell.lessons.world import World
from labshell.messages import marked, translate


class Attempt:
    """One attempt at one lesson."""

    def __init__(
        self,
        engine: Engine,
        progress: Progress,
        lesson: Lesson,
        warm: Warm | None = None,
    ) -> None:
        """`warm` answers the `lab` of the lesson's scripts, if there is one."""
        self.engine, self.progress, self.lesson = engine, progress, lesson
        self.world = World(engine, progress, lesson, warm)
        self.outcome: Outcome | None = None  # of the last check of this step

    @property
    def record(self) -> LessonRecord:
        """What is saved of this lesson."""
        return self.progress.of(self.lesson.name)

    @property
    def values(self) -> dict[str, str]:
        """What `{{name}}` stands for in this attempt."""
        return self.world.values

    def fill(self, text: str) -> str:
        """A text of the lesson, with this attempt's values."""
        return fill(text, self.values)

    def choices(self, step: Step) -> list[Choice]:
        """The choices of a prediction, in this student's order."""
        by_key = {choice.key: choice for choice in step.choices}
        seed = self.progress.seed_of(self.lesson.name)
        return [by_key[key] for key in shuffled(seed, step.id, tuple(by_key))]

    # Where the student is.

    @property
    def step(self) -> Step:
        """The step the student is at. LessonError if another shell took it all back."""
        if not self.is_open:
            raise LessonError(
                translate("The lesson is as if it had never begun."),
                translate("`lab learn` opens it."),
            )
        return self.lesson.step(self.record.step)

    @property
    def is_open(self) -> bool:
        """Has it been begun, and not been reset since?"""
        return bool(self.record.step)

    @property
    def here(self) -> StepRecord:
        """What is saved of that step."""
        return self.record.of(self.record.step)

    @property
    def number(self) -> int:
        """The position of the step, counted from 0."""
        return self.lesson.steps.index(self.step)

    @property
    def earned(self) -> int:
        """All points so far."""
        return sum(self.record.of(step.id).earned for step in self.lesson.steps)

    def begin(self) -> bool:
        """Begin, or go on where the student left; True if the world was made anew."""
        record = self.record
        known_steps = [step.id for step in self.lesson.steps]
        if record.step not in known_steps:  # new, or the lesson has changed since
            record.step = known_steps[0]
        anew = not self.world.stands
        self.world.begin(self.lesson.steps[: self.number])
        self.progress.current = None if record.finished else self.lesson.name
        self.save()
        return anew

    def enter(self, position: int) -> None:
        """Go to the step at this position."""
        self.record.step = self.lesson.steps[position].id
        self.record.began = self.world.look()
        self.outcome = None
        self.save()

    def finish(self) -> None:
        """The last step is done."""
        self.record.finished = True
        self.progress.current = None
        self.save()

    def save(self) -> None:
        """Write down how far the student is, or keep it until that is possible."""
        self.progress.keep(self.lesson.name)

    def reset_step(self) -> None:
        """Back to the beginning of this step: its result and its effects are gone."""
        self.record.steps[self.step.id] = StepRecord()
        self.record.finished = False
        self.restore()

    def restore(self) -> None:
        """Make the world of this step anew, whatever was done to it; points stay."""
        self.world.restore(self.lesson.steps[: self.number])
        self.save()

    def reset_lesson(self) -> list[str]:
        """Back to before the lesson; returns what was removed from the engine."""
        removed = self.world.take_down()
        self.progress.current = None
        self.progress.forget(self.lesson.name)
        return removed

    # What the student did.

    def seen(self) -> None:
        """A step that only shows something was seen."""
        if self.step.kind in ("read", "watch"):
            self.here.status = DONE
            self.save()

    def has_failed(self, line: str) -> None:
        """A command of the step's text has failed: it may be meant to (proof.py)."""
        if line not in self.here.failed:
            self.here.failed.append(line)
            self.save()

    def skip(self) -> None:
        """Go on without the points; the next step finds what it needs all the same."""
        if not self.here.done:
            self.here.status = SKIPPED
            self.world.do(reference.whole(self.lesson, self.step))
            self.save()

    def hint(self) -> str:
        """The next hint, more concrete than the one before; the last one again."""
        hints = self.step.hints
        if not hints:
            return ""
        self.here.hints = min(self.here.hints + 1, len(hints))
        self.save()
        return self.fill(hints[self.here.hints - 1])

    def look(self, answer: str | None = None) -> Outcome:
        """What the effects are worth now; nothing is noted."""
        step = self.step
        lab = Lab(
            self.engine,
            values=self.values,
            maximum=step.points,
            began=self.record.began or Made(),
            answer=answer,
        )
        try:
            return judge(load_check(self.lesson, step), lab)
        except LessonError as error:
            return lab.broken(error.message)

    def check(self, answer: str | None = None) -> Outcome:
        """Look at the effects now, and note what they earn."""
        outcome = self.outcome = self.look(answer)
        self._note(outcome)
        return outcome

    def answer(self, text: str) -> Outcome:
        """What a given answer earns. A prediction cannot be given twice."""
        step, here = self.step, self.here
        here.answer, here.tries = text[:500], here.tries + 1
        if step.kind == "predict":
            outcome = self._predicted(text)
        elif step.check:
            outcome = self.check(text)
            says = step.says_to(text, self.values)
            if says and not outcome.passed:
                outcome = self._failed(says)
        else:
            outcome = self._explained(text)
        self._note(outcome)
        return outcome

    def choice(self, text: str) -> Choice | None:
        """The choice that was meant: by its number on the screen, or its key."""
        choices = self.choices(self.step)
        if (place := position(text, len(choices))) is not None:
            return choices[place]
        return next((choice for choice in choices if choice.key == text), None)

    def _predicted(self, text: str) -> Outcome:
        choice = self.choice(text.strip())
        if choice is None or self.here.done:
            raise LessonError(
                translate("`{text}` is no choice to make").format(text=text),
                translate("`:again` lists them."),
            )
        self.here.answer = choice.key
        self.here.status = DONE if choice.right else WRONG
        return self._passed() if choice.right else self._failed(choice.because)

    def _explained(self, text: str) -> Outcome:
        assert self.step.answer is not None
        if self.step.answer.accepts(text):
            return self._passed()
        says = self.step.says_to(text, self.values)
        return self._failed(says or marked("That is not it."))

    def _passed(self) -> Outcome:
        points = self.step.points
        return Outcome(verdict=PASSED, earned=points, maximum=points, message="")

    def _failed(self, message: str) -> Outcome:
        points = self.step.points
        return Outcome(verdict=FAILED, earned=0, maximum=points, message=message)

    def _note(self, outcome: Outcome) -> None:
        """Keep the best of all tries."""
        here = self.here
        before = (here.status, here.earned, here.tries, here.message)
        here.earned = max(here.earned, outcome.earned)
        if outcome.passed:
            here.status = DONE
        if here.status != DONE or outcome.passed:
            here.message = self.fill(outcome.text())
        if before != (here.status, here.earned, here.tries, here.message):
            self.save()
