"""The ground on which the proof tries the ways of a step: the world as the step begins.

To make a world takes a second or more, and a lesson has some twenty ways. So it is made
again only where that cannot be told from going on in the one that stands:

    untouched ──▶ way 2 ─anew▶ wrong way 1 ─anew▶ … ─anew▶ way 1 ──▶ the next step

An answer in plain words does nothing to it. The reference solution comes last: what it
leaves, and what the steps after it do, is what making it again would do (world.py). For
everything else that was done, the world is taken down and made anew.

Try it: `lab lesson test commit/init-layer`, and beside it `lab events`
"""

from collections.abc import Sequence

from labshell.lessons import reference
from labshell.lessons.attempt import Attempt
from labshell.lessons.lesson import Step
from labshell.lessons.lines import Finished, expanding
from labshell.lessons.record import StepRecord


class Ground:
    """The world of one attempt, and which step would find it so."""

    def __init__(self, attempt: Attempt) -> None:
        self.attempt = attempt
        self._next: int | None = None  # that step; None: something else was done in it

    def begin(self) -> None:
        """Make the world in which the lesson begins."""
        self.attempt.begin()
        self._next = 0

    def stand_at(self, step: Step) -> None:
        """Be at the beginning of this step, in the world that it begins with."""
        attempt, steps = self.attempt, self.attempt.lesson.steps
        here, there = self._next, steps.index(step)
        self._next = None  # until it stands
        if here is None or here > there:
            attempt.record.step = step.id
            attempt.reset_step()
        else:
            between = steps[here:there]
            attempt.world.do(*[reference.whole(attempt.lesson, s) for s in between])
            attempt.enter(there)
            attempt.record.steps[step.id] = StepRecord()
        self._next = there

    def run(self, step: Step, lines: Sequence[str]) -> Finished:
        """Do something in it by bash, as one of the ways of this step."""
        here, self._next = self._next, None
        script, lesson = "\n".join(lines), self.attempt.lesson
        finished = self.attempt.world.run(script)
        solved = script == reference.whole(lesson, step) and finished.code == 0
        if solved and here == lesson.steps.index(step):
            self._next = here + 1
        return finished

    def expand(self, text: str) -> str:
        """What bash makes of the words of an answer; that may do anything."""
        self._next = None
        return self.attempt.world.run(expanding(text)).output
