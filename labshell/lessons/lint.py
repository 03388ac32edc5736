"""What can be said of a lesson without running it.

    read        lesson.md and its translations, every field (format.py, translate.py)
    needs       the lessons that come before it exist
    concepts    those that it teaches are in the list (curriculum.py)
    form        a capstone is work alone, and teaches nothing new
    panes       every picture that it wants to be seen exists
    symbols     every engine symbol that it shows exists
    checks      checks.py loads, and has what the steps ask for
    messages    what the checks say is plain text with known values, so that it can
                be translated
    words       no verb, option or instruction is used that no text introduced
                (vocabulary.py); in the translations neither

Each is one finding with one of three outcomes; a translation that lacks something is
no fault, because the English text stands in, but is reported.

Try it: `lab lesson lint`
"""

import ast
import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.errors import EngineError
from labshell.lessons import curriculum, library, prose, symbols
from labshell.lessons.fields import LessonError, read_text
from labshell.lessons.judge import load_check
from labshell.lessons.lesson import Lesson
from labshell.lessons.outcomes import COULD_NOT_RUN, FAILED, PASSED
from labshell.lessons.translate import translated
from labshell.lessons.values import names_in
from labshell.lessons.vocabulary import unintroduced
from labshell.messages import ENGLISH
from labshell.views import pictures

LANGUAGES = ("zh",)
_MOST_CHECKS = 3  # of a capstone: more would be another job


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at, and what came of it."""

    lesson: str
    what: str
    verdict: str
    detail: str = ""

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "lesson": self.lesson,
            "what": self.what,
            "verdict": self.verdict,
            "detail": self.detail,
        }


def finding(lesson: str, what: str, look: Callable[[], str]) -> Finding:
    """Look at one thing. `look` returns a remark, or raises.

    A LessonError is a fault of the lesson; any other error says that we could not look.
    """
    try:
        return Finding(lesson=lesson, what=what, verdict=PASSED, detail=look())
    except LessonError as error:
        verdict, detail = FAILED, error.message
    except EngineError as error:
        verdict, detail = COULD_NOT_RUN, error.message
    except Exception as error:
        verdict, detail = COULD_NOT_RUN, f"{type(error).__name__}: {error}"
    return Finding(lesson=lesson, what=what, verdict=verdict, detail=detail)


def lint(name: str, folder: Path | None = None) -> Iterator[Finding]:
    """All findings of one lesson. If it cannot be read, that is the only one."""

    def read() -> str:
        return f"{len(library.find(name, folder=folder).steps)} steps"

    first = finding(name, "front matter and prose", read)
    yield first
    if first.verdict != PASSED:
        return
    lesson = library.find(name, folder=folder)
    yield finding(name, "lessons that come before", lambda: _needs(lesson, folder))
    yield finding(name, "concepts", lambda: _concepts(lesson))
    if lesson.is_capstone:
        yield finding(name, "form of a capstone", lambda: _capstone(lesson))
    yield finding(name, "panes", lambda: _panes(lesson))
    yield finding(name, "engine symbols", lambda: _symbols(lesson))
    yield finding(name, "checks", lambda: _checks(lesson))
    yield finding(name, "messages of checks", lambda: _messages(lesson))
    for language in LANGUAGES:
        look = functools.partial(_translation, lesson, language)
        yield finding(name, f"translation: {language}", look)
    for language in (ENGLISH, *LANGUAGES):
        look = functools.partial(_words, name, language, folder)
        yield finding(name, f"words it uses: {language}", look)


def _needs(lesson: Lesson, folder: Path | None) -> str:
    known = library.known(folder)
    for name in lesson.needs:
        if name not in known:
            raise LessonError(f"{lesson.shown}: needs: there is no lesson `{name}`")
    return ", ".join(lesson.needs) or "none"


def _concepts(lesson: Lesson) -> str:
    for number in curriculum.unknown(lesson):
        raise LessonError(
            f"{lesson.shown}: concepts: there is no concept {number}",
            "lessons/concepts.txt lists them.",
        )
    return ", ".join(map(str, lesson.concepts))


def _capstone(lesson: Lesson) -> str:
    """A job: its owner says what is wanted, and what comes of it is looked at."""
    kinds = [step.kind for step in lesson.steps]
    if set(kinds) != {"do"} or len(kinds) > _MOST_CHECKS:
        raise LessonError(
            f"{lesson.shown}: steps: a capstone has one to {_MOST_CHECKS}, all `do`",
            "What is to be recalled or predicted belongs into the lessons before it.",
        )
    if lesson.concepts:
        raise LessonError(f"{lesson.shown}: concepts: a capstone teaches none: `[]`")
    return f"{len(kinds)} steps of work"


def _panes(lesson: Lesson) -> str:
    """The pictures; what is named behind one is known when the lesson runs."""
    places = [("panes", lesson.panes)]
    places += [(f"steps.{step.id}.panes", step.panes) for step in lesson.steps]
    for place, panes in places:
        try:
            pictures.named_by(" ".join(panes).split())
        except EngineError as error:
            raise LessonError(
                f"{lesson.shown}: {place}: {error.message}", error.hint
            ) from error
    named = [one for _, panes in places for one in panes]
    for value in names_in(" ".join(named)):
        if value not in lesson.rules:
            raise LessonError(f"{lesson.shown}: panes: `{{{{{value}}}}}` is no value")
    return ", ".join(dict.fromkeys(named)) or "the usual ones"


def _symbols(lesson: Lesson) -> str:
    found = [*lesson.source, *prose.symbols(lesson.sections, lesson.shown)]
    for symbol in found:
        symbols.find(symbol)
    return ", ".join(dict.fromkeys(found))


def _checks(lesson: Lesson) -> str:
    found = [load_check(lesson, step).__name__ for step in lesson.steps if step.check]
    return ", ".join(found)


def _messages(lesson: Lesson) -> str:
    for message in said_by_checks(lesson):
        for name in names_in(message):
            if name not in lesson.rules:
                raise LessonError(
                    f"{lesson.shown}: a check says `{{{{{name}}}}}`, which is no value"
                )
    return f"{len(said_by_checks(lesson))} messages"


def _words(name: str, language: str, folder: Path | None) -> str:
    def find(name: str) -> Lesson:
        return library.find(name, language, folder)

    lesson = find(name)
    new = [f"{step}: `{word.text}`" for step, word in unintroduced(lesson, find)]
    if new:
        raise LessonError(
            f"{lesson.shown}: used and not introduced ({language}): {', '.join(new)}",
            "Name it as code in the text of that step, or need a lesson that does.",
        )
    return ""


def said_by_checks(lesson: Lesson) -> list[str]:
    """Every text that checks.py gives to `lab.passed` or `lab.failed`."""
    path = lesson.folder / "checks.py"
    if not path.exists():
        return []
    shown = lesson.shown.replace("lesson.md", "checks.py")
    said = []
    for node in ast.walk(ast.parse(read_text(path, shown))):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if node.func.attr not in ("passed", "failed") or not node.args:
            continue
        message = node.args[0]
        if not isinstance(message, ast.Constant) or not isinstance(message.value, str):
            raise LessonError(
                f"{shown}: line {node.lineno}: the message must be plain text",
                "Use {{value}}, or {subject} with subject=…, for what varies.",
            )
        said.append(message.value)
    return said


def _translation(lesson: Lesson, language: str) -> str:
    result, missing = translated(lesson, language)
    said = said_by_checks(lesson)
    for message in result.messages:
        if message not in said:
            raise LessonError(
                f"{lesson.shown.replace('.md', f'.{language}.md')}: messages: no check "
                f"says `{message}`"
            )
    missing += [message for message in said if message not in result.messages]
    return f"still English: {'; '.join(missing)}" if missing else "complete"
