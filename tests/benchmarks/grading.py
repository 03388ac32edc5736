"""Grading a class: submissions that hold an image, by processes that are nobody.

    one job, two jobs     from the first file to the last row, of a thousand; the
                          "budget" is twenty a second and processor
    a sandbox             what it costs to run a script that does nothing, and to look
                          at what came of it; 0.3 s is the budget

Beside the times stands how many that are in a minute, and the most memory that the
grader had at any time: it does not grow with the class, see tests/grading/test_many.py.

Try it: `sudo .venv/bin/python -m tests.benchmarks grading`
"""

import os
import resource
import statistics
import tempfile
import time
from contextlib import closing
from pathlib import Path

from labshell.grading.ran import Ran
from labshell.grading.runner import Runner
from tests import workshop
from tests.benchmarks.jobs import Field
from tests.benchmarks.timing import Contest
from tests.grading.courses import Course
from tests.grading.running import RunCourse

CLASS = 1000  # submissions
NOTHING = {"solve.sh": b"exit 0"}
RUNS, SANDBOX = 20, 0.3  # runs, and the seconds that each may take
BUDGET = 20.0  # submissions a second, of one processor


def _seconds(course: Course, files: list[Path], jobs: int) -> float:
    began = time.perf_counter()
    looks = course.looks(*files, jobs=jobs)
    took = time.perf_counter() - began
    assert {look.row.earned for look in looks} == {10}
    return took


def _class(jobs: int) -> Contest:
    with tempfile.TemporaryDirectory(dir=workshop.DISK) as place:
        course = Course(Path(place) / "course")
        first = course.hand_in("first", course.solved("s001"))
        files = [first.with_name(f"f{number}.tar") for number in range(CLASS)]
        for file in files:
            os.link(first, file)
        took = _seconds(course, files, jobs)
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    return Contest(
        job=f"grade {CLASS}, {jobs} at once: {60 * CLASS / took:.0f}/min, {most} MB",
        times={"lab": took, "budget": CLASS / BUDGET / jobs},
        unit="s",
        rival="budget",
        target=1.0,
    )


def grading_alone(field: Field) -> Contest:
    """One at a time."""
    return _class(1)


def grading_together(field: Field) -> Contest:
    """Two at a time."""
    return _class(2)


def running(field: Field) -> Contest:
    """A script that does nothing, each time in a sandbox of its own."""
    times = []
    with tempfile.TemporaryDirectory(dir=workshop.DISK) as place:
        course = RunCourse(Path(place) / "course")
        with closing(Runner(course.assignment)) as runner:
            runner.run(NOTHING, {})  # the first makes the engine
            for _ in range(RUNS):
                began = time.perf_counter()
                assert isinstance(runner.run(NOTHING, {})["solve.sh"], Ran)
                times.append(time.perf_counter() - began)
    return Contest(
        job="run a script in a sandbox",
        times={"lab": statistics.median(times), "budget": SANDBOX},
        unit="s",
        rival="budget",
        target=1.0,
    )


JOBS = [grading_alone, grading_together, running]
