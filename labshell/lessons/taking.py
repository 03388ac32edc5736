"""Taking the concept inventory: question after question, and what came of it.

    before    nobody says what is right; at the end, which lesson to begin with
    after     the same questions; at the end, both results beside each other, and
              to each that is still wrong what it overlooks

Each answer is saved at once, so that Ctrl-C costs nothing.

Try it: `lab lesson inventory`
"""

from collections.abc import Callable

from labshell.lessons import library
from labshell.lessons.inventory import AFTER, BEFORE, Inventory, where_to_begin
from labshell.lessons.progress import Progress
from labshell.lessons.screen import Screen

_MARKS = {True: "✓", False: "✗", None: " "}


class Taking:
    """One student who takes the inventory on one screen."""

    def __init__(
        self, inventory: Inventory, progress: Progress, screen: Screen
    ) -> None:
        self._inventory, self._progress, self._screen = inventory, progress, screen

    @property
    def now(self) -> str:
        """Which taking is open: the one before the lessons, or the one after them."""
        before = self._progress.inventory.get(BEFORE, {})
        return BEFORE if self._inventory.open(before) else AFTER

    @property
    def finished(self) -> bool:
        """Have both been taken?"""
        return not self._inventory.open(self._progress.inventory.get(self.now, {}))

    def again(self) -> None:
        """Forget the second taking, in order to take it once more."""
        self._progress.save_answers(AFTER, {})

    def take(self, ask: Callable[[str, int], int]) -> None:
        """Ask what is open. `ask` says a word, and returns a number up to another."""
        taking = self.now
        answers = dict(self._progress.inventory.get(taking, {}))
        if not answers:
            self._screen.markdown(self._inventory.introduction)
        everything, says = len(self._inventory.questions), self._screen.word("number")
        for question in self._inventory.open(answers):
            self._screen.rule(f"{len(answers) + 1}/{everything}")
            self._screen.markdown(f"**{question.step.ask}**")
            self._screen.console.print()
            choices = question.choices(self._progress.seed)
            for number, choice in enumerate(choices, 1):
                self._screen.line(f"  {number}) {choice.says}")
            answers[question.step.id] = choices[ask(says, len(choices)) - 1].key
            self._progress.save_answers(taking, answers)
        self._advise() if taking == BEFORE else self.show()

    def _advise(self) -> None:
        """After the first taking: how many, and where to begin."""
        screen, answers = self._screen, self._progress.inventory[BEFORE]
        right = self._inventory.score(answers)
        screen.console.print()
        text = screen.word(
            "{right} of {all} are right. You will hear which at the end."
        )
        screen.line(text.format(right=right, all=len(self._inventory.questions)))
        lessons, _ = library.readable(library.names(), screen.language)
        begin = where_to_begin(self._inventory.missed(answers), lessons)
        if begin is not None:
            text = screen.word("Begin with {lesson}: `lab learn {lesson}`")
            screen.line(text.format(lesson=begin.name))

    def show(self) -> None:
        """Both takings beside each other, and what is still wrong."""
        screen, takings = self._screen, self._progress.inventory
        before, after = takings.get(BEFORE, {}), takings.get(AFTER, {})
        screen.rule(screen.word("before, after"))
        for question in self._inventory.questions:
            marks = f"{_MARKS[question.right(before)]} {_MARKS[question.right(after)]}"
            screen.line(f"{marks}  {question.step.ask}")
            if question.right(after) is False:
                chosen = question.choice(after[question.step.id])
                screen.line(f"       {chosen.says}", "yellow")
                screen.line(f"       {chosen.because}", "dim")
        screen.console.print()
        text = screen.word("{before} of {all} before, {after} after.")
        score = self._inventory.score
        everything = len(self._inventory.questions)
        screen.line(
            text.format(before=score(before), after=score(after), all=everything),
            "bold",
        )
