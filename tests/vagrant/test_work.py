"""A student's work comes out of one machine and into the next; none of it is lost.

The host's side is the real one, vagrant/work.rb; the machine is an inside (inside.py)
instead of something that is started. The real thing is tests/vagrant/test_up.py.
"""

import subprocess
import tarfile
from base64 import encodebytes
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.vagrant.conftest import SYSTEM, new_inside
from tests.vagrant.inside import Inside

pytestmark = pytest.mark.require("root", "overlay", "ruby", "vagrant")

WORK = "/home/student/work"
PROGRESS = "/home/student/.local/share/labshell/progress.json"
Host = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def host(folder: Path) -> Host:
    """Let the host do something with a machine."""

    def act(
        inside: Inside, actions: str, *, state: str = "running", **variables: str
    ) -> subprocess.CompletedProcess[str]:
        script = Path(__file__).with_name("host.rb")
        return subprocess.run(
            ["ruby", script, folder, state, actions, *inside.enter],
            env={"PATH": SYSTEM, "HOME": "/root", "LC_ALL": "C.UTF-8", **variables},
            capture_output=True,
            text=True,
        )

    return act


@pytest.fixture
def another(tmp_path: Path) -> Iterator[Inside]:
    """A new machine, in which nobody has worked."""
    made = new_inside(tmp_path / "another")
    yield made
    made.close()


def as_student(inside: Inside, script: str) -> str:
    return inside.do(f"su - student -c '{script}'")


def copies(folder: Path) -> list[Path]:
    return sorted((folder / "kept/labshell").glob("2*.tar.gz"))


def test_work_comes_back_in_a_new_machine(
    host: Host, inside: Inside, another: Inside
) -> None:
    as_student(inside, f"mkdir -p {WORK}/a {PROGRESS.rpartition('/')[0]}")
    as_student(inside, f"echo hello > {WORK}/a/note; ln -s /etc/motd {WORK}/link")
    as_student(inside, f"echo seven > {PROGRESS}; chmod 600 {PROGRESS}")
    inside.do(f"mknod {WORK}/null c 1 3")
    assert host(inside, "open,copy_or_stop").returncode == 0
    done = host(another, "open")
    assert "The work is back" in done.stdout
    assert as_student(another, f"cat {WORK}/a/note {PROGRESS}") == "hello\nseven"
    assert another.do(f"readlink {WORK}/link; stat -c %t,%T {WORK}/null").split() == [
        "/etc/motd",
        "1,3",
    ]
    owners = "/home/student/.local /home/student/.local/share/labshell"
    assert set(another.do(f"stat -c %U {WORK} {owners}").split()) == {"student"}


def test_newer_work_is_never_overwritten(
    host: Host, inside: Inside, another: Inside
) -> None:
    as_student(inside, f"mkdir {WORK}; echo old > {WORK}/x; echo only > {WORK}/y")
    inside.do(f"touch -d 2020-01-01 {WORK}/x")
    host(inside, "open,copy_or_stop")
    as_student(another, f"mkdir {WORK}; echo new > {WORK}/x")
    done = host(another, "open")
    assert "Some files here were newer" in done.stdout
    assert another.do(f"cat {WORK}/x {WORK}/y") == "new\nonly"
    assert another.do(f"cat {WORK}/as-it-was-*/work/x") == "old"


def test_a_machine_that_has_its_work_is_not_given_it_again(
    host: Host, inside: Inside
) -> None:
    as_student(inside, f"mkdir {WORK}; echo one > {WORK}/x")
    host(inside, "open,copy_or_stop")
    inside.do(f"rm {WORK}/x")
    assert "back" not in host(inside, "open").stdout
    assert inside.run(f"test -e {WORK}/x").returncode == 1


def test_the_same_work_is_one_copy(host: Host, inside: Inside, folder: Path) -> None:
    as_student(inside, f"mkdir {WORK}; echo one > {WORK}/x")
    host(inside, "open,copy_or_warn")
    first = copies(folder)
    first[0].rename(first[0].with_name("20200101T000000Z.tar.gz"))
    host(inside, "copy_or_warn")
    assert [path.name for path in copies(folder)] == ["20200101T000000Z.tar.gz"]


def test_old_copies_go_and_the_newest_stay(
    host: Host, inside: Inside, folder: Path
) -> None:
    host(inside, "open")
    place = folder / "kept/labshell"
    for year in range(2010, 2020):
        (place / f"{year}0101T000000Z.tar.gz").write_text("an older one")
    as_student(inside, f"mkdir {WORK}; echo one > {WORK}/x")
    host(inside, "copy_or_warn")
    assert len(copies(folder)) == 5
    assert copies(folder)[0].name.startswith("2016")


def test_work_that_could_not_be_brought_back_is_put_apart(
    host: Host, inside: Inside, folder: Path
) -> None:
    place = folder / "kept/labshell"
    place.mkdir(parents=True)
    (place / "20200101T000000Z.tar.gz").write_text("no archive at all")
    done = host(inside, "open")
    assert "warning: The work was not brought back" in done.stdout
    assert done.returncode == 0
    host(inside, "copy_or_warn")
    assert (place / "apart-20200101T000000Z.tar.gz").exists()


def test_a_machine_that_cannot_copy_is_not_destroyed(
    host: Host, inside: Inside, folder: Path
) -> None:
    host(inside, "open")
    (folder / "kept/labshell").rename(folder / "kept/elsewhere")
    (folder / "kept/labshell").write_text("in the way")
    done = host(inside, "copy_or_stop")
    assert done.returncode == 1
    assert "labshell is not destroyed. Its work could not be copied" in done.stdout
    assert "LAB_LOSE_WORK=yes" in done.stdout
    assert host(inside, "copy_or_stop", LAB_LOSE_WORK="yes").returncode == 0


def test_a_machine_that_cannot_copy_may_still_be_halted(
    host: Host, inside: Inside, folder: Path
) -> None:
    (folder / "kept").write_text("in the way")
    done = host(inside, "copy_or_warn")
    assert done.returncode == 0
    assert "It stays on the machine's own disk" in done.stdout


def test_a_machine_that_does_not_answer_is_one_line_and_no_advice_to_destroy_it(
    host: Host, inside: Inside
) -> None:
    done = host(inside, "copy_or_warn", REFUSES="yes")
    first, second = done.stdout.splitlines()
    assert first.endswith(": it does not answer (SSH: connection refused).")
    assert "own disk" in second


def test_a_machine_that_was_switched_off_inside_is_not_destroyed(
    host: Host, inside: Inside
) -> None:
    host(inside, "open")
    done = host(inside, "copy_or_stop", state="poweroff")
    assert done.returncode == 1
    assert "it is off, and was not copied before" in done.stdout
    assert "vagrant up" in done.stdout


def test_a_machine_that_was_halted_may_be_destroyed(host: Host, inside: Inside) -> None:
    halted = host(inside, "open,copy_or_warn,=poweroff,close,copy_or_stop")
    assert halted.returncode == 0


def test_one_that_was_up_again_since_may_not(host: Host, inside: Inside) -> None:
    host(inside, "open,copy_or_warn,=poweroff,close")
    again = host(inside, "open,=poweroff,close,copy_or_stop")
    assert again.returncode == 1


def test_one_that_was_never_made_may_be_destroyed(host: Host, inside: Inside) -> None:
    host(inside, "open")
    assert host(inside, "copy_or_stop", state="not_created").returncode == 0


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (b"", "could not pack all of it"),
        (b"end 2 0 0\n", "could not pack all of it"),
        (encodebytes(b"half").strip() + b"\n", "could not pack all of it"),
        (b"\x1b[31mno base64\n", "no archive"),
        (b"end 0 0 0\nbW9yZQ==\n", "more after the end"),
        (b"A" * (3 << 20), "a line without an end"),
    ],
)
def test_what_is_no_archive_is_no_copy(
    host: Host, inside: Inside, folder: Path, tmp_path: Path, reply: bytes, said: str
) -> None:
    (tmp_path / "reply").write_bytes(reply)
    done = host(inside, "copy_or_stop", REPLY=str(tmp_path / "reply"))
    assert done.returncode == 1
    assert said in done.stdout
    assert list((folder / "kept/labshell").iterdir()) == []


def test_a_copy_is_private_and_holds_nothing_but_the_work(
    host: Host, inside: Inside, folder: Path
) -> None:
    as_student(inside, f"mkdir {WORK}; echo one > {WORK}/x; echo secret > .bashrc")
    host(inside, "open,copy_or_stop")
    (copy,) = copies(folder)
    assert copy.stat().st_mode & 0o777 == 0o600
    with tarfile.open(copy) as archive:
        assert sorted(archive.getnames()) == ["work", "work/x"]
