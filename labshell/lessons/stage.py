"""The step on the screen: its prose, its question, and what came of an answer.

The stage knows one attempt and one screen. It decides what is said when; how it looks
is screen.py, what it earns is attempt.py, and when it happens is runner.py.

    show()            the step as it is met
    succeed, fail     an outcome, with what it earned
    reveal()          what was held back until the step was done
    overview()        all steps, with points

Try it: `:again`, `:progress`
"""

from labshell.lessons import prose
from labshell.lessons.attempt import Attempt
from labshell.lessons.lesson import Step
from labshell.lessons.lines import StudentsShell
from labshell.lessons.outcomes import COULD_NOT_RUN, Outcome
from labshell.lessons.record import DONE, OPEN, SKIPPED, WRONG
from labshell.lessons.screen import Screen
from labshell.messages import marked
from labshell.views.tables import padded

HOW_TO_GO_ON = {
    "read": marked("`:next` goes on."),
    "watch": marked("`:next` goes on."),
    "predict": marked("Choose with `:answer NUMBER`. You have one try."),
    "explain": marked("Answer with `:answer …`."),
    "do": marked(
        "Work freely, it is noticed. `:hint` helps, `:check` says what is missing."
    ),
}
_MARKS = {OPEN: " ", DONE: "✓", WRONG: "✗", SKIPPED: "-"}


class Stage:
    """One attempt, shown on one screen."""

    def __init__(self, attempt: Attempt, screen: Screen, shell: StudentsShell) -> None:
        self.attempt, self.screen, self.shell = attempt, screen, shell
        self.said = ""  # the last thing a failing check said

    def open(self, new: bool) -> None:
        """The lesson's title and introduction if it is new, then the step."""
        lesson = self.attempt.lesson
        if new:
            self.screen.rule(f"{lesson.title} · {self.screen.minutes(lesson.minutes)}")
            self.prose(lesson.sections[prose.INTRODUCTION].before)
        self.show()

    def prose(self, text: str) -> None:
        """A text of the lesson, its commands run where they stand."""
        if text:
            self.screen.prose(
                self.attempt.fill(text), self.attempt.lesson.shown, self._run
            )

    def _run(self, line: str) -> None:
        if self.shell.run(line) != 0:
            self.attempt.has_failed(line)
        self.attempt.world.look()

    def show(self) -> None:
        """The step the student is at: its prose, its question, how to go on."""
        attempt, step = self.attempt, self.attempt.step
        self.screen.rule(self._title(step))
        self.prose(attempt.lesson.sections[step.id].before)
        if step.ask:
            self.screen.markdown(f"**{attempt.fill(step.ask)}**")
        self._choices(step)
        self.screen.console.print()
        if attempt.here.done:
            self.status()
            self.screen.say("`:next` goes on.", "dim")
            return
        attempt.seen()
        if step.kind == "do":
            before = attempt.here.earned
            outcome = attempt.check()
            if outcome.passed:  # it was done early, in the step before for example
                self.succeed(outcome, before)
                return
            self.said = self.text(outcome)  # what is missing before any work
        self.screen.say(HOW_TO_GO_ON[step.kind], "dim")

    def _title(self, step: Step) -> str:
        lesson = self.attempt.lesson
        parts = [
            lesson.name,
            f"{self.attempt.number + 1}/{len(lesson.steps)} {step.id}",
            self.screen.word(step.kind),
        ]
        if step.points:
            parts.append(self.screen.points(step.points))
        return " · ".join(parts)

    def _choices(self, step: Step) -> None:
        if step.choices:
            self.screen.console.print()
        for number, choice in enumerate(self.attempt.choices(step), 1):
            mark = "›" if self.attempt.here.answer == choice.key else " "
            self.screen.line(f"{mark} {number}) {self.attempt.fill(choice.says)}")

    def status(self) -> None:
        """What came of a step that is done."""
        here = self.attempt.here
        if here.status == SKIPPED:
            self.screen.say("Skipped: done for you, without points.", "dim")
        elif here.message:
            show = self.screen.good if here.status == DONE else self.screen.bad
            said = self.attempt.lesson.said(here.message, self.attempt.values)
            show(self.screen.word(said), 0)

    def text(self, outcome: Outcome) -> str:
        """What an outcome says, translated and filled in."""
        known = self.attempt.lesson.messages.get(outcome.message)
        text = outcome.text(known or self.screen.word(outcome.message))
        return self.attempt.fill(text)

    def succeed(self, outcome: Outcome, before: int) -> None:
        """The step is passed: say so, and show what was held back."""
        predicted = self.attempt.step.kind == "predict"
        default = self.screen.word("Right." if predicted else "That is it.")
        self.screen.console.print()
        text = self.text(outcome) or default
        self.screen.good(text, outcome.earned - before)
        self.reveal()

    def fail(self, outcome: Outcome, before: int) -> None:
        """Not passed: say what is missing. A prediction is revealed all the same."""
        self.said = self.text(outcome)
        self.screen.bad(self.said, max(0, outcome.earned - before))
        if outcome.verdict == COULD_NOT_RUN:
            self.screen.say("This says nothing about your work, and costs no points.")
        elif outcome.lost:
            self.screen.say("`:reset step` sets everything up again.", "dim")
        if self.attempt.step.kind == "predict":
            right = next(c for c in self.attempt.step.choices if c.right)
            says = self.screen.word("It is: {answer}")
            self.screen.line(says.format(answer=self.attempt.fill(right.says)))
            self.reveal()

    def look(self) -> None:
        """Check the work, and speak only if there is something new to say."""
        before = self.attempt.here.earned
        outcome = self.attempt.check()
        if outcome.passed:
            self.succeed(outcome, before)
        elif outcome.verdict == COULD_NOT_RUN or self.text(outcome) == self.said:
            return
        else:
            self.fail(outcome, before)

    def reveal(self) -> None:
        """What was held back until the step was done."""
        self.prose(self.attempt.lesson.sections[self.attempt.step.id].after)
        self.screen.console.print()
        self.screen.say("`:next` goes on.", "dim")

    def overview(self) -> None:
        """All steps of the lesson, with the points of each."""
        attempt = self.attempt
        for step in attempt.lesson.steps:
            record = attempt.record.of(step.id)
            points = f"{record.earned}/{step.points}" if step.points else ""
            here = "›" if step.id == attempt.record.step else " "
            self.screen.line(
                f"{here} {_MARKS[record.status]} {step.id:<20} "
                f"{padded(self.screen.word(step.kind), 9)} {points:>6}"
            )
        maximum = self.screen.points(attempt.lesson.maximum)
        self.screen.line(f"  {attempt.lesson.name}: {attempt.earned}/{maximum}", "bold")

    def close(self) -> None:
        """The end of the lesson."""
        self.screen.rule(self.screen.word("The lesson is finished."))
        closing = self.attempt.lesson.sections.get(prose.CLOSING)
        self.prose(closing.before if closing else "")
        self.screen.console.print()
        self.overview()
        self.screen.say(
            "`lab grade` shows your points; `lab learn` opens the next lesson.", "dim"
        )
