"""Whatever is handed in gets a row, no points that it did not earn, and harms none."""

import gzip
import json
import os
import tarfile
from collections.abc import Callable

import pytest

from labshell.grading.rows import ERROR, GRADED, MISSING, TIMEOUT, Row
from labshell.grading.submission import SCHEMA
from labshell.grading.triage import as_overrides, triage
from tests.grading.courses import Course, laid_out, packed
from tests.images_in_memory import Blobs
from tests.tars import archive, link, regular

Members = dict[str, bytes]
Crafted = Callable[[Course], bytes]


def tared(change: Callable[[Course, Members], object]) -> Crafted:
    """A solved submission of s001, changed."""

    def craft(course: Course) -> bytes:
        members = course.solved("s001")
        change(course, members)
        return packed(members)

    return craft


def claiming(**fields: object) -> Crafted:
    """A solved submission of s001 that says something else of itself."""
    return tared(lambda course, m: m.update(course.claimed("s001", **fields)))


def holding(kind: bytes, name: str, **fields: object) -> Crafted:
    """One with a member of another kind."""
    member = tarfile.TarInfo(name)
    member.type = kind
    for field, value in fields.items():
        setattr(member, field, value)
    return lambda course: packed(course.solved("s001"), member)


def twice(course: Course) -> bytes:
    member = tarfile.TarInfo("submission.json")
    return packed(course.solved("s001"), member)


def cut(course: Course) -> bytes:
    return packed(course.solved("s001"))[:3000]


def large(course: Course) -> bytes:
    return packed({**course.solved("s001"), "files/large": bytes(5 << 20)})


def many(course: Course) -> bytes:
    return packed({f"files/{number}": b"" for number in range(3000)})


def sized(course: Course) -> bytes:
    """A member that says it is larger than all there is."""
    member = tarfile.TarInfo("files/large")
    member.size = 1 << 40
    return packed(course.solved("s001"))[:-10240] + member.tobuf() + bytes(1024)


ERRORS: dict[str, Crafted] = {
    "noise": lambda course: os.urandom(5000),
    "nothing": lambda course: b"",
    "zeros": lambda course: bytes(20480),
    "compressed": lambda course: gzip.compress(packed(course.solved("s001"))),
    "cut": cut,
    "large": large,
    "many": many,
    "sized": sized,
    "twice": twice,
    "absolute": tared(lambda course, m: m.update({"/etc/passwd": b"x"})),
    "upwards": tared(lambda course, m: m.update({"files/../../x": b"x"})),
    "hidden name": tared(lambda course, m: m.update({"files/.x": b"x"})),
    "long name": tared(lambda course, m: m.update({"files/" + "x" * 300: b"x"})),
    "escape": tared(lambda course, m: m.update({"files/\x1b[2J": b"x"})),
    "result": tared(lambda course, m: m.update({"marks.json": b'{"earned": 99}'})),
    "symbolic link": holding(tarfile.SYMTYPE, "files/x", linkname="/etc/shadow"),
    "hard link": holding(tarfile.LNKTYPE, "files/x", linkname="submission.json"),
    "device": holding(tarfile.CHRTYPE, "files/x", devmajor=1, devminor=1),
    "fifo": holding(tarfile.FIFOTYPE, "files/x"),
    "directory": holding(tarfile.DIRTYPE, "files/x"),
    "no claim": tared(lambda course, m: m.pop("submission.json")),
    "claim no JSON": tared(lambda course, m: m.update({"submission.json": b"{"})),
    "claim deep": tared(
        lambda course, m: m.update({"submission.json": b"[" * 100_000})
    ),
    "claim a list": tared(lambda course, m: m.update({"submission.json": b"[]"})),
    "newer": claiming(schema=f"{SCHEMA[:-1]}9"),
    "other assignment": claiming(assignment="layers-2"),
    "number": claiming(student=1),
    "answers a list": claiming(answers=["x"]),
    "endless answer": claiming(answers={"word": "x" * 5000}),
    "no token": claiming(token=""),
    "guessed token": claiming(token="0" * 64),
    "token a number": claiming(token=7),
    "token half a character": claiming(token="\ud800"),
    "index no JSON": tared(lambda course, m: m.update({"index.json": b"{"})),
}


@pytest.mark.parametrize("name", ERRORS)
def test_what_is_no_submission_is_an_error_and_nothing_else(
    course: Course, name: str
) -> None:
    file = course.hand_in("s001", {})
    file.write_bytes(ERRORS[name](course))
    good = course.hand_in("s002", course.solved("s002"))
    rows = course.grade(file, good)
    assert (rows["s001"].status, rows["s001"].earned) == (ERROR, 0)
    assert rows["s001"].note.isprintable()
    assert (rows["s002"].status, rows["s002"].earned) == (GRADED, 10)


def graded(course: Course, members: Members) -> Row:
    return course.grade(course.hand_in("s001", members))["s001"]


def test_the_token_of_somebody_else_earns_nobody_anything(course: Course) -> None:
    members = course.solved("s001") | course.claimed(
        "s001", token=course.token("s002"), answers={"word": course.word("s002")}
    )
    file = course.hand_in("s001", members)
    (look,) = course.looks(file)
    assert look.row.status == ERROR
    assert "s002" in look.staff
    assert "s002" not in look.row.note
    rows = course.grade(file)
    assert (rows["s001"].earned, rows["s002"].status) == (0, MISSING)


def test_the_work_of_somebody_else_is_not_ones_own(course: Course) -> None:
    row = graded(course, course.solved("s002") | course.claimed("s001"))
    earned = {item.item: item.earned for item in row.items}
    assert earned == {"clean": 1 + 3, "recipe": 2, "word": 0}


def image(course: Course, *layers: bytes) -> Members:
    """A submission with an image of these layers, and nothing else."""
    blobs = Blobs()
    images = {"docker.io/library/mine:clean": blobs.image(*layers)}
    return {**course.claimed("s001"), **laid_out(blobs, images)}


BOMB = archive(regular("srv/word", bytes(64 << 20)))
IMAGES: dict[str, Callable[[Course], Members]] = {
    "bomb": lambda course: image(course, BOMB),
    "no tar": lambda course: image(course, os.urandom(4096)),
    "upwards": lambda course: image(course, archive(regular("../../x"))),
    "absolute": lambda course: image(course, archive(regular("/etc/passwd"))),
    "link to itself": lambda course: image(
        course, archive(link("srv", "srv"), regular("srv/word"))
    ),
}


@pytest.mark.parametrize("name", IMAGES)
def test_a_hostile_image_earns_nothing(course: Course, name: str) -> None:
    row = graded(course, IMAGES[name](course))
    assert (row.status, row.items[0].earned) == (GRADED, 0)
    message = row.items[0].checks[0].message
    assert message.startswith("The image mine:clean cannot be read: ")
    assert message.isprintable()


def test_a_link_in_an_image_leads_nowhere(course: Course) -> None:
    row = graded(course, image(course, archive(link("srv/word", "/etc/hostname"))))
    assert row.items[0].checks[0].message == "It does not show the word."


def test_a_digest_that_is_a_path_opens_nothing(course: Course) -> None:
    members = course.solved("s001")
    index = json.loads(members["index.json"])
    index["manifests"][0]["digest"] = "sha256:../../../../../../etc/passwd"
    row = graded(course, {**members, "index.json": json.dumps(index).encode()})
    assert "is no digest" in row.items[0].checks[0].message


def test_a_blob_that_is_not_what_it_says_is_not_taken(course: Course) -> None:
    members = course.solved("s001")
    for name in [one for one in members if one.startswith("blobs/")]:
        row = graded(course, {**members, name: members[name] + b" "})
        assert row.items[0].earned == 0


# The checks are the instructor's own. If one were led astray by what it reads, it would
# still be nobody, and could not go on for ever.
ASTRAY = {
    "reads what is root's": "open('/etc/shadow').read()",
    "makes a file": "open('/var/tmp/labshell-made', 'w').write('x')",
    "makes a process": "os.fork() or os._exit(0)",
    "is root again": "os.setuid(0)",
    "reads the key": "open({key!r}).read()",
    "kills the inspector": "os.kill(os.getppid(), 9)",
}


@pytest.mark.require("root")
@pytest.mark.parametrize("what", ASTRAY)
def test_a_check_that_is_led_astray_can_do_nothing(course: Course, what: str) -> None:
    line = ASTRAY[what].format(key=str(course.place / "course.key"))
    text = f"def keeps_no_token(work):\n    {line}\n    return work.passed('done')\n"
    (course.folder / "hidden.py").write_text(f"import os\n\n{text}")
    files = [course.hand_in(one, course.solved(one)) for one in ("s001", "s002")]
    rows = course.grade(*files)
    for student in ("s001", "s002"):
        visible, hidden = rows[student].items[0].checks
        assert visible.earned == 4
        assert hidden.verdict == "could not run", hidden
        assert rows[student].status == "partial"


def test_what_takes_for_ever_is_a_timeout(course: Course) -> None:
    course.replace("seconds: 20", "seconds: 1")
    endless = "def keeps_no_token(work):\n    while True: pass\n"
    (course.folder / "hidden.py").write_text(endless)
    row = graded(course, course.solved("s001"))
    assert (row.status, row.limit, row.earned) == (TIMEOUT, "seconds", 0)
    assert row.note == "it took too long, in clean/hidden:keeps_no_token"
    assert as_overrides(triage([row])[0], {"s001": row}) == "s001,clean,,,"


@pytest.mark.parametrize("catches", [False, True])
def test_what_takes_all_memory_hits_its_limit(course: Course, catches: bool) -> None:
    greedy = "x = [bytearray(1 << 20) for _ in range(4096)]"
    if catches:
        greedy = f"try:\n        {greedy}\n    except Exception: raise MemoryError"
    text = f"def keeps_no_token(work):\n    {greedy}\n"
    (course.folder / "hidden.py").write_text(text)
    good = course.grade(course.hand_in("s001", course.solved("s001")))["s001"]
    assert (good.status, good.limit, good.earned) == (ERROR, "memory", 0)
    assert good.note == "too much memory, in clean/hidden:keeps_no_token"


GREEDY = """
def keeps_no_token(work):
    image, hoard = work.image("mine:clean"), []
    for size in (1 << 20, 1 << 16, 1 << 12):
        try:
            while True:
                hoard.append(bytearray(size))
        except MemoryError:
            pass
    try:
        found = image.{look}
    except Exception:
        return work.failed("It cannot be read.")
    return work.passed("It can.")
"""


@pytest.mark.parametrize("look", ["paths_with('x')", "content('/large')"])
def test_memory_that_ends_in_a_second_look_is_no_mistake_of_the_students(
    course: Course, look: str
) -> None:
    """A check that catches all errors does not catch this one."""
    course.replace("memory: 512", "memory: 256")
    (course.folder / "hidden.py").write_text(GREEDY.format(look=look))
    layer = archive(regular("large", bytes(4 << 20)))
    row = graded(course, image(course, layer))
    assert (row.status, row.limit) == (ERROR, "memory")


def test_many_looks_at_one_image_take_no_more_than_one(course: Course) -> None:
    """16 MB may come out of it, and 4 do so ten times."""
    text = "    if any(image.paths_with(str(n)) for n in range(10)):\n"
    (course.folder / "hidden.py").write_text(
        f"def keeps_no_token(work):\n    image = work.image('mine:clean')\n{text}"
        "        return work.failed('No.')\n    return work.passed('Yes.')\n"
    )
    row = graded(course, image(course, archive(regular("large", bytes(4 << 20)))))
    assert row.items[0].checks[1].message == "Yes."


@pytest.mark.parametrize("blocks", [0, 1])
def test_a_tar_without_its_whole_end_was_cut(course: Course, blocks: int) -> None:
    file = course.hand_in("s001", course.claimed("s001"))
    with tarfile.open(file) as tar:
        tar.getmembers()
        end = tar.offset
    file.write_bytes(file.read_bytes()[: end + blocks * tarfile.BLOCKSIZE])
    row = course.grade(file)["s001"]
    assert (row.status, row.note) == (ERROR, "it was cut off")
