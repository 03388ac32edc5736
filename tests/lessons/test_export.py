"""Progress travels: exported, taken in, merged; nothing is lost or doubled."""

import itertools
import json
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.engine import Engine
from labshell.cli import run_line
from labshell.lessons.merging import better
from labshell.lessons.progress import Progress
from labshell.lessons.record import DONE, STATUSES, Made, StepRecord

LESSON = "commit/init-layer"


@pytest.fixture
def lab(tmp_path, capsys, monkeypatch):
    """Type a `lab` line on one of two machines."""

    def run(machine: str, *words: str) -> str:
        monkeypatch.setenv("LABSHELL_PROGRESS", str(tmp_path / machine))
        code = run_line(Engine(tmp_path / "unused"), ("lesson", *words))
        out, err = capsys.readouterr()
        assert (code == 0) == (err == ""), err
        return out + err

    run.at = lambda machine: Progress(tmp_path / machine)
    return run


def learn(progress: Progress, **earned: int) -> None:
    for step, points in earned.items():
        record = progress.of(LESSON).of(step)
        record.earned, record.status = points, DONE
    progress.save(LESSON)


def test_what_is_exported_arrives_on_a_new_machine(lab, tmp_path):
    old = lab.at("old")
    learn(old, recall=1, notes=4)
    old.save_card(f"{LESSON}/recall", 2, "2026-12-01")
    file = str(tmp_path / "export.json")
    assert "is exported" in lab("old", "export", file)
    assert "0 points before, 5 now" in lab("new", "import", file)
    new = lab.at("new")
    assert new.earned == 5
    assert new.cards == {f"{LESSON}/recall": (2, "2026-12-01")}
    assert new.seed_of(LESSON) == old.seed_of(LESSON)


def test_of_each_step_the_better_result_counts(lab, tmp_path):
    learn(lab.at("old"), recall=1, notes=2)
    learn(lab.at("new"), notes=4, commit=2)
    lab("old", "export", str(tmp_path / "export.json"))
    for _ in range(2):  # the second time changes nothing
        lab("new", "import", str(tmp_path / "export.json"))
        steps = lab.at("new").of(LESSON).steps
        assert {id: step.earned for id, step in steps.items()} == {
            "recall": 1, "notes": 4, "commit": 2
        }  # fmt: skip


def test_what_stands_in_the_engine_stays_on_its_machine(lab, tmp_path):
    old = lab.at("old")
    old.of(LESSON).made = Made(containers=["c1"])
    old.of(LESSON).before, old.of(LESSON).root = Made(), "/var/lib/labshell"
    learn(old, recall=1)
    exported = lab("old", "export", "-")
    lesson = json.loads(exported)["lessons"][LESSON]
    assert lesson["made"] == asdict(Made())
    assert (lesson["before"], lesson["root"]) == (None, "")
    new = lab.at("new")
    new.of(LESSON).made, new.of(LESSON).before = Made(containers=["c2"]), Made()
    new.save(LESSON)
    (tmp_path / "export.json").write_text(exported)
    lab("new", "import", str(tmp_path / "export.json"))
    assert lab.at("new").of(LESSON).made.containers == ["c2"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"version": 9}', "\0" * 100])
def test_a_file_that_is_no_export_changes_nothing(lab, tmp_path, text):
    learn(lab.at("new"), recall=1)
    before = (tmp_path / "new").read_text()
    (tmp_path / "export.json").write_text(text)
    said = lab("new", "import", str(tmp_path / "export.json"))
    assert "is not a progress file" in said
    assert "`lab lesson export` writes one" in said
    assert (tmp_path / "new").read_text() == before


def test_a_file_that_is_not_there_is_one_clear_error(lab, tmp_path):
    assert "there is no such file" in lab("new", "import", str(tmp_path / "nowhere"))


def test_an_export_to_nowhere_is_one_clear_error(lab, tmp_path):
    assert "Error" in lab("old", "export", str(tmp_path / "no/such/place"))


def test_a_progress_file_itself_can_be_taken_in(lab, tmp_path):
    learn(lab.at("old"), recall=1)
    lab("new", "import", str(tmp_path / "old"))
    assert json.loads((tmp_path / "new").read_text())["lessons"][LESSON]["steps"]


records = st.builds(
    StepRecord,
    status=st.sampled_from(STATUSES),
    earned=st.integers(0, 3),
    tries=st.integers(0, 2),
    answer=st.sampled_from(["", "a"]),
)


@given(st.lists(records, min_size=3, max_size=3))
def test_the_order_of_merging_does_not_matter(steps):
    results = []
    for one, two, three in itertools.permutations(steps):
        results.append(better(better(one, two), three))
    assert all(result == results[0] for result in results)
    assert results[0].earned == max(step.earned for step in steps)
