"""A page to keep of each lesson: what you predicted, what happened, why.

    for each step that is done      the question, your answer, what is right
                                    what was to be seen: prose, commands, source
                                    the solution, in Docker's words
    at the end of the lesson        why

Steps that are not done are left out, so nothing is given away. The page is Markdown;
as HTML it is one file that needs nothing else.

Try it: `lab notes > notes.md`, `lab notes --html > notes.html`
"""

import html
from collections.abc import Iterable, Iterator

from labshell.lessons import prose
from labshell.lessons.dockers_words import in_dockers_words
from labshell.lessons.lesson import Lesson, Step
from labshell.lessons.progress import Progress
from labshell.lessons.record import DONE, OPEN, SKIPPED, WRONG, LessonRecord, StepRecord
from labshell.lessons.values import derive, fill
from labshell.messages import translate, translate_count

_PAGE = """<!DOCTYPE html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{ max-width: 44em; margin: 2em auto; padding: 0 1em; line-height: 1.5;
        font-family: sans-serif }}
pre {{ overflow-x: auto; padding: .7em; background: #8882 }}
table {{ border-collapse: collapse }}
td, th {{ border: 1px solid #8888; padding: .2em .6em }}
</style>
</head>
<body>
{body}</body>
</html>
"""


def notes(progress: Progress, lessons: Iterable[Lesson], language: str) -> str:
    """The notes on all lessons in which a step is done, as Markdown."""
    pages = []
    for lesson in lessons:
        record = progress.lessons.get(lesson.name)
        if record and any(record.of(step.id).done for step in lesson.steps):
            seed = progress.seed_of(lesson.name)
            pages.append(_Page(lesson, record, seed, language).text())
    return "\n\n".join(pages) + "\n" if pages else ""


def as_html(markdown: str, language: str) -> str:
    """The same as one page of HTML; HTML within the text is shown, not obeyed."""
    from markdown_it import MarkdownIt

    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    title = markdown.partition("\n")[0].lstrip("# ")
    return _PAGE.format(
        language=language, title=html.escape(title), body=reader.render(markdown)
    )


class _Page:
    """The notes on one lesson."""

    def __init__(
        self, lesson: Lesson, record: LessonRecord, seed: str, language: str
    ) -> None:
        self._lesson, self._record, self._language = lesson, record, language
        self._values = derive(seed, lesson.name, lesson.rules)

    def text(self) -> str:
        lesson, record = self._lesson, self._record
        earned = sum(record.of(step.id).earned for step in lesson.steps)
        points = f"{earned}/{self._points(lesson.maximum)}"
        parts = [f"# {lesson.title}", f"*{lesson.name} · {points}*"]
        for step in lesson.steps:
            if record.of(step.id).done:
                parts += self._step(step, record.of(step.id))
        closing = lesson.sections.get(prose.CLOSING)
        if closing and record.finished:
            parts += [f"## {self._word('Why')}", *self._prose(closing.before)]
        return "\n\n".join(part for part in parts if part)

    def _word(self, text: str) -> str:
        return translate(text, self._language)

    def _points(self, number: int) -> str:
        return translate_count(
            "{count} point", "{count} points", number, self._language
        )

    def _fill(self, text: str) -> str:
        return fill(text, self._values)

    def _step(self, step: Step, record: StepRecord) -> Iterator[str]:
        section = self._lesson.sections[step.id]
        yield f"## {step.id}"
        if step.ask:
            yield f"**{self._fill(step.ask)}**"
            yield self._answer(step, record)
        else:
            yield from self._prose(section.before)
        yield self._solution(step)
        if record.message and step.kind != "predict":
            said = self._word(self._lesson.said(record.message, self._values))
            yield f"{_MARKS[record.status]} {said}"
        yield from self._prose(section.after)

    def _answer(self, step: Step, record: StepRecord) -> str:
        """What was answered, and what is right."""
        if record.status == SKIPPED:
            return f"- {self._word('skipped')}"
        mark, chosen = _MARKS[record.status], record.answer
        lines = []
        for choice in step.choices:
            if choice.key == chosen:
                chosen = self._fill(choice.says)
                if choice.because:
                    lines.append(self._fill(choice.because))
            elif choice.right:
                says = self._word("It is: {answer}")
                lines.append(says.format(answer=self._fill(choice.says)))
        if step.choices:
            said = self._word("You predicted: {answer}").format(answer=chosen)
        else:
            said = self._word("You answered: {answer}").format(answer=_as_code(chosen))
        lines.insert(0, f"{said} {mark}")
        return "\n".join(f"- {line}" for line in lines)

    def _solution(self, step: Step) -> str:
        lines = [line for line in step.solve if not line.startswith(":")]
        return self._commands(lines) if lines else ""

    def _commands(self, lines: Iterable[str]) -> str:
        typed = "\n".join(in_dockers_words(self._fill(line)) for line in lines)
        return f"```sh\n{typed}\n```"

    def _prose(self, text: str) -> Iterator[str]:
        for piece in prose.pieces(text, self._lesson.shown):
            match piece:
                case prose.Paragraphs(text=markdown):
                    yield self._fill(markdown).strip("\n")
                case prose.Run(line=line):
                    yield self._commands([line])
                case prose.Source(symbol=symbol, comment=comment):
                    yield f"`{symbol}`: {self._fill(comment)}"


_MARKS = {DONE: "✓", SKIPPED: "–", OPEN: "", WRONG: "✗"}


def _as_code(text: str) -> str:
    """What a student typed, so that nothing in it is read as Markdown."""
    quoted = text.replace("`", "'").replace("\n", " ").strip()
    return f"`{quoted}`" if quoted else "–"
