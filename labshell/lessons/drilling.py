"""A drill on the screen: one question that is due, and what came of the answer.

    :drill ──> a question ──:answer──> right, or why not, and when it comes again

A drill is no part of a lesson: it earns no points and touches nothing in the engine.
Which question is due when is drill.py.

Try it: `:drill` when a lesson is finished
"""

from datetime import date

from labshell.lessons import drill, library
from labshell.lessons.fields import LessonError
from labshell.lessons.progress import Progress
from labshell.lessons.screen import Screen
from labshell.messages import marked, translate


class Drilling:
    """The question that is asked, if one is."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._card: drill.Card | None = None
        self._due = 0

    @property
    def asks(self) -> bool:
        """Is there a question that waits for its answer?"""
        return self._card is not None

    def ask(self, today: date) -> None:
        """Ask what is due first, or say when something will be."""
        progress, self._card = Progress(), None
        known = library.names()
        names = [name for name in progress.lessons if name in known]
        lessons, broken = library.readable(names, self._screen.language)
        for error in broken:
            self._screen.error(error.message, error.hint)
        cards = drill.cards(progress, lessons)
        due = [card for card in cards if drill.when(progress, card) <= today]
        if due:
            self._card, self._due = due[0], len(due)
            self._show(due[0])
        elif cards:
            self._screen.say("Nothing is to be repeated today.", "green")
            says = self._screen.word("the next one: {date}")
            self._screen.line(says.format(date=drill.when(progress, cards[0])))
        else:
            self._screen.say("There is nothing to repeat before a lesson is finished.")

    def _show(self, card: drill.Card) -> None:
        screen = self._screen
        due = screen.word("due: {count}").format(count=self._due)
        screen.rule(f":drill · {card.name} · {due}")
        screen.markdown(f"**{card.fill(card.step.ask)}**")
        screen.console.print()
        for number, choice in enumerate(card.choices(), 1):
            screen.line(f"  {number}) {card.fill(choice.says)}")
        screen.say(_how(card), "dim")

    def answer(self, text: str, today: date) -> None:
        """Take the answer, say what is right, and note when to ask again."""
        card, screen = self._card, self._screen
        assert card is not None  # `asks` was looked at
        if not text:
            screen.say(_how(card), "yellow")
            return
        if card.step.choices and card.choice(text) is None:
            raise LessonError(
                translate("`{text}` is no choice to make").format(text=text),
                translate("`:drill` asks again."),
            )
        right, said = card.judge(text)
        if right:
            screen.good(screen.word("That is it."), 0)
        else:
            screen.bad(said or screen.word("That is not it."))
            says = screen.word("It is: {answer}")
            screen.line(says.format(answer=card.solution()))
        drill.note(Progress(), card, right, today)
        self._card = None
        if self._due > 1 or not right:
            screen.say("`:drill` asks the next one.", "dim")


def _how(card: drill.Card) -> str:
    if card.step.choices:
        return marked("Choose with `:answer NUMBER`.")
    return marked("Answer with `:answer …`.")
