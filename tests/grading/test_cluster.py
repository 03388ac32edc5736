"""A cluster gives the rows of a local grading, whatever becomes of its workers."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest
from distributed import LocalCluster, Security

import labshell
from engine.engine import Engine
from engine.errors import EngineError, InvalidArgument
from labshell.cli import run_line
from labshell.grading import cluster as clusters
from labshell.grading import rounds
from labshell.grading.classroom import Classroom
from labshell.grading.cluster import Certificates, Cluster, examine
from labshell.grading.journal import Journal
from tests.grading.running import HONEST, RunCourse

HOME = Path(labshell.__path__[0]).parent
HERE = {"host": "127.0.0.1", "dashboard_address": "127.0.0.1:0"}


@contextmanager
def workers(count, **given):
    with (
        tempfile.TemporaryDirectory() as place,
        LocalCluster(
            n_workers=count,
            threads_per_worker=1,
            local_directory=place,
            **HERE,
            **given,
        ) as made,
    ):
        yield made


@pytest.fixture(scope="module")
def two_workers():
    with workers(2) as made:
        yield made


@contextmanager
def joined(address, course, certificates=None):
    cluster = Cluster(address, course.assignment, certificates)
    try:
        yield cluster
    finally:
        cluster.close()


def a_class(course):
    """Files that are solved, half solved, nobody's, no submission, and too slow."""
    half = course.claimed("s002", answers={"word": course.word("s002")})
    files = [
        course.hand_in("one", course.solved("s001")),
        course.hand_in("two", half),
        course.hand_in("s003", course.claimed("s003", token="0" * 64)),
        course.hand_in("four", {"submission.json": b"{"}),
    ]
    return [*files, *(course.hand_in(f"m{n}", half) for n in range(12))]


def rows_of(course, cluster, files, told=None):
    with_all = Journal(course.place / "far.jsonl", "mark", resume=False)
    room = Classroom(course.assignment)
    hire, jobs = cluster.looker, cluster.jobs
    try:
        looks = rounds.grade(room, files, with_all, jobs, rounds.Watcher(told), hire)
    finally:
        with_all.close()
    return [(look.file, look.row) for look in looks]


def local_rows(course, files):
    return [(look.file, look.row) for look in course.looks(*files)]


def test_its_rows_are_those_of_a_local_grading(course, two_workers):
    files = a_class(course)
    with joined(two_workers.scheduler_address, course) as cluster:
        assert cluster.threads == 2
        assert rows_of(course, cluster, files) == local_rows(course, files)


@pytest.mark.require("root", "overlay", "busybox")
def test_what_must_run_runs_where_the_worker_is(tmp_path, two_workers):
    course = RunCourse(tmp_path / "course")
    files = [
        course.hand_in_script("s001", HONEST),
        course.hand_in_script("s002", "exit 3"),
        course.hand_in_script("s003", "while :; do :; done"),
    ]
    course.replace("run: {seconds: 20", "run: {seconds: 1")
    with joined(two_workers.scheduler_address, course) as cluster:
        found = rows_of(course, cluster, files)
    assert [row.status for _, row in found] == ["graded", "graded", "timeout"]
    assert found == local_rows(course, files)


def test_what_takes_too_long_is_a_timeout_there_as_well(course, two_workers):
    course.replace("seconds: 20", "seconds: 1")
    course.replace("def says_the_word(work):", SLOW, "checks.py")
    files = [course.hand_in("slow", course.solved("s001"))]
    with joined(two_workers.scheduler_address, course) as cluster:
        found = rows_of(course, cluster, files)
    assert [row.status for _, row in found] == ["timeout"]
    assert found == local_rows(course, files)


SLOW = "def says_the_word(work):\n    while True: pass\n"


def test_a_lost_workers_submissions_are_looked_at_elsewhere(course):
    files = a_class(course)
    with workers(2) as made, joined(made.scheduler_address, course) as cluster:
        victims = [worker.pid for worker in made.workers.values()]

        def lose_one(told):
            if victims:
                os.kill(victims.pop(), signal.SIGKILL)
                victims.clear()

        found = rows_of(course, cluster, files, lose_one)
    assert found == local_rows(course, files)


def test_a_cluster_that_is_lost_leaves_rows_that_are_not_graded(course, monkeypatch):
    monkeypatch.setattr(clusters, "_PATIENCE", 0.5)
    course.replace("def says_the_word(work):", SLOW, "checks.py")
    files = [course.hand_in("slow", course.solved("s001"))]
    with workers(1) as made, joined(made.scheduler_address, course) as cluster:
        look = cluster.looker()
        made.scale(0)
        with pytest.raises(OSError, match="no workers any more"):
            look.inspect(files[0], 60.0)


def test_nothing_of_the_course_stays_with_a_worker(course, two_workers):
    with joined(two_workers.scheduler_address, course):
        assert len(desks(two_workers)) == 2
    assert desks(two_workers) == []


def desks(made):
    places = [Path(nanny.worker_dir) for nanny in made.workers.values()]
    return [found for place in places for found in place.glob("labshell-*")]


def test_neither_key_nor_roster_is_sent(course):
    assert set(clusters.needed(course.assignment)) == {
        "assignment.yaml",
        "checks.py",
        "hidden.py",
    }


def test_a_worker_with_another_labshell_is_not_asked(course, tmp_path):
    for package in ("engine", "labshell"):
        shutil.copytree(HOME / package, tmp_path / "other" / package)
    (tmp_path / "other/lessons").symlink_to(HOME / "lessons")
    with (tmp_path / "other/labshell/__init__.py").open("a") as file:
        file.write("# a later version\n")
    with workers(0) as made:
        program = [sys.executable, "-m", "distributed.cli.dask_worker"]
        other = subprocess.Popen(
            [
                *(*program, made.scheduler_address, "--no-nanny", "--no-dashboard"),
                *("--local-directory", str(tmp_path)),
            ],
            cwd=tmp_path / "other",
            env={**os.environ, "PYTHONPATH": str(tmp_path / "other")},
            stderr=subprocess.DEVNULL,
        )
        try:
            made.wait_for_workers(1)
            with pytest.raises(EngineError, match="another labshell"):
                Cluster(made.scheduler_address, course.assignment, None)
        finally:
            other.terminate()
            other.wait()


def test_a_scheduler_without_workers_is_told(course):
    with workers(0) as made, pytest.raises(EngineError, match="has no workers"):
        Cluster(made.scheduler_address, course.assignment, None)


def test_nobody_who_answers_is_told(course, monkeypatch):
    monkeypatch.setattr(clusters, "_CONNECTING", "0.5s")
    with pytest.raises(EngineError, match="no scheduler answers"):
        Cluster("tcp://127.0.0.1:1", course.assignment, None)


@pytest.mark.parametrize(
    "address",
    [
        "tcp://192.0.2.1:8786",
        "tcp://example.org:8786",
        "127.0.0.1:8786",
        "ucx://127.0.0.1:8786",
        "tls://192.0.2.1:8786",
    ],
)
def test_a_way_on_which_others_could_read_is_refused(address):
    with pytest.raises(InvalidArgument, match=re.escape(address)):
        examine(address, None)


@pytest.fixture
def certificates(tmp_path):
    """One authority, and one certificate of it, for both ends."""
    ca, key = tmp_path / "ca.pem", tmp_path / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"]
    command += ["-subj", "/CN=course", "-keyout", str(key), "-out", str(ca)]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    return Certificates(authority=ca, certificate=ca, key=key)


@pytest.mark.require("openssl")
def test_with_certificates_the_way_is_encrypted(course, certificates):
    both = Security(
        **{f"tls_{end}_cert": str(certificates.certificate) for end in ENDS},
        **{f"tls_{end}_key": str(certificates.key) for end in ENDS},
        tls_ca_file=str(certificates.authority),
        require_encryption=True,
    )
    files = a_class(course)[:3]
    with workers(1, security=both, protocol="tls://") as made:
        address = made.scheduler_address
        assert address.startswith("tls://")
        with pytest.raises(InvalidArgument, match="who are we"):
            Cluster(address, course.assignment, None)
        with joined(address, course, certificates) as cluster:
            assert rows_of(course, cluster, files) == local_rows(course, files)


ENDS = ("client", "scheduler", "worker")


class TestAsOneTypesIt:
    def test_the_workers_of_a_scheduler_grade(
        self, course, two_workers, tmp_path, capsys
    ):
        files = a_class(course)
        words = [*map(str, files), "--assignment", str(course.folder), "-o"]
        here, there = course.place / "here", course.place / "there"
        assert grade(tmp_path, [*words, str(here)]) == 0
        assert (
            grade(tmp_path, [*words, str(there), "--scheduler", of(two_workers)]) == 0
        )
        assert (there / "marks.json").read_text() == (here / "marks.json").read_text()

    def test_a_part_of_the_certificates_is_refused(
        self, course, two_workers, tmp_path, capsys
    ):
        words = [str(a_class(course)[0]), "--assignment", str(course.folder)]
        words += ["-o", str(course.place / "out"), "--scheduler", of(two_workers)]
        assert grade(tmp_path, [*words, "--tls-ca", "ca.pem"]) == 1
        assert "belong together" in capsys.readouterr().err


def grade(tmp_path, words):
    return run_line(Engine(tmp_path / "engine"), ["grade", *words])


def of(made):
    return made.scheduler_address
