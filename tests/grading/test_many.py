"""A thousand submissions take no more memory than ten."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.grading.courses import Course, laid_out
from tests.images_in_memory import Blobs
from tests.tars import archive, regular

FEW, MANY, MB = 10, 60, 1 << 20
# In a process of its own: the most that was ever in memory is counted by process. That
# of what it waited for is the inspectors', with the children that they waited for.
GRADER = """
import json, resource, sys
from pathlib import Path
from labshell.grading import journal, pins, rounds
from labshell.grading.assignment import read_assignment
from labshell.grading.classroom import Classroom

folder, place = Path(sys.argv[1]), Path(sys.argv[2])
asked = read_assignment(folder)
kept = journal.Journal(place / "journal", pins.fingerprint(asked), resume=False)
looks = rounds.grade(Classroom(asked), sorted(place.glob("*.tar")), kept, 2)
kept.close()
who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
print(json.dumps({
    "earned": sorted({look.row.earned for look in looks}),
    "looks": len(looks),
    "kilobytes": [resource.getrusage(one).ru_maxrss for one in who],
}))
"""


def test_memory_does_not_grow_with_the_class(course: Course, tmp_path: Path) -> None:
    few, many = most_memory(course, FEW), most_memory(course, MANY)
    # Each submission holds 2 MB: those of fifty would be a hundred.
    grown = [(after - before) / 1024 for before, after in zip(few, many, strict=True)]
    assert max(grown) < 12, f"{grown} MB more for {MANY - FEW} more submissions"


def most_memory(course: Course, count: int) -> list[int]:
    """The most that grader and inspectors ever had, in kB, for so many submissions."""
    place = course.place / str(count)
    place.mkdir()
    work = course.hand_in("heavy", heavy(course))
    for number in range(count):
        os.link(work, place / f"{number}.tar")
    done = subprocess.run(
        [sys.executable, "-c", GRADER, course.folder, place],
        stdout=subprocess.PIPE,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    told = json.loads(done.stdout)
    assert (told["looks"], told["earned"]) == (count, [10])
    return [int(one) for one in told["kilobytes"]]


def heavy(course: Course) -> dict[str, bytes]:
    """All that is asked for, and a large file in the image's layer."""
    blobs, word = Blobs(), course.word("s001")
    layer = archive(
        regular("srv/word", word.encode()), regular("heavy", os.urandom(2 * MB))
    )
    image = blobs.image(layer)
    return {
        **course.claimed("s001", answers={"word": word}),
        "files/Dockerfile": b"FROM scratch\n",
        **laid_out(blobs, {"docker.io/library/mine:clean": image}),
    }
