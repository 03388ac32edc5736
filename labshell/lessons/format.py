"""lesson.md, read and checked.

A lesson is one folder, `lessons/<track>/<NNN.slug>/`, found as "track/slug":

    lesson.md      front matter (YAML) and prose (Markdown), see prose.py
    checks.py      functions Lab -> Outcome, see checks.py of this package
    setup.lab      shell lines that make what the lesson needs
    lesson.zh.md   its texts in Chinese, see translate.py

The front matter: title, concepts (rows of the concept table), minutes, needs (lessons
that come first), values (see values.py), panes, source (symbols worth reading), setup
(the file's name), docker (true: it wants Docker's client, see client.py), programs
(what must be installed, by the names of Debian's packages), and steps. Every step has
an id and a kind, and may have panes of its own (`:panes` shows them):

    read      prose
    watch     prose whose `:::run` and `:::look` commands are run before the
              student's eyes
    predict   ask, choices: each has `says`; one is `right: true`, each other has
              `because`, which answers the misconception behind it. One try: the
              choice is locked before the reveal (`### after`).
    explain   ask; answer: {number: N, tolerance: T} or {texts: [a, b]}, or a check;
              misconceptions: {wrong answer: what to say to it}
    do        points, check, hints (from a nudge to nearly the answer), solve (the
              reference solution), also (other ways that must pass), wrong (what must
              not: do, earned, says)

Try it: `lab lesson lint` after changing any of it.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from labshell.lessons import prose
from labshell.lessons.fields import Fields, LessonError, read_text, split_front_matter
from labshell.lessons.lesson import KINDS, Answer, Choice, Lesson, Step, Wrong
from labshell.lessons.values import names_in, read_rules


def read_lesson(folder: Path, name: str) -> Lesson:
    """Read and check `lesson.md` of one folder. LessonError says what is wrong."""
    path = folder / "lesson.md"
    shown = "/".join(path.parts[-4:])
    front, body = split_front_matter(read_text(path, shown), shown)
    lesson = Lesson(
        name=name,
        folder=folder,
        shown=shown,
        title=front.text("title"),
        concepts=front.integers("concepts"),
        minutes=front.integer("minutes"),
        needs=front.texts("needs"),
        rules=read_rules(front.inner("values")),
        panes=front.texts("panes"),
        source=front.texts("source"),
        setup=_read_setup(front, folder),
        docker=front.flag("docker"),
        programs=front.texts("programs"),
        steps=tuple(_read_step(fields) for fields in front.listed("steps")),
        sections=prose.read_sections(body, shown),
    )
    front.done()
    _examine(lesson, front)
    return lesson


def _read_setup(front: Fields, folder: Path) -> str:
    name = front.text("setup", "")
    if "/" in name:
        raise front.problem("setup", "the name of a file in the lesson's folder")
    if not name:
        return ""
    if not os.path.isfile(folder / name):
        raise front.problem("setup", f"the lesson's folder has no file {name!r:.60}")
    return read_text(folder / name, "/".join((folder / name).parts[-4:]))


def _read_step(fields: Fields) -> Step:
    id, kind = fields.text("id"), fields.text("kind")
    if not id.replace("-", "").isalnum() or id == prose.CLOSING:
        raise fields.problem("id", f"small letters, digits and `-`, not `{id}`")
    step = fields.called(f"steps.{id}")
    step.text("id")
    step.text("kind")
    if kind not in _READERS:
        raise step.problem("kind", f"one of {', '.join(KINDS)}, not `{kind}`")
    result = replace(_READERS[kind](step, id), panes=step.texts("panes"))
    step.done()
    return result


def _read_prose(fields: Fields, id: str) -> Step:
    return Step(id=id, kind=fields.text("kind"), points=0)


def read_predict(fields: Fields, id: str) -> Step:
    """A question with choices, one of which is right."""
    given = fields.inner("choices")
    choices = tuple(_read_choice(given.inner(key), key) for key in given.names())
    if [choice.right for choice in choices].count(True) != 1 or len(choices) < 2:
        raise fields.problem("choices", "one right and at least one wrong are needed")
    right = next(choice for choice in choices if choice.right)
    return Step(
        id=id,
        kind="predict",
        points=fields.integer("points", 1),
        ask=fields.text("ask"),
        choices=choices,
        solve=(f":answer {right.key}",),
        wrong=tuple(
            Wrong(do=(f":answer {choice.key}",), earned=0, says=choice.because)
            for choice in choices
            if not choice.right
        ),
    )


def _read_choice(fields: Fields, key: str) -> Choice:
    right = fields.flag("right")
    choice = Choice(
        key=key,
        says=fields.text("says"),
        right=right,
        because=fields.text("because", "" if right else None),
    )
    fields.done()
    return choice


def _read_explain(fields: Fields, id: str) -> Step:
    check, given = fields.text("check", ""), fields.inner("answer")
    if bool(check) == fields.has("answer"):
        raise fields.problem("answer", "either `answer` or `check` is needed")
    answer = None if check else _read_answer(given)
    wrongs = fields.inner("misconceptions")
    misconceptions = {key: wrongs.text(key) for key in wrongs.names()}
    solve = _lines(fields.text("solve")) if answer is None else ()
    return Step(
        id=id,
        kind="explain",
        points=fields.integer("points", 1),
        ask=fields.text("ask"),
        answer=answer,
        misconceptions=misconceptions,
        check=check,
        hints=fields.texts("hints"),
        solve=solve or (f":answer {answer.example() if answer else ''}",),
        also=tuple(_lines(text) for text in fields.texts("also")),
        wrong=(
            *(
                Wrong(do=(f":answer {key}",), earned=0, says=says)
                for key, says in misconceptions.items()
            ),
            *_read_wrongs(fields),
        ),
    )


def _read_answer(fields: Fields) -> Answer:
    if fields.has("number"):
        answer = Answer(
            number=fields.number("number"), tolerance=fields.number("tolerance", 0)
        )
    else:
        answer = Answer(texts=fields.texts("texts"))
        if not answer.texts:
            raise fields.problem("", "`number` or `texts` is needed")
    fields.done()
    return answer


def _read_do(fields: Fields, id: str) -> Step:
    step = Step(
        id=id,
        kind="do",
        points=fields.integer("points"),
        check=fields.text("check"),
        hints=fields.texts("hints"),
        solve=_lines(fields.text("solve")),
        also=tuple(_lines(text) for text in fields.texts("also")),
        wrong=_read_wrongs(fields),
    )
    fields.done()  # a misspelt field is the better thing to say
    if step.points == 0:
        raise fields.problem("points", "work earns at least one point")
    if not step.hints:
        raise fields.problem("hints", "at least one hint is needed")
    return step


def _read_wrongs(fields: Fields) -> tuple[Wrong, ...]:
    wrongs = []
    for given in fields.listed("wrong"):
        wrongs.append(
            Wrong(
                do=_lines(given.text("do")),
                earned=given.integer("earned"),
                says=given.text("says", ""),
            )
        )
        given.done()
    return tuple(wrongs)


_READERS: Mapping[str, Callable[[Fields, str], Step]] = {
    "read": _read_prose,
    "watch": _read_prose,
    "predict": read_predict,
    "explain": _read_explain,
    "do": _read_do,
}


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line for line in text.split("\n") if line.strip())


def _examine(lesson: Lesson, front: Fields) -> None:
    """What no single field can show: that steps, sections and values fit together."""
    ids = [step.id for step in lesson.steps]
    if not ids:
        raise front.problem("steps", "at least one step is needed")
    for id in ids:
        if ids.count(id) > 1:
            raise front.problem(f"steps.{id}", "two steps have this id")
        if id not in lesson.sections:
            raise front.problem(f"steps.{id}", f"there is no section `## {id}`")
    for name in lesson.sections:
        if name not in (*ids, prose.INTRODUCTION, prose.CLOSING):
            raise LessonError(f"{lesson.shown}: `## {name}` is no step of the lesson")
    running = {name for name, _ in prose.commands(lesson.sections, lesson.shown)}
    for step in lesson.steps:
        if step.kind == "watch" and step.id not in running:
            raise front.problem(f"steps.{step.id}", "nothing to watch: no `:::look`")
    known = lesson.rules.keys()
    for text in _all_texts(lesson):
        for name in names_in(text):
            if name not in known:
                raise front.problem("values", f"`{{{{{name}}}}}` is used and not there")


def _all_texts(lesson: Lesson) -> list[str]:
    texts = [lesson.setup]
    for section in lesson.sections.values():
        texts += [section.before, section.after]
    for step in lesson.steps:
        texts += [step.ask, *step.hints, *step.solve, *step.misconceptions.values()]
        texts += [line for lines in step.also for line in lines]
        texts += [text for wrong in step.wrong for text in (*wrong.do, wrong.says)]
        texts += [choice.says for choice in step.choices]
    return texts
