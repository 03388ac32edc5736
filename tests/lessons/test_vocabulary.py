"""No verb, option or instruction is used before a text has named it."""

from pathlib import Path

import pytest

from labshell.lessons.fields import LessonError
from labshell.lessons.format import read_lesson
from labshell.lessons.vocabulary import Vocabulary, unintroduced, words_in

LESSON = """---
title: Small
concepts: [1]
minutes: 1
needs: [NEEDS]
steps:
  - id: look
    kind: watch
  - id: work
    kind: do
    points: 1
    check: checks:done
    hints: ["HINT"]
    solve: SOLVE
    also: [lab cp a b]
---
INTRODUCTION

## look

:::run
SHOWN
:::

## work

WORK
"""


class Course:
    """Some lessons, each written from LESSON."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def add(self, name: str, **texts: str) -> None:
        text = LESSON
        given = {"needs": "", "hint": "Try.", "solve": "'true'", "shown": "ls"}
        for place in ("needs", "hint", "solve", "introduction", "shown", "work"):
            text = text.replace(place.upper(), texts.get(place, given.get(place, "")))
        (self._folder / name).mkdir(parents=True)
        (self._folder / name / "lesson.md").write_text(text)

    def find(self, name: str):
        return read_lesson(self._folder / name, name)

    def missing(self, name: str) -> list[tuple[str, str]]:
        found = unintroduced(self.find(name), self.find)
        return [(step, word.text) for step, word in found]


@pytest.fixture
def course(tmp_path):
    return Course(tmp_path)


def texts(lines: str) -> set[str]:
    return {word.text for word in words_in(lines)}


@pytest.mark.parametrize(
    "lines, words",
    [
        ("lab exec x ls", {"lab exec"}),
        ("lab exec -ti x ls", {"lab exec", "lab exec --interactive", "lab exec --tty"}),
        ("lab run busybox ls --color -c", {"lab run"}),
        ("lab create --name x busybox", {"lab create", "lab run --name"}),
        ("lab run -m=64m busybox", {"lab run", "lab run --memory"}),
        ("for x in a; do lab rm $x; done; ls | lab import -", {"lab rm", "lab import"}),
        ('x="$(lab inspect -f x y)"', {"lab inspect", "lab inspect --format"}),
        ("echo $(docker volume ls)", {"lab volume ls"}),
        ("lab nosuch -x", set()),
        ("echo lab rm", set()),
        ("printf 'FROM busybox\\nRUN true\\n' > Dockerfile", {"FROM", "RUN"}),
        ("cat > Dockerfile <<E\nFROM busybox\n  COPY a b\nE", {"FROM", "COPY"}),
        ("echo RUN true", set()),
    ],
)
def test_words_are_found_wherever_bash_would_run_them(lines, words):
    assert texts(lines) == words


@pytest.mark.parametrize(
    "text, line",
    [
        ("`lab exec -it x sh` opens a shell", "lab exec --interactive --tty x sh"),
        ("`docker exec` runs", "lab exec x ls"),
        ("`exec` runs", "lab exec x ls"),
        ("`lab exec` runs, as user with `-u`", "lab exec --user=1 x ls"),
        (
            "`lab build`, `RUN` and `FROM busybox`",
            "printf 'FROM x\nRUN y' | lab build -",
        ),
    ],
)
def test_a_text_introduces_what_it_names_as_code(text, line):
    known = Vocabulary()
    known.add(text)
    assert [word for word in words_in(line) if not known.has(word)] == []


@pytest.mark.parametrize("text", ["lab exec", "```\n`lab exec`\n```\n", "`exec(2)`"])
def test_a_text_that_does_not_name_it_introduces_nothing(text):
    known = Vocabulary()
    known.add(text)
    assert not any(known.has(word) for word in words_in("lab exec x ls"))


def test_what_is_shown_must_have_been_named(course):
    course.add("a", shown="lab layers x")
    course.add("b", shown="lab layers x", introduction="`lab layers` draws them.")
    course.add("late", shown="lab layers x", work="`lab layers` draws them.")
    assert course.missing("a") == [("look", "lab layers")]
    assert course.missing("b") == []
    assert course.missing("late") == [("look", "lab layers")]


def test_what_a_solution_needs_may_be_named_by_a_hint(course):
    course.add("a", solve="lab tag x y")
    course.add("b", solve="lab tag x y", hint="`lab tag` gives a name.")
    assert course.missing("a") == [("work", "lab tag")]
    assert course.missing("b") == []


def test_a_lesson_that_is_needed_introduces_at_any_distance(course):
    course.add("first", introduction="`lab tag` gives a name.")
    course.add("second", needs="first")
    course.add("third", needs="second", solve="lab tag x y")
    assert course.missing("third") == []


def test_lessons_that_need_each_other_are_an_error(course):
    course.add("a", needs="b")
    course.add("b", needs="a")
    with pytest.raises(LessonError, match="in a circle: a → b → a"):
        course.missing("a")


def test_a_dockerfile_of_the_lesson_uses_its_instructions(course, tmp_path):
    course.add(
        "a", introduction="`FROM` begins it.", work="```dockerfile\nENV A=1\n```"
    )
    (tmp_path / "a/files").mkdir()
    (tmp_path / "a/files/Dockerfile").write_text("FROM busybox\nWORKDIR /app\n")
    assert course.missing("a") == [("work", "ENV"), ("files", "WORKDIR")]
