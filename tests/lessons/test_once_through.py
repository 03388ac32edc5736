"""One lesson of each track is gone through once, in the student's machine too.

Set up, untouched, the reference solution of each step, reset: what a lesson asks of
control groups, namespaces and mounts is then asked of version 2 and of systemd, too
(tests/vm/). The whole proof of every lesson is test_lessons.py's.

Try it: `sudo ./lab test --vm tests/vm`
"""

import pytest

from labshell.lessons import library
from labshell.lessons.outcomes import PASSED
from labshell.lessons.proof import prove
from tests.lessons.test_lessons import PATIENCE, alone
from tests.machine import need

# Of each track the lesson that asks most of the machine.
SAMPLE = (
    "process/cgroups",
    "layers/whiteout",
    "images/archives",
    "commit/init-layer",
    "volumes/outlive",
    "build/limits",
    "network/publish",
    "life/oom",
    "daemon/bundle",
    "registry/push-pull",
)


def test_the_sample_has_one_lesson_of_each_track():
    tracks = {name.partition("/")[0] for name in library.names()}
    assert sorted(name.partition("/")[0] for name in SAMPLE) == sorted(tracks)


@pytest.mark.vm
@pytest.mark.require("root", "overlay")
@pytest.mark.patience(PATIENCE)
@pytest.mark.parametrize("name", SAMPLE)
def test_the_lesson_can_be_gone_through(name):
    need(*library.find(name).programs)
    with alone(name):
        findings = list(prove(name, walks=0, all_ways=False))
    assert [found for found in findings if found.verdict != PASSED] == []
    assert any("way 1" in found.what for found in findings)
