"""Container escapes of the past, in small: each must lose.

The names are those under which the weaknesses of other engines became known.
"""

import contextlib
import hashlib
import os
import sys
import threading
from pathlib import Path

import pytest

from engine.engine import ExecOptions
from engine.errors import EngineError
from tests.engine.boxes import Box, until

SECRET = "only the machine has this\n"


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A directory of the machine that no container was given."""
    place = tmp_path / "machine"
    place.mkdir()
    (place / "secret").write_text(SECRET)
    return place


def digest(path: str) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


# CVE-2019-5736: the program to run is a script for "/proc/self/exe", the engine itself.

PYTHON = os.path.realpath(sys.executable)
LIBRARIES = tuple(
    f"{path}:{path}:ro" for path in ("/usr", "/lib", "/lib64") if Path(path).is_dir()
)
OVERWRITE = """\
#!/proc/self/exe
import os
print("runs as", os.readlink("/proc/self/exe"), flush=True)
handle = os.open("/proc/self/exe", os.O_PATH)
try:
    os.write(os.open(f"/proc/self/fd/{handle}", os.O_WRONLY), b"#!/bin/sh")
    print("OVERWRITTEN", flush=True)
except OSError as error:
    print("refused:", error.strerror, flush=True)
os.execv("/bin/busybox", ["sh", "-c",
    f"sleep 0.2; echo x > /proc/self/fd/{handle} && echo OVERWRITTEN"])
"""


def test_the_engines_own_program_cannot_be_overwritten_by_what_it_runs(
    box: Box,
) -> None:
    before = digest(PYTHON)
    image = box.image("evil", {"evil": OVERWRITE})
    try:
        done = box.run("/evil", image=image, volumes=LIBRARIES)
        assert "OVERWRITTEN" not in done.out
    except EngineError as error:
        assert error.exit_code in (126, 127)
    assert digest(PYTHON) == before
    assert box.run("echo", "ok").out == "ok\n"


def test_nor_by_what_is_executed_later(box: Box) -> None:
    before = digest(PYTHON)
    image = box.image("evil", {"evil": OVERWRITE})
    container = box.begin(image=image, volumes=LIBRARIES)
    try:
        done = box.execute(container.id, "/evil")
        assert "OVERWRITTEN" not in done.out
    except EngineError as error:
        assert error.exit_code in (126, 127)
    assert digest(PYTHON) == before
    assert box.execute(container.id, "echo", "ok").out == "ok\n"


def test_a_link_to_the_engines_program_runs_nothing_of_the_machines(box: Box) -> None:
    image = box.image("evil", {"bin/evil": b"/proc/self/exe"})
    with pytest.raises(EngineError):
        box.run("/bin/evil", "-c", "print('machine')", image=image)


# CVE-2024-21626: a working directory that is an open descriptor of the engine's.


@pytest.mark.parametrize("number", range(3, 12))
def test_no_descriptor_of_the_engine_can_be_the_working_directory(
    box: Box, number: int
) -> None:
    for path in (f"/proc/self/fd/{number}", f"/proc/self/fd/{number}/../../.."):
        try:
            done = box.run("sh", "-c", "pwd; ls -a", working_directory=path)
        except EngineError:
            continue
        assert ".dockerenv" in done.out or done.lines[0].startswith("/proc")


def test_nor_that_of_an_exec(box: Box) -> None:
    container = box.begin()
    for number in range(3, 12):
        for path in (f"/proc/self/fd/{number}", f"/proc/1/fd/{number}"):
            try:
                done = box.execute(container.id, "pwd", working_directory=path)
            except EngineError:
                continue
            assert done.out.startswith("/")


def test_nor_through_a_link_in_the_image(box: Box) -> None:
    image = box.image(
        "evil", {f"work{n}": f"/proc/self/fd/{n}".encode() for n in range(3, 12)}
    )
    for number in range(3, 12):
        try:
            done = box.run("ls", "-a", image=image, working_directory=f"/work{number}")
        except EngineError:
            continue
        assert ".dockerenv" in done.out


# CVE-2022-0847 and others begin with a descriptor: none is there to be found.


def test_process_1_holds_nothing_open_but_its_streams(box: Box) -> None:
    container = box.begin("sleep", "1000", tty=True, interactive=True)
    assert sorted(os.listdir(f"/proc/{container.state.pid}/fd")) == ["0", "1", "2"]


# CVE-2021-30465: a volume in which another container swaps a directory for a link.


def test_a_link_in_a_volume_leads_no_mount_out(box: Box, secret: Path) -> None:
    box.run("ln", "-s", str(secret), "/v/link", volumes=("shared:/v",))
    with contextlib.suppress(EngineError):
        box.run("touch", "/v/link/x", volumes=("shared:/v",), tmpfs=("/v/link",))
    assert os.listdir(secret) == ["secret"]
    assert str(secret) not in Path("/proc/self/mountinfo").read_text()


def test_swapping_it_while_others_start_does_not_either(
    box: Box, secret: Path, tmp_path: Path
) -> None:
    (tmp_path / "mine").mkdir()
    swapper = (
        f"mkdir /v/d; ln -s {secret} /v/l; echo ready;"
        " while :; do mv /v/d /v/t; mv /v/l /v/d; mv /v/d /v/l; mv /v/t /v/d; done"
    )
    hostile = box.begin("sh", "-c", swapper, volumes=("shared:/v",))
    box.says(hostile.id, "ready")
    volumes = ("shared:/v", f"{tmp_path}/mine:/v/d")
    for _ in range(8):
        try:
            done = box.run("sh", "-c", "cat /v/d/secret; touch /v/d/x", volumes=volumes)
            assert SECRET not in done.out
        except EngineError:
            continue
    assert os.listdir(secret) == ["secret"]


def test_a_volume_swapped_for_a_link_before_it_is_filled(
    box: Box, secret: Path
) -> None:
    """The content of the image is copied into the volume, and nowhere else."""
    image = box.image("full", {"data/file": "from the image"})
    box.run("sh", "-c", f"ln -s {secret} /v/data", volumes=("shared:/v",))
    box.run("true", image=image, volumes=("shared:/data",))
    assert os.listdir(secret) == ["secret"]


# CVE-2018-15664: a link that appears while a path of the container is looked up.


def test_user_names_are_never_read_from_the_machine(box: Box, tmp_path: Path) -> None:
    (tmp_path / "passwd").write_text("spy:x:99:99::/:/bin/sh\n")
    for target in (f"{tmp_path}/passwd", f"../../../../../../..{tmp_path}/passwd"):
        image = box.image("evil", {"etc/passwd": target.encode()})
        with pytest.raises(EngineError, match="unable to find user spy"):
            box.run("id", image=image, user="spy")


def test_user_names_of_an_exec_are_not_either_while_links_are_swapped(
    box: Box, tmp_path: Path
) -> None:
    (tmp_path / "passwd").write_text("spy:x:99:99::/:/bin/sh\n")
    swapper = (
        f"ln -s {tmp_path}/passwd /etc/evil; cp /etc/passwd /etc/good; echo ready;"
        " while :; do mv /etc/evil /etc/passwd; ln -s"
        f" {tmp_path}/passwd /etc/evil; cp /etc/good /etc/new; mv /etc/new /etc/passwd;"
        " done"
    )
    container = box.begin("sh", "-c", swapper)
    box.says(container.id, "ready")
    for _ in range(20):
        with pytest.raises(EngineError):
            box.engine.execute(
                container.id, ExecOptions(command=("true",), user="spy")
            ).close()


def test_a_pipe_in_place_of_the_users_file_holds_nobody_up(box: Box) -> None:
    def fill(upper: Path) -> None:
        (upper / "etc").mkdir()
        os.mkfifo(upper / "etc" / "passwd")

    image = box.image_with("evil", fill)
    assert box.run("echo", "ok", image=image).out == "ok\n"


# CVE-2022-0492: the release agent of a control group, a script that the machine runs.


def test_the_release_agent_cannot_be_set(box: Box) -> None:
    script = (
        "mkdir /c; mount -t cgroup -o memory none /c; echo x > /c/release_agent;"
        " for f in /sys/fs/cgroup/*/release_agent; do echo x > $f && echo SET; done;"
        " unshare -UrC sh -c 'mount -t cgroup -o memory none /c && echo MOUNTED'"
    )
    done = box.run("sh", "-c", script)
    assert "SET" not in done.out
    assert "MOUNTED" not in done.out


# The host's processes, through the terminal or a signal.


def test_no_process_of_the_machine_can_be_signalled(box: Box) -> None:
    done = box.run("sh", "-c", f"kill -0 {os.getpid()} && echo REACHED")
    assert "REACHED" not in done.out


def test_a_terminal_gets_no_keys_from_inside(box: Box) -> None:
    """TIOCSTI types into a terminal: only into the container's own."""
    container = box.begin("sleep", "1000", tty=True, interactive=True)
    inside = os.readlink(f"/proc/{container.state.pid}/fd/0")
    assert inside == "/dev/pts/0"
    own = os.stat(f"/proc/{container.state.pid}/root/dev/pts/0").st_dev
    assert own != os.stat("/dev/pts").st_dev


def test_modules_of_the_image_are_not_imported_by_the_engine(box: Box) -> None:
    """A lazy import after the change of root would run the image's code as root."""
    names = ("shlex", "traceback", "codecs", "encodings/idna", "linecache", "errno")
    spoiled = 'open("/PWNED", "w").write("x")\n'
    tree = {
        f"usr/lib/python3.{minor}/{name}.py": spoiled
        for minor in (11, 12, 13)
        for name in names
    }
    tree |= {f"{name}.py": spoiled for name in names}
    image = box.image("evil", tree)
    for command in (("ls", "/PWNED"), ("nosuch",), ("/etc",)):
        container = box.create(*command, image=image)
        with contextlib.suppress(EngineError):
            box.foreground(container.id)
        assert not (container.directory / "upper" / "PWNED").exists()


def test_a_hostile_loader_or_profile_is_nothing_to_the_engine(box: Box) -> None:
    image = box.image(
        "evil",
        {
            "etc/ld.so.preload": "/evil.so\n",
            "etc/nsswitch.conf": "passwd: evil\n",
            "etc/profile": "echo PWNED\n",
            "evil.so": "no library\n",
        },
    )
    assert box.run("echo", "ok", image=image).out == "ok\n"


def test_a_bind_over_proc_does_not_fool_the_engine(box: Box, secret: Path) -> None:
    """With a false /proc, links such as self/fd/3 would lead where it likes."""
    fake = secret.parent / "fake"
    (fake / "self" / "fd").mkdir(parents=True)
    for number in range(3, 20):
        (fake / "self" / "fd" / str(number)).symlink_to(secret)
    with contextlib.suppress(EngineError):
        box.run("touch", "/dev/console/x", volumes=(f"{fake}:/proc",), tty=True)
    assert os.listdir(secret) == ["secret"]


def test_many_hostile_starts_at_once_leave_the_engine_whole(box: Box) -> None:
    image = box.image("evil", {"evil": OVERWRITE, "w": b"/proc/self/fd/5"})
    failed: list[Exception] = []

    def attack() -> None:
        for options in ({}, {"working_directory": "/w"}, {"user": "nosuch"}):
            try:
                box.run("/evil", image=image, **options)
            except EngineError:
                continue
            except Exception as error:
                failed.append(error)

    threads = [threading.Thread(target=attack) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert failed == []
    until(lambda: box.engine.containers(all=True) == [], "all removed")
    assert box.run("echo", "whole").out == "whole\n"
