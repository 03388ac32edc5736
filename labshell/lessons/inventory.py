"""The concept inventory: 20 questions, asked before the lessons and after them.

    lessons/inventory.md      questions, each with its concepts and its wrong choices
    lessons/inventory.zh.md   their texts in Chinese

The first taking is also the placement test: lessons whose concepts you know can wait,
and the first that holds something new is where to begin. What counts is what has
changed between the two takings, concept by concept; there are no points.

See: D. Hestenes et al., Force Concept Inventory, The Physics Teacher 30 (1992).
Try it: `lab lesson inventory`
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from labshell.lessons import curriculum, library
from labshell.lessons.fields import Fields, read_text, split_front_matter
from labshell.lessons.format import read_predict
from labshell.lessons.lesson import Choice, Lesson, Step
from labshell.lessons.translate import translated_step
from labshell.lessons.values import shuffled
from labshell.messages import ENGLISH

BEFORE, AFTER = "before", "after"
TAKINGS = (BEFORE, AFTER)

Answers = Mapping[str, str]  # the key of the choice, by the id of the question


class Question(NamedTuple):
    """One question, and the concepts that it is about."""

    step: Step
    concepts: tuple[int, ...]

    def choices(self, seed: str) -> list[Choice]:
        """The choices in this student's order, the same in both takings."""
        by_key = {choice.key: choice for choice in self.step.choices}
        return [by_key[key] for key in shuffled(seed, self.step.id, tuple(by_key))]

    def right(self, answers: Answers) -> bool | None:
        """Was it answered rightly? None if not at all."""
        given = answers.get(self.step.id)
        return None if given is None else self.choice(given).right

    def choice(self, key: str) -> Choice:
        """The choice with this key; of one that is gone, a wrong one."""
        for choice in self.step.choices:
            if choice.key == key:
                return choice
        return Choice(key=key, says="", right=False, because="")


class Inventory(NamedTuple):
    """All questions, in the order in which they are asked."""

    introduction: str
    questions: tuple[Question, ...]

    def open(self, answers: Answers) -> list[Question]:
        """What was not answered yet."""
        return [q for q in self.questions if q.step.id not in answers]

    def score(self, answers: Answers) -> int:
        """How many are right."""
        return sum(bool(question.right(answers)) for question in self.questions)

    def missed(self, answers: Answers) -> set[int]:
        """The concepts of all questions that were not answered rightly."""
        wrong = [q for q in self.questions if not q.right(answers)]
        return {number for question in wrong for number in question.concepts}

    def to_json(self, takings: Mapping[str, Answers]) -> dict[str, Any]:
        """The result as plain data: per question, its concepts and both takings."""
        return {
            "version": 1,
            "questions": [
                {
                    "question": question.step.id,
                    "concepts": list(question.concepts),
                    **{when: question.right(takings.get(when, {})) for when in TAKINGS},
                }
                for question in self.questions
            ],
        }


def read(language: str = ENGLISH) -> Inventory:
    """The inventory in a language. LessonError says what is wrong with its file."""
    front, introduction = _front("inventory.md")
    questions = [_question(fields) for fields in front.listed("questions")]
    front.done()
    if language != ENGLISH:
        texts, introduction = _front(f"inventory.{language}.md")
        questions, _ = _translated(questions, texts)
    return Inventory(introduction.strip(), tuple(questions))


def untranslated(language: str) -> list[str]:
    """The fields that a translation lacks."""
    front, _ = _front(f"inventory.{language}.md")
    return _translated(list(read().questions), front)[1]


def _front(name: str) -> tuple[Fields, str]:
    return split_front_matter(read_text(library.OURS / name, name), name)


def _question(fields: Fields) -> Question:
    concepts = fields.integers("concepts")
    for number in concepts:
        if number not in curriculum.concepts():
            raise fields.problem("concepts", f"there is no concept {number}")
    question = Question(read_predict(fields, fields.text("id")), concepts)
    fields.done()
    return question


def _translated(
    questions: Iterable[Question], front: Fields
) -> tuple[list[Question], list[str]]:
    missing: list[str] = []
    texts = front.inner("questions")
    found = [
        question._replace(
            step=translated_step(question.step, texts.inner(question.step.id), missing)
        )
        for question in questions
    ]
    texts.done()
    front.done()
    return found, missing


def where_to_begin(missed: Iterable[int], lessons: Iterable[Lesson]) -> Lesson | None:
    """The first lesson about something that was missed; None if there is none."""
    wanted = set(missed)
    return next((lesson for lesson in lessons if wanted & set(lesson.concepts)), None)
