"""What comes of a check: passed, failed, or that it could not run.

    check(lab) ── returns ──> Outcome        a verdict, points, and one line to say
         └─────── raises ───> NotThereYet    what it asked for does not exist: failed

A check that is at fault itself, or that the machine does not let look, says nothing
about the student's work: that is the third verdict, and costs no points.

Try it: `:check` in a lesson
"""

from collections.abc import Mapping
from dataclasses import dataclass

from labshell.messages import marked

PASSED, FAILED, COULD_NOT_RUN = "passed", "failed", "could not run"

# What is said of a subject in any lesson; all else is a lesson's own.
NOT_CHECKED = marked("The check could not run: {subject}.")
NO_CONTAINER = marked("There is no container {subject}.")
NO_IMAGE = marked("There is no image {subject} yet.")
NO_VOLUME = marked("There is no volume {subject}.")
NOT_RUNNING = marked("{subject} is not running.")
IN_ANY_LESSON = (NOT_CHECKED, NO_CONTAINER, NO_IMAGE, NO_VOLUME, NOT_RUNNING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a check: one of three verdicts, points, and one line to say.

    `{subject}` in the message stands for the name in `subject`. `lost` says that
    something which the lesson needs is not there.
    """

    verdict: str
    earned: int
    maximum: int
    message: str
    subject: str = ""
    lost: bool = False

    @property
    def passed(self) -> bool:
        """Was everything there that was asked for?"""
        return self.verdict == PASSED

    def text(self, message: str | None = None) -> str:
        """The message (or its translation) with the subject in its place."""
        return (message or self.message).replace("{subject}", self.subject)


class Judging:
    """How a check says what it found. What it may look at is in what inherits this."""

    no_answer = marked("No answer yet: `:answer …`.")

    def __init__(self, values: Mapping[str, str], maximum: int, answer: str | None):
        """`answer` is what was answered, None if nothing was."""
        self.values, self.maximum, self.answer = values, maximum, answer

    def passed(self, message: str) -> Outcome:
        """All points."""
        return Outcome(
            verdict=PASSED, earned=self.maximum, maximum=self.maximum, message=message
        )

    def failed(self, message: str, earned: int = 0, subject: str = "") -> Outcome:
        """Not all points, or none; `message` says what is missing."""
        return Outcome(
            verdict=FAILED,
            earned=earned,
            maximum=self.maximum,
            message=message,
            subject=subject,
        )

    def broken(self, why: str) -> Outcome:
        """No verdict: the check itself, or the machine, is at fault."""
        return Outcome(
            verdict=COULD_NOT_RUN,
            earned=0,
            maximum=self.maximum,
            message=NOT_CHECKED,
            subject=why,
        )

    def compare_answer(
        self,
        right: str,
        passed: str = marked("That is it."),
        failed: str = marked("That is not it."),
    ) -> Outcome:
        """Is what was answered the right answer?"""
        if self.answer is None:
            return self.failed(self.no_answer)
        same = self.answer.strip() == right.strip()
        return self.passed(passed) if same else self.failed(failed)


class NotThereYet(Exception):
    """A check asked for something that does not exist: its step is not done."""

    def __init__(self, message: str, subject: str, *, lost: bool = True) -> None:
        super().__init__(message)
        self.message, self.subject, self.lost = message, subject, lost
