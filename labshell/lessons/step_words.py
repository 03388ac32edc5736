"""The words that act on the open lesson: what `:next`, `:hint`, `:check` … do.

    next back goto again skip     where the student is
    hint check answer             the work
    solution why                  once it is done
    progress                      all of it
    panic                         the step's world as it was, whatever was done to it

Each is given what stands behind the word. The words that need no lesson are in
runner.py.

Try it: `:goto 3` in a lesson, then `:panic`
"""

from collections.abc import Callable, Mapping

from labshell.lessons.fields import LessonError
from labshell.lessons.lines import StudentsShell
from labshell.lessons.picking import position
from labshell.lessons.screen import Screen
from labshell.lessons.stage import HOW_TO_GO_ON, Stage
from labshell.messages import marked, translate

_WITHOUT_HINT = HOW_TO_GO_ON | {
    "predict": marked(
        "Say what you think now: a wrong prediction is explained, and costs no more "
        "than its own point."
    ),
}


class StepWords:
    """The words, for one lesson on the screen."""

    def __init__(self, stage: Stage, screen: Screen, shell: StudentsShell) -> None:
        self.stage, self.screen, self.shell = stage, screen, shell
        self.attempt = stage.attempt

    # Where the student is.

    def next(self, argument: str) -> None:
        """Go on, if the step is done."""
        attempt = self.attempt
        if not attempt.here.done:
            self.screen.say("This step is not done yet.", "yellow")
            self.screen.say(HOW_TO_GO_ON[attempt.step.kind])
            self.screen.say("`:skip` goes on without its points.", "dim")
        elif attempt.number + 1 < len(attempt.lesson.steps):
            attempt.enter(attempt.number + 1)
            self.stage.show()
        else:
            attempt.finish()
            self.stage.close()

    def back(self, argument: str) -> None:
        """Look at the step before."""
        if self.attempt.number == 0:
            self.screen.say("This is the first step.", "yellow")
            return
        self.attempt.enter(self.attempt.number - 1)
        self.stage.show()

    def goto(self, where: str) -> None:
        """Go to a step by its name or number; what lies between is skipped."""
        ids = [step.id for step in self.attempt.lesson.steps]
        if (place := position(where, len(ids))) is not None:
            where = ids[place]
        if where not in ids:
            raise LessonError(
                translate("`{word}` is no step of this lesson").format(word=where)
                if where
                else translate("To which step?"),
                translate("`:progress` lists them: `:goto 3`, or `:goto` and a name."),
            )
        while self.attempt.number < ids.index(where):
            self.attempt.skip()
            self.attempt.enter(self.attempt.number + 1)
        self.attempt.enter(ids.index(where))
        self.shell.overlook()
        self.stage.show()

    def again(self, argument: str) -> None:
        """Show this step once more."""
        self.stage.show()

    def skip(self, argument: str) -> None:
        """Go on without the points."""
        self.attempt.skip()
        self.shell.overlook()
        self.stage.status()
        self.next("")

    def panic(self, argument: str) -> None:
        """Make the world again as it was when this step began; points stay."""
        self.screen.say("Setting up …", "dim")
        self.attempt.restore()
        self.shell.overlook()
        self.screen.say("All is as it was when this step began.", "green")
        self.stage.show()

    # The work.

    def hint(self, argument: str) -> None:
        """The next hint."""
        hint = self.attempt.hint()
        if not hint:
            self.screen.say("There is no hint for this step.", "yellow")
            self.screen.say(_WITHOUT_HINT[self.attempt.step.kind], "dim")
            return
        given, hints = self.attempt.here.hints, self.attempt.step.hints
        self.screen.line(f"{given}/{len(hints)}  {hint}", "cyan")

    def check(self, argument: str) -> None:
        """Look at what was done, and say what is missing."""
        if self.attempt.step.kind != "do":
            self.screen.say("Nothing is checked in this step.", "yellow")
        elif self.attempt.here.done:
            self.stage.status()
        else:
            before = self.attempt.here.earned
            outcome = self.attempt.check()
            (self.stage.succeed if outcome.passed else self.stage.fail)(outcome, before)

    def answer(self, argument: str) -> None:
        """Answer the question of this step."""
        step, here = self.attempt.step, self.attempt.here
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
            outcome = self.attempt.answer(argument)
            (self.stage.succeed if outcome.passed else self.stage.fail)(outcome, before)

    # Once it is done, and all of it.

    def solution(self, argument: str) -> None:
        """The reference solution."""
        if not self.attempt.here.done:
            self.screen.say("Not before the step is passed.", "yellow")
            return
        for line in self.attempt.step.solve:
            self.screen.command(self.attempt.fill(line), lead="  ")

    def why(self, argument: str) -> None:
        """What was held back until the step was done."""
        if not self.attempt.here.done:
            self.screen.say("Not before the step is passed.", "yellow")
            return
        self.stage.status()
        self.stage.reveal()

    def progress(self, argument: str) -> None:
        """All steps, and their points."""
        self.stage.overview()


STEP_WORDS: Mapping[str, Callable[[StepWords, str], None]] = {
    "next": StepWords.next,
    "back": StepWords.back,
    "goto": StepWords.goto,
    "again": StepWords.again,
    "skip": StepWords.skip,
    "panic": StepWords.panic,
    "hint": StepWords.hint,
    "check": StepWords.check,
    "answer": StepWords.answer,
    "solution": StepWords.solution,
    "why": StepWords.why,
    "progress": StepWords.progress,
}
