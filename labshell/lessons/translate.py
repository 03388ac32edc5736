"""The same lesson in another language: `lesson.zh.md` beside `lesson.md`.

The translation holds only texts; what is a step, what it earns and how it is checked
is said once, in lesson.md. In its front matter:

    title: …
    steps:
      guess:
        ask: …
        choices: {mark: {says: …}, nothing: {says: …, because: …}}
      delete:
        hints: [one for each]
        wrong: …                     not here: messages of checks are below
    messages:
      "The top layer holds it.": …   what a check says, in English: the translation

and below it the same sections, with the same commands. What is missing stays English
and is reported by `lab lesson lint`; a text for something that is not there is an
error.

Try it: `LANG=zh_CN.UTF-8 lab learn`
"""

import dataclasses
from collections.abc import Mapping

from labshell.lessons import prose
from labshell.lessons.fields import Fields, LessonError, read_text, split_front_matter
from labshell.lessons.lesson import Choice, Lesson, Step
from labshell.lessons.prose import Section


def translated(lesson: Lesson, language: str) -> tuple[Lesson, list[str]]:
    """The lesson with the texts of `language`, and the names of what is missing."""
    path = lesson.folder / f"lesson.{language}.md"
    if not path.exists():
        return lesson, [path.name]
    shown = "/".join(path.parts[-4:])
    front, body = split_front_matter(read_text(path, shown), shown)
    missing: list[str] = []
    title = _text(front, "title", lesson.title, missing)
    texts = front.inner("steps")
    steps = tuple(
        translated_step(step, texts.inner(step.id), missing) for step in lesson.steps
    )
    messages = front.inner("messages")
    texts.done()
    front.done()
    sections = _translated_sections(lesson, prose.read_sections(body, shown), shown)
    missing += [
        f"## {name or 'introduction'}"
        for name in sections.keys() ^ lesson.sections.keys()
    ]
    result = dataclasses.replace(
        lesson,
        title=title,
        steps=steps,
        sections={**lesson.sections, **sections},
        messages={english: messages.text(english) for english in messages.names()},
    )
    return result, missing


def _text(fields: Fields, name: str, original: str, missing: list[str]) -> str:
    if original and not fields.has(name):
        missing.append(fields.place(name))
    return fields.text(name, original)


def translated_step(step: Step, fields: Fields, missing: list[str]) -> Step:
    """A step with the texts of `fields`; the names of those that it lacks are added."""
    ask = _text(fields, "ask", step.ask, missing)
    choices = fields.inner("choices")
    answers = fields.inner("misconceptions")
    hints = fields.texts("hints")
    if len(hints) != len(step.hints):
        if hints:
            raise fields.problem("hints", f"{len(step.hints)} hints are needed")
        missing.extend([fields.place("hints")] if step.hints else [])
        hints = step.hints
    result = dataclasses.replace(
        step,
        ask=ask,
        hints=hints,
        choices=tuple(_choice(c, choices.inner(c.key), missing) for c in step.choices),
        misconceptions={
            key: _text(answers, key, says, missing)
            for key, says in step.misconceptions.items()
        },
    )
    for group in (choices, answers, fields):
        group.done()
    return result


def _choice(choice: Choice, fields: Fields, missing: list[str]) -> Choice:
    result = dataclasses.replace(
        choice,
        says=_text(fields, "says", choice.says, missing),
        because=_text(fields, "because", choice.because, missing),
    )
    fields.done()
    return result


def _translated_sections(
    lesson: Lesson, sections: Mapping[str, Section], shown: str
) -> dict[str, Section]:
    """The sections of the translation, which must run and show the same things."""
    for name, section in sections.items():
        original = lesson.sections.get(name)
        if original is None:
            raise LessonError(f"{shown}: `## {name}` is not a section of lesson.md")
        both = [{name: text} for text in (original, section)]
        for what in (prose.commands, prose.changes, prose.symbols):
            if what(both[0], shown) != what(both[1], shown):
                raise LessonError(
                    f"{shown}: `## {name}`: its `:::run`, `:::look` and `:::source` "
                    "differ from lesson.md",
                    "Translate the text around them only.",
                )
    return dict(sections)
