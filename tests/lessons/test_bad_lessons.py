"""Whatever a lesson's files hold, one line says what is wrong, and nothing breaks."""

import copy
import os
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from labshell.lessons import judge, library
from labshell.lessons.fields import LessonError
from labshell.lessons.format import read_lesson
from labshell.lessons.lint import lint
from labshell.lessons.outcomes import FAILED
from labshell.lessons.translate import translated

FILES = {
    name: (library.OURS / "skeleton" / name).read_text()
    for name in ("lesson.md", "lesson.zh.md", "setup.lab", "checks.py")
}
FRONT = {
    name: yaml.safe_load(text.split("---\n")[1])
    for name, text in FILES.items()
    if name.endswith(".md")
}

junk = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 10**6)
    | st.floats()
    | st.dates()
    | st.binary(max_size=4)
    | st.sampled_from(["", " ", "a/b", "../x", "{{", "{{nosuch}}", "---", ":::", "$("])
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=4) | st.integers(0, 3), inner, max_size=3)
    ),
    max_leaves=5,
)


def places_of(name: str) -> list[tuple]:
    """The way to every field of a file's front matter."""

    def inside(data, path=()):
        if isinstance(data, dict):
            pairs = list(data.items())
        else:
            pairs = list(enumerate(data)) if isinstance(data, list) else []
        yield from [path] if path else []
        for key, each in pairs:
            yield from inside(each, (*path, key))

    return list(inside(FRONT[name]))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("lessons") / "track" / "010.slug"


def write(folder: Path, name: str, text: str | bytes) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for other, good in FILES.items():
        (folder / other).write_text(good)
    data = text if isinstance(text, bytes) else text.encode("utf-8", "replace")
    (folder / name).write_bytes(data)


def with_front(name: str, front: object) -> str:
    body = FILES[name].split("---\n", 2)[2]
    return f"---\n{yaml.safe_dump(front, allow_unicode=True)}---\n{body}"


def is_told_or_read(folder: Path) -> None:
    """The lesson is read, or one line says which file is at fault."""
    try:
        lesson = read_lesson(folder, "track/slug")
        translated(lesson, "zh")
    except LessonError as error:
        assert (
            "lesson.md" in error.message
            or "lesson.zh.md" in error.message
            or ("setup.lab" in error.message)
        )
        assert len(error.message) < 1000


quietly = settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@quietly
@given(
    st.sampled_from(sorted(FRONT)).flatmap(
        lambda name: st.tuples(st.just(name), st.sampled_from(places_of(name)), junk)
    )
)
@example(("lesson.md", ("setup",), 0))
@example(("lesson.md", ("setup",), "\0"))
@example(("lesson.md", ("setup",), "x" * 300))
@example(("lesson.md", ("setup",), "."))
def test_every_field_may_be_anything(folder, broken):
    name, path, value = broken
    front = copy.deepcopy(FRONT[name])
    inner = front
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    write(folder, name, with_front(name, front))
    is_told_or_read(folder)


@pytest.mark.parametrize("name", sorted(FRONT))
def test_every_field_may_be_missing_or_misspelt(folder, name):
    for path in places_of(name):
        for change in ("missing", "misspelt"):
            front = copy.deepcopy(FRONT[name])
            inner = front
            for key in path[:-1]:
                inner = inner[key]
            value = inner.pop(path[-1])
            if change == "misspelt" and isinstance(inner, dict):
                inner[f"{path[-1]}x"] = value
            write(folder, name, with_front(name, front))
            is_told_or_read(folder)


@quietly
@given(st.sampled_from(sorted(FILES)), st.binary(max_size=200), st.integers(0, 3000))
@example("lesson.md", b"\xff\xfe", 0)
@example("lesson.md", b"---\n? [a, b]\n: c\n---\n", 0)
@example("lesson.md", b"---\n? {a: b}\n: c\n---\n", 0)
@example("lesson.md", b"---\n<<: [1]\n---\n", 0)
@example("lesson.md", b"---\na: &a [*a]\ntitle: *a\n---\n", 0)
@example("lesson.md", b"---\n" + b"[" * 5000 + b"\n---\n", 0)
@example("lesson.md", b"---\ntitle: 2026-99-99\n---\n", 0)
@example("lesson.md", b"---\ntitle: !!python/object:os.system x\n---\n", 0)
def test_bytes_may_be_anything(folder, name, data, at):
    good = FILES[name].encode()
    write(folder, name, good[:at] + data + good[at + len(data) :] if at else data)
    is_told_or_read(folder)


def test_a_text_that_unfolds_without_end_is_told_in_one_line(folder):
    """Each line names the one before it ten times: 10 to the power of 12 words."""
    lines = ["a0: &a0 [x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 13)]
    lines.append("title: *a12")
    write(folder, "lesson.md", "---\n" + "\n".join(lines) + "\n---\n")
    is_told_or_read(folder)


@pytest.mark.parametrize(
    "checks, says",
    [
        ("while True: pass", "to load"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("raise RuntimeError('a\\nb')", "RuntimeError: a"),
        ("\0", "checks.py:"),
        ("x = " + "[" * 500, "checks.py:"),
        ("note_is_there = 7", "has no `note_is_there`"),
        ("print('x' * 100)\n", "has no `note_is_there`"),
    ],
)
def test_checks_that_do_not_load_are_a_finding(folder, checks, says, monkeypatch):
    monkeypatch.setattr(judge, "SECONDS", 0.3)
    write(folder, "checks.py", checks)
    found = {f.what: f for f in lint("track/slug", folder.parent.parent)}
    assert found["checks"].verdict == FAILED
    assert says in found["checks"].detail
    assert "\n" not in found["checks"].detail


def test_a_file_that_is_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "lesson.md")
    with pytest.raises(LessonError, match="not a file"):
        read_lesson(tmp_path, "track/slug")
