"""A check is believed only if it makes sense; everything else is "could not run"."""

import sys
import time

import pytest

from engine.engine import Engine
from labshell.lessons.checks import Lab
from labshell.lessons.judge import judge
from labshell.lessons.outcomes import COULD_NOT_RUN, FAILED, PASSED, Outcome
from labshell.lessons.record import Made


@pytest.fixture
def lab(tmp_path) -> Lab:
    return Lab(
        Engine(tmp_path), values={"name": "otter"}, maximum=4, began=Made(), answer=" 7"
    )


def test_a_check_that_passes_earns_all(lab):
    outcome = judge(lambda lab: lab.passed("Done."), lab)
    assert (outcome.verdict, outcome.earned, outcome.message) == (PASSED, 4, "Done.")


def test_a_check_may_earn_a_part(lab):
    outcome = judge(lambda lab: lab.failed("One is missing.", earned=3), lab)
    assert (outcome.verdict, outcome.earned) == (FAILED, 3)


def test_an_answer_is_compared_without_its_space(lab):
    assert judge(lambda lab: lab.compare_answer("7"), lab).passed
    assert not judge(lambda lab: lab.compare_answer("8"), lab).passed


def said(lab, **fields):
    given = {"verdict": PASSED, "earned": 4, "maximum": 4, "message": ""}
    return Outcome(**(given | fields))


def fails_to_say_why():
    class Mute(Exception):
        def __str__(self):
            raise RuntimeError

    raise Mute


def says_it_in_many_lines():
    raise ValueError("one\ntwo")


def recurse():
    recurse()


@pytest.mark.parametrize(
    "check, why",
    [
        (lambda lab: 1 / 0, "ZeroDivisionError: division by zero"),
        (lambda lab: exit(0), "SystemExit: 0"),
        (lambda lab: None, "it returned None"),
        (lambda lab: "passed", "it returned 'passed'"),
        (lambda lab: print("hello") or lab.passed(""), "it printed 'hello"),
        (lambda lab: lab.failed("", earned=4), "failed with 4 of 4 points"),
        (lambda lab: lab.failed("", earned=-1), "failed with -1 of 4 points"),
        (lambda lab: lab.failed("", earned=9), "failed with 9 of 4 points"),
        (
            lambda lab: Outcome(verdict="super", earned=4, maximum=4, message=""),
            "it returned Outcome",
        ),
        (lambda lab: said(lab, earned="4"), "it returned Outcome"),
        (lambda lab: said(lab, earned=4.0), "it returned Outcome"),
        (lambda lab: said(lab, earned=None), "it returned Outcome"),
        (lambda lab: said(lab, message=7), "it returned Outcome"),
        (lambda lab: said(lab, subject=None), "it returned Outcome"),
        (lambda lab: said(lab, message="x" * 10**6), "it returned Outcome"),
        (lambda lab: print("x", file=sys.stderr) or lab.passed(""), "it printed 'x"),
        (lambda lab: fails_to_say_why(), "Mute: (and saying so: RuntimeError)"),
        (lambda lab: says_it_in_many_lines(), "ValueError: one"),
        (lambda lab: recurse(), "RecursionError"),
    ],
)
def test_nonsense_is_neither_passed_nor_failed(lab, check, why):
    outcome = judge(check, lab)
    assert outcome.verdict == COULD_NOT_RUN
    assert outcome.earned == 0
    assert why in outcome.text()
    assert "\n" not in outcome.text()


def test_a_check_that_hangs_is_ended(lab):
    def forever(lab: Lab) -> Outcome:
        while True:
            try:
                time.sleep(60)
            except Exception:
                continue

    began = time.monotonic()
    outcome = judge(forever, lab, seconds=0.2)
    assert time.monotonic() - began < 5
    assert outcome.text() == "The check could not run: it took longer than 0.2 s."


def test_what_is_not_there_is_not_done_yet(engine):
    lab = Lab(engine, values={}, maximum=4, began=Made())
    outcome = judge(lambda lab: lab.image("nosuch") and lab.passed(""), lab)
    assert (outcome.verdict, outcome.earned) == (FAILED, 0)
    assert outcome.text() == "There is no image nosuch yet."
