"""Grading a class: submissions that hold an image, by processes that are nobody.

    one job, two jobs     from the first file to the last row, of a thousand; the
                          "budget" is twenty a second and processor
    a sandbox             what it costs to run a script that does nothing, and to look
                          at what came of it; 0.3 s is the budget
    … with a lab          the same where there is an engine, and a script that runs a
                          container with it: twice the budget
    two workers, four     of a Dask cluster on this machine, against one worker

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

from distributed import LocalCluster

from labshell.grading import rounds
from labshell.grading.classroom import Classroom
from labshell.grading.cluster import Cluster
from labshell.grading.journal import Journal
from labshell.grading.ran import Ran
from labshell.grading.runner import Runner
from tests import workshop
from tests.benchmarks.jobs import Field
from tests.benchmarks.timing import Contest
from tests.grading.courses import Course
from tests.grading.running import RunCourse

CLASS = 1000  # submissions
CONTAINER = b"lab run --rm --network none busybox true"
RUNS, SANDBOX = 20, 0.3  # runs, and the seconds that each may take
HERE = "127.0.0.1"
BUDGET = 20.0  # submissions a second, of one processor


def _files(course: Course) -> list[Path]:
    """A class whose students have all handed in the same."""
    first = course.hand_in("first", course.solved("s001"))
    files = [first.with_name(f"f{number}.tar") for number in range(CLASS)]
    for file in files:
        os.link(first, file)
    return files


def _seconds(course: Course, files: list[Path], jobs: int) -> float:
    began = time.perf_counter()
    looks = course.looks(*files, jobs=jobs)
    took = time.perf_counter() - began
    assert {look.row.earned for look in looks} == {10}
    return took


def _class(jobs: int) -> Contest:
    with tempfile.TemporaryDirectory(dir=workshop.DISK) as place:
        course = Course(Path(place) / "course")
        took = _seconds(course, _files(course), jobs)
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


def _runs(job: str, script: bytes, budget: float, *, lab: bool) -> Contest:
    """A script, each time in a sandbox of its own, with a `lab` or without."""
    files = {"solve.sh": script}
    times = []
    with tempfile.TemporaryDirectory(dir=workshop.DISK) as place:
        course = RunCourse(Path(place) / "course")
        if lab:
            course.give_labs()
        with closing(Runner(course.assignment)) as runner:
            runner.run(files, {})  # the first makes the engine
            for _ in range(RUNS):
                began = time.perf_counter()
                ran = runner.run(files, {})["solve.sh"]
                assert isinstance(ran, Ran) and ran.exit_status == 0
                times.append(time.perf_counter() - began)
    return Contest(
        job=job,
        times={"lab": statistics.median(times), "budget": budget},
        unit="s",
        rival="budget",
        target=1.0,
    )


def running(field: Field) -> Contest:
    """A script that does nothing."""
    return _runs("run a script in a sandbox", b"exit 0", SANDBOX, lab=False)


def running_a_container(field: Field) -> Contest:
    """A script that runs a container with an engine of its own."""
    job = "run a script that runs a container"
    return _runs(job, CONTAINER, 2 * SANDBOX, lab=True)


def _at_workers(course: Course, files: list[Path], count: int) -> float:
    """Seconds, from the first file to the last row, with so many workers."""
    with LocalCluster(
        n_workers=count, threads_per_worker=1, host=HERE, dashboard_address=f"{HERE}:0"
    ) as made:
        cluster = Cluster(made.scheduler_address, course.assignment, None)
        kept = Journal(course.place / f"at-{count}", "mark", resume=False)
        with closing(cluster), closing(kept):
            room, hire = Classroom(course.assignment), cluster.looker
            began = time.perf_counter()
            rounds.grade(room, files, kept, cluster.jobs, None, hire)
            return time.perf_counter() - began


def _cluster(count: int, target: float) -> Contest:
    with tempfile.TemporaryDirectory(dir=workshop.DISK) as place:
        course = Course(Path(place) / "course")
        files = _files(course)
        times = {"lab": _at_workers(course, files, count)}
        times["one worker"] = _at_workers(course, files, 1)
    job = f"grade {CLASS}, {count} workers of a cluster"
    return Contest(job=job, times=times, unit="s", rival="one worker", target=target)


def grading_at_two_workers(field: Field) -> Contest:
    """Two, which is all the processors of a small machine."""
    return _cluster(2, 0.65)


def grading_at_four_workers(field: Field) -> Contest:
    """Four; where there are but two processors, no better than two."""
    return _cluster(4, 1.0)


JOBS = [
    grading_alone,
    grading_together,
    grading_at_two_workers,
    grading_at_four_workers,
    running,
    running_a_container,
]
