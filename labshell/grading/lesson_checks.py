"""Checks of lessons, where one looks only at what can be handed in.

    items:
      - id: in-its-place
        kind: image
        image: "{{image}}:mended"
        check: lesson:build/run-is-commit:note_is_in_its_place
        points: 3                       those that the lesson's own step gives

A check of a lesson looks at an engine, one of an assignment at bytes. An image answers
both by the same names (paper.py, lessons/image_view.py), so a check that asks for
nothing but images, values and the answer can judge either. Whether it does is read in
its source, not hoped: it, and the functions beside it that it hands its `lab` to, may
use what is in `_ON_PAPER` and nothing else. A check that looks at a container, a
volume, a process or the engine is refused; so is one of which that cannot be told.

What cannot be read there is proved by `lab assignment try`: that the solution earns it.
A file is looked at up to its first MiB, links inside an image lead nowhere, and there
are no images but those that are handed in. The lesson's solution is public.

Try it: `lab assignment lessons`
"""

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from engine.errors import EngineError
from labshell.lessons.fields import read_text
from labshell.lessons.outcomes import Outcome

if TYPE_CHECKING:
    from labshell.grading.work import Work
    from labshell.lessons.lesson import Lesson

FORM = re.compile(r"lesson:([a-z0-9-]+/[a-z0-9-]+):([a-z][a-z0-9_]*)")
_ON_PAPER = frozenset(
    "image values answer maximum passed failed broken compare_answer".split()
)
_FILE = "checks.py"


class LessonCheckError(EngineError):
    """A check of a lesson cannot judge what is handed in."""


class LessonCheck(NamedTuple):
    """A check of a lesson that an item of an assignment can have."""

    name: str  # "lesson:TRACK/LESSON:NAME"
    points: int
    kind: str  # of the item: "image" or "answer"
    values: tuple[str, ...]  # that it reads


def listed(lesson: "Lesson") -> Iterator[LessonCheck]:
    """Those of a lesson's checks that can judge what is handed in, in their order."""
    steps = [step for step in lesson.steps if step.check]
    if not steps:
        return  # it need not have a checks.py
    tree = _tree(lesson)
    for step in steps:
        function = step.check.removeprefix("checks:")
        asked = _Asked(tree, function)
        if not asked.names - _ON_PAPER:
            yield LessonCheck(
                f"lesson:{lesson.name}:{function}",
                step.points,
                "image" if "image" in asked.names else "answer",
                tuple(sorted(asked.values)),
            )


def load(
    name: str, points: int, values: Mapping[str, object]
) -> "Callable[[Work], Outcome]":
    """The function that "lesson:TRACK/LESSON:NAME" stands for.

    LessonCheckError if it gives other points, needs a value that is not among `values`,
    or looks at what cannot be handed in. NotFound if there is no such lesson.
    """
    from labshell.lessons import judge

    lesson, function = _parts(name)
    given = [step.points for step in lesson.steps if step.check == f"checks:{function}"]
    if not given:
        raise LessonCheckError(
            f"{name}: no step of the lesson has this check",
            "`lab assignment lessons` lists those that can be used.",
        )
    path = lesson.folder / _FILE
    asked = _Asked(_tree(lesson), function)
    if beyond := sorted(asked.names - _ON_PAPER):
        raise LessonCheckError(
            f"{name}: it asks for `{beyond[0]}`, which no submission has",
            "`lab assignment lessons` lists those that can be used.",
        )
    if points not in given:
        raise LessonCheckError(
            f"{name}: no step of the lesson gives {points} points by it",
            f"It gives {', '.join(map(str, given))}.",
        )
    if missing := sorted(asked.values - values.keys()):
        raise LessonCheckError(
            f"{name}: it needs a value `{missing[0]}`",
            "Add it to `values` of the assignment, as the lesson has it.",
        )
    module = judge.load(path, f"{lesson.name}/{_FILE}", "`lab lesson lint`")
    check: Callable[[Work], Outcome] = getattr(module, function)
    return check


def file_of(name: str) -> Path:
    """Where the check stands. NotFound if there is no such lesson."""
    return _parts(name)[0].folder / _FILE


def _tree(lesson: "Lesson") -> ast.Module:
    name = f"{lesson.name}/{_FILE}"
    try:
        return ast.parse(read_text(lesson.folder / _FILE, name))
    except (SyntaxError, ValueError) as error:
        raise LessonCheckError(f"{name}: {error}", "`lab lesson lint`") from error


def _parts(name: str) -> "tuple[Lesson, str]":
    from labshell.lessons import library

    match = FORM.fullmatch(name)
    assert match is not None  # assignment.py has seen to it
    return library.find(match[1]), match[2]


class _Asked:
    """What one function asks of its `lab`, and which values it reads there."""

    def __init__(self, tree: ast.Module, function: str) -> None:
        self._functions = {
            node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)
        }
        self.names, self.values, self._seen = set[str](), set[str](), set[str]()
        self._follow(function)

    def _follow(self, function: str) -> None:
        node = self._functions.get(function)
        if node is None or not node.args.args:
            self.names.add(f"{function}()")  # nobody knows what it does
        elif function not in self._seen:
            self._seen.add(function)
            lab = node.args.args[0].arg
            harmless = set(self._read(node, lab))
            for name in ast.walk(node):
                if (
                    isinstance(name, ast.Name)
                    and name.id == lab
                    and name not in harmless
                ):
                    self.names.add(lab)  # handed to something that cannot be followed

    def _read(self, function: ast.FunctionDef, lab: str) -> Iterator[ast.Name]:
        """Note what is asked; the places where `lab` stands for nothing else."""
        for node in ast.walk(function):
            match node:
                case ast.Subscript(
                    value=ast.Attribute(value=ast.Name(id=name), attr="values"),
                    slice=ast.Constant(value=str(value)),
                ) if name == lab:
                    self.values.add(value)
                case ast.Attribute(value=ast.Name(id=name) as place) if name == lab:
                    self.names.add(node.attr)
                    yield place
                case ast.Call(
                    func=ast.Name(id=called), args=[ast.Name(id=name) as place, *_]
                ) if name == lab:
                    self._follow(called)
                    yield place
