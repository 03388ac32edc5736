"""What is handed in is plain files, whoever packed it; anything else is refused."""

import gzip
import io
import json
import subprocess
import tarfile
from base64 import encodebytes
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.vagrant.conftest import SYSTEM
from tests.vagrant.inside import Inside

pytestmark = pytest.mark.require("root", "overlay", "ruby", "vagrant")

WORK = "/home/student/work"
ASKED = "mkdir -p /var/lib/labshell-work; touch /var/lib/labshell-work/submit"
# What of provisioning a submission needs: the file of versions, and something at the
# place of labshell that knows the grade.
READY = """
mkdir -p /etc/labshell /opt/labshell; echo kernel=6.12 > /etc/labshell/machine
printf '#!/bin/sh\\necho [$(id -u student),$(id -u)]\\n' > /opt/labshell/lab
chmod 755 /opt/labshell/lab
"""
Fetch = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def fetch(folder: Path, inside: Inside) -> Fetch:
    """Fetch a submission from the machine; with `reply`, from one that sends this."""

    def act(reply: bytes | None = None) -> subprocess.CompletedProcess[str]:
        variables = {"PATH": SYSTEM, "HOME": "/root", "LC_ALL": "C.UTF-8"}
        if reply is not None:
            variables["REPLY"] = str(folder / "reply")
            (folder / "reply").write_bytes(encodebytes(reply) + b"end 0 0 0\n")
        script = Path(__file__).with_name("host.rb")
        return subprocess.run(
            ["ruby", script, folder, "running", "submission", *inside.enter],
            env=variables,
            capture_output=True,
            text=True,
        )

    return act


def submissions(folder: Path) -> list[Path]:
    return list((folder / "submissions").iterdir())


def test_a_submission_holds_the_work_the_points_and_the_machine(
    fetch: Fetch, inside: Inside, folder: Path
) -> None:
    inside.do(READY + ASKED)
    inside.do("su - student -c 'mkdir -p work/a; echo hello > work/a/note'")
    done = fetch()
    assert "The submission, 5 files, is" in done.stdout
    (file,) = submissions(folder)
    with tarfile.open(file) as archive:
        texts = {m.name: archive.extractfile(m) for m in archive if m.isfile()}
        read = {name: opened.read() for name, opened in texts.items() if opened}
    assert read["submission/work/a/note"] == b"hello\n"
    assert read["submission/machine"] == b"kernel=6.12\n"
    student, asked_by = json.loads(read["submission/grade.json"])
    assert student == asked_by
    assert read["submission/left-out"] == b""


def test_links_devices_and_odd_names_stay_where_they_are(
    fetch: Fetch, inside: Inside, folder: Path
) -> None:
    inside.do(READY + ASKED)
    inside.do(
        f"mkdir -p {WORK}; cd {WORK}; ln -s /etc/shadow link; mknod null c 1 3;"
        " mkfifo pipe; touch $'\\377' 'a:b' aux.txt 'back\\slash' 'dot.' good"
    )
    assert fetch().returncode == 0
    with tarfile.open(submissions(folder)[0]) as archive:
        names = set(archive.getnames())
        left_out = archive.extractfile("submission/left-out")
        assert left_out is not None
        lines = left_out.read().decode(errors="replace").splitlines()
    assert {name for name in names if "n/work/" in name} == {"submission/work/good"}
    odd = ["a:b", "aux.txt", "back\\slash", "dot.", "link", "null", "pipe", "\ufffd"]
    assert lines == [f"work/{name}" for name in odd]


def test_a_progress_file_that_is_a_link_gives_nothing_of_roots_away(
    fetch: Fetch, inside: Inside, folder: Path
) -> None:
    inside.do(READY + ASKED)
    inside.do("su - student -c 'mkdir -p .local/share/labshell'")
    inside.do("ln -s /etc/shadow /home/student/.local/share/labshell/progress.json")
    fetch()
    with tarfile.open(submissions(folder)[0]) as archive:
        progress = archive.extractfile("submission/progress.json")
        assert progress is not None
        assert progress.read() == b"{}\n"


def test_nothing_is_fetched_that_was_not_asked_for(
    fetch: Fetch, inside: Inside, folder: Path
) -> None:
    assert fetch().returncode == 0
    assert not (folder / "submissions").exists()


def archive(*members: tarfile.TarInfo, format: int = tarfile.USTAR_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=format) as tar:
        for member in members:
            tar.addfile(member, io.BytesIO(bytes(member.size)))
    return out.getvalue()


def member(
    name: str, kind: bytes = tarfile.REGTYPE, **fields: object
) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type = kind
    for field, value in fields.items():
        setattr(made, field, value)
    return made


GOOD = archive(
    member("submission/x", size=700), member("submission/d", tarfile.DIRTYPE)
)
HOSTILE = {
    "upwards": archive(member("submission/../x")),
    "absolute": archive(member("/etc/x")),
    "elsewhere": archive(member("x")),
    "a dot": archive(member("submission/./x")),
    "a drive": archive(member("submission/c:x")),
    "a backslash": archive(member("submission/..\\x")),
    "a device of windows": archive(member("submission/NUL.txt")),
    "no UTF-8": archive(member("submission/\udcff")),
    "a control character": archive(member("submission/\x1b[31mx")),
    "a symbolic link": archive(member("submission/x", tarfile.SYMTYPE, linkname="/")),
    "a hard link": archive(member("submission/x", tarfile.LNKTYPE, linkname="/etc/x")),
    "a device": archive(member("submission/x", tarfile.CHRTYPE)),
    "a fifo": archive(member("submission/x", tarfile.FIFOTYPE)),
    "a long name": archive(
        member("submission/" + "x" * 200), format=tarfile.GNU_FORMAT
    ),
    "an extended header": archive(
        member("submission/x", pax_headers={"path": "/etc/x"}),
        format=tarfile.PAX_FORMAT,
    ),
    "a damaged header": GOOD[:20] + b"?" + GOOD[21:],
    "half of it": GOOD[:900],
    "nothing": b"",
    "more after the end": GOOD + archive(member("/etc/x")),
    "a size that is too large": archive(member("submission/x"))[:124]
    + b"77777777777\0"
    + archive(member("submission/x"))[136:],
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_submission_is_refused(
    fetch: Fetch, inside: Inside, folder: Path, what: str
) -> None:
    inside.do(ASKED)
    done = fetch(gzip.compress(HOSTILE[what]))
    assert done.returncode == 1, done.stdout
    assert done.stdout.startswith("refused: The submission is refused")
    assert done.stdout.isprintable() or done.stdout.count("\n") == 1
    assert submissions(folder) == []


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (b"no gzip", "it is no gzip"),
        (gzip.compress(GOOD) + gzip.compress(GOOD), "something follows"),
        (gzip.compress(GOOD) + b"x", "something follows"),
        (gzip.compress(bytes(300_000_000), 9), "refused"),
    ],
)
def test_what_is_around_it_is_looked_at(
    fetch: Fetch, inside: Inside, folder: Path, reply: bytes, said: str
) -> None:
    inside.do(ASKED)
    assert said in fetch(reply).stdout
    assert submissions(folder) == []


def test_a_good_one_is_taken(fetch: Fetch, inside: Inside, folder: Path) -> None:
    inside.do(ASKED)
    assert "1 files" in fetch(gzip.compress(GOOD)).stdout
    assert len(submissions(folder)) == 1
