"""Grading a class: submissions that hold an image, by processes that are nobody.

    one job, two jobs     from the first file to the last row, of a thousand; the
                          "budget" is twenty a second and processor

Beside the times stands how many that are in a minute, and the most memory that the
grader had at any time: it does not grow with the class, see tests/grading/test_many.py.

Try it: `sudo .venv/bin/python -m tests.benchmarks grading`
"""

import os
import resource
import tempfile
import time
from pathlib import Path

from tests import workshop
from tests.benchmarks.jobs import Field
from tests.benchmarks.timing import Contest
from tests.grading.courses import Course

CLASS = 1000  # submissions
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


JOBS = [grading_alone, grading_together]
