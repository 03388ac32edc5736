"""What is noted beside the marks: for questions to a student, and for staff."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from labshell.grading import honesty, keeping, tracer
from labshell.grading.grading import Asked, Graded, grade_class, trace
from labshell.grading.rows import GRADED, CheckMark, ItemMark, Row
from labshell.grading.viva import questions
from tests.grading.courses import Course, laid_out
from tests.images_in_memory import Blobs
from tests.shell.lines import Lab
from tests.tars import archive, regular


def graded(course: Course, out: Path, *files: Path) -> tuple[Graded, dict[str, Any]]:
    """The marks of these files, and what staff should look at."""
    asked = Asked(files=files, folder=course.folder, out=out)
    done = grade_class(asked, None)
    trace(asked, done)
    return done, json.loads((out / honesty.FILE).read_text())


def built(course: Course, student: str, *more: bytes) -> dict[str, bytes]:
    """A solved submission whose image has more layers, and says how they were made."""
    blobs, word = Blobs(), course.word(student).encode()
    lines = ["RUN echo word > /srv/word", "COPY token /token", "RUN rm /token"]
    layers = [archive(regular("srv/word", word)), *more]
    image = blobs.image(*layers, history=[{"created_by": x} for x in lines])
    solved = course.solved(student)
    kept = {name: data for name, data in solved.items() if "/" not in name}
    return {
        **kept,
        **laid_out(blobs, {"docker.io/library/mine:clean": image}),
        "files/Dockerfile": b"FROM scratch\n# a remark\nCOPY token /token\n",
    }


HIDDEN = (archive(regular("token", b"x")), archive(regular(".wh.token")))


def test_they_say_what_is_a_students_own(course: Course, tmp_path: Path) -> None:
    file = course.hand_in("s001", built(course, "s001", *HIDDEN))
    graded(course, tmp_path, file)
    ((name, traces),) = tracer.read(tmp_path)
    word = course.word("s001")
    place = "mine:clean, layer 1, /srv/word"
    assert name == "s001.tar"
    assert traces["values"] == {"word": word}
    assert traces["places"] == {"word": ["the answer to word", place]}
    assert traces["files"]["Dockerfile"]["lines"] == [
        [1, "FROM scratch"],
        [3, "COPY token /token"],
    ]
    image = traces["images"]["mine:clean"]
    assert image["hidden"] == [[1, "/token"]]
    assert [layer["paths"] for layer in image["layers"]] == [
        ["/srv/word"],
        ["/token"],
        [],
    ]
    assert image["made_by"][2] == "RUN rm /token"
    assert (tmp_path / keeping.TRACES).stat().st_mode & 0o77 == 0


def test_what_cannot_be_traced_has_its_marks_all_the_same(
    course: Course, tmp_path: Path
) -> None:
    large = archive(regular("large", bytes(2 << 20)))
    file = course.hand_in("s001", built(course, "s001", large))
    course.replace("unpacked: 16", "unpacked: 1")
    done, found = graded(course, tmp_path, file)
    assert done.rows[0].status == GRADED
    assert found["traced"] == 1
    ((_, traces),) = tracer.read(tmp_path)
    assert traces["images"] == {}


def test_a_viva_asks_three_things_that_only_this_student_can_know(
    course: Course, tmp_path: Path
) -> None:
    file = course.hand_in("s001", built(course, "s001", *HIDDEN))
    done, _ = graded(course, tmp_path, file)
    traces = dict(tracer.read(tmp_path))["s001.tar"]
    hidden, value, line = questions(done.rows[0], traces)
    assert "sees no /token" in hidden.ask
    assert "layer 2 holds it, made by `COPY token /token`" in hidden.answer
    assert course.word("s001") in value.answer
    assert course.word("s001") not in value.ask
    assert "Line 3 of your Dockerfile is `COPY token /token`" in line.ask
    assert "layer 2 of mine:clean" in line.answer
    assert questions(done.rows[0], traces) == [hidden, value, line]


def test_who_has_little_is_asked_what_there_is(course: Course, tmp_path: Path) -> None:
    file = course.hand_in("s001", course.claimed("s001", answers={"word": "no"}))
    done, _ = graded(course, tmp_path, file)
    traces = dict(tracer.read(tmp_path))["s001.tar"]
    first, second = questions(done.rows[0], traces)
    assert "did not earn everything" in first.ask
    assert "Your answer to word was `no`" in second.ask


def test_hidden_checks_are_not_asked_about(course: Course, tmp_path: Path) -> None:
    leaky = archive(regular("leak", b"TOKEN=x"))
    file = course.hand_in("s001", built(course, "s001", leaky))
    done, _ = graded(course, tmp_path, file)
    asked = questions(done.rows[0], dict(tracer.read(tmp_path))["s001.tar"])
    assert not [one for one in asked if "A layer holds the token" in one.ask]


def test_a_value_of_somebody_else_is_told_with_its_places(
    course: Course, tmp_path: Path
) -> None:
    word = course.word("s002")
    members = course.solved("s002") | course.claimed("s001", answers={"word": word})
    files = (
        course.hand_in("s001", members),
        course.hand_in("s002", course.solved("s002")),
    )
    done, found = graded(course, tmp_path, *files)
    assert found["foreign"]["found"] == [
        {
            "student": "s001",
            "whose": "s002",
            "value": f"word = {word}",
            "place": place,
        }
        for place in ("the answer to word", "mine:clean, layer 1, /srv/word")
    ]
    assert [row.earned for row in done.rows] == [6, 10, 0]


def test_a_value_of_somebody_else_is_told_where_it_is_in_a_path(
    course: Course, tmp_path: Path
) -> None:
    path = f"srv/{course.word('s002')}/note"
    members = built(course, "s001", archive(regular(path, b"ready")))
    _, found = graded(course, tmp_path, course.hand_in("s001", members))
    (one,) = found["foreign"]["found"]
    assert (one["whose"], one["place"]) == ("s002", f"mine:clean, layer 2, /{path}")


def test_a_token_of_somebody_else_is_told(course: Course, tmp_path: Path) -> None:
    stolen = course.claimed("s001", token=course.token("s002"))
    _, found = graded(course, tmp_path, course.hand_in("s001", stolen))
    assert found["tokens"] == [
        {"file": "s001.tar", "evidence": "its token is that of s002"}
    ]


def test_who_has_done_it_alone_is_told_nothing_of(
    course: Course, tmp_path: Path
) -> None:
    files = [course.hand_in(one, course.solved(one)) for one in ("s001", "s002")]
    _, found = graded(course, tmp_path, *files)
    assert honesty.how_many(found) == 0


def a_row(student: str, *mistakes: str) -> Row:
    """A row with one item for each of five, and a mistake in some of them."""
    items = [
        ItemMark(
            item=f"i{n}",
            checks=(
                CheckMark(
                    check="checks:x",
                    verdict="failed" if said else "passed",
                    earned=0 if said else 1,
                    maximum=1,
                    message=said,
                ),
            ),
        )
        for n, said in enumerate([*mistakes, *[""] * (5 - len(mistakes))])
    ]
    return Row(
        student=student,
        status=GRADED,
        maximum=5,
        items=tuple(items),
        file=f"{student}.tar",
    )


def pairs(rows: Sequence[Row], traces: Mapping[str, Any] | None = None) -> list[Any]:
    found = honesty.findings((), rows, dict(traces or {}), {})
    return list(found["pairs"]["found"])


def a_class(number: int, *mistakes: str) -> list[Row]:
    """So many students with mistakes that everybody makes."""
    return [a_row(f"s{n:03}", *mistakes) for n in range(number)]


def test_two_who_share_rare_mistakes_are_told_with_the_evidence() -> None:
    rows = a_class(40, "usual") + [a_row(x, "odd", "rare", "queer") for x in "ab"]
    (pair,) = pairs(rows)
    assert pair["students"] == ["a", "b"]
    assert [one["students"] for one in pair["evidence"]] == [2, 2, 2]
    assert pair["bits"] == pytest.approx(3 * 4.39, abs=0.02)
    assert pair["others_by_chance"] < 0.05


@pytest.mark.parametrize(
    "rows",
    [
        a_class(40, "usual", "also usual", "again"),
        [*a_class(40), *(a_row(x, "odd") for x in "ab")],
        [a_row(x, "odd", "rare", "queer") for x in "ab"] + a_class(3),
        [*a_class(40), a_row("a", "odd", "rare"), a_row("b", "rare", "odd")],
    ],
    ids=["what all make", "one alone", "a small class", "other items"],
)
def test_what_chance_explains_is_not_told(rows: Sequence[Row]) -> None:
    assert pairs(rows) == []


def test_layers_that_are_the_same_count_and_those_of_a_base_do_not() -> None:
    def traces(*layers: tuple[str, bool]) -> dict[str, Any]:
        made = [{"diff_id": d, "own": own, "paths": []} for d, own in layers]
        return {"answers": {}, "words": [], "images": {"i": {"layers": made}}}

    rows = [*a_class(100), a_row("a", "odd"), a_row("b", "odd")]
    own = {f"{x}.tar": traces(("sha256:1", True), ("sha256:0", False)) for x in "ab"}
    (pair,) = pairs(rows, own)
    told = [one["what"] for one in pair["evidence"]]
    assert sorted(told) == ["i0: checks:x said 'odd'", "i: the same layer sha256:1"]


def test_the_hint_is_short_and_nothing_of_it_is_in_the_marks(
    course: Course, tmp_path: Path
) -> None:
    stolen = course.claimed("s001", answers={"word": course.word("s002")})
    place = str(course.hand_in("s001", stolen).parent)
    lab, out = Lab(tmp_path / "root"), tmp_path / "marks"
    done = lab("grade", place, "--assignment", str(course.folder), "-o", str(out))
    assert done.code == 0
    assert "honesty.json: 1 for staff to look at; no points depend on it" in done.err
    assert course.word("s002") not in (out / "marks.json").read_text() + done.out
    asked = lab("grade", "viva", str(out), "s001")
    assert asked.lines[0].startswith("1. ")
    assert asked.lines[1].startswith("   Right: ")
    nobody = lab("grade", "viva", str(out), "s003")
    assert "s003 has handed in nothing that could be traced" in nobody.error
