"""What is done inside a machine: bad situations are told, and a second run completes.

provision.sh is read, and its functions are called one by one, inside (inside.py). The
kernel's part is real: namespaces without the right to make more, a full disk, no
network. A whole run needs a machine that starts by itself: tests/vagrant/test_up.py.
"""

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.house.sources import HOME
from tests.vagrant.inside import Inside

pytestmark = pytest.mark.require("root", "overlay")

Provision = Callable[..., subprocess.CompletedProcess[str]]
# Root that may not set the clock: it is this machine's, too.
NO_CLOCK = "setpriv --bounding-set=-sys_time"
STAND_IN = """
import sys

def main():
    print("started", *sys.argv[1:])
"""


@pytest.fixture
def provision(inside: Inside) -> Provision:
    """Call functions of provision.sh inside, in a checkout that needs no network."""
    inside.do("mkdir -p /checkout/labshell /checkout/engine /checkout/lessons")
    names = ("lab", "labd", "labshell-runc", "vagrant")
    copied = " ".join(f"'{HOME}/{name}'" for name in names)
    inside.do(f"cp -r {copied} /checkout; rm -rf /checkout/vagrant/.vagrant")
    inside.do("echo '# nothing' | tee /checkout/requirements.lock")
    inside.do(f"cat > /checkout/labshell/cli.py <<'E'\n{STAND_IN}\nE")

    def call(
        lines: str, *, before: str = "", **variables: str
    ) -> subprocess.CompletedProcess[str]:
        read = "source /checkout/vagrant/provision.sh; source=/checkout student=student"
        script = f"{read}; {lines}"
        return inside.run(f"{before} bash -c '{script}'", environment=variables)

    return call


@pytest.fixture(scope="module")
def venv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A .venv with nothing in it, made once: that takes longest."""
    folder = tmp_path_factory.mktemp("venv") / "copy"
    folder.mkdir()
    shutil.copy(HOME / "lab", folder)
    (folder / "requirements.lock").write_text("# nothing\n")
    subprocess.run([folder / "lab"], env={"LAB_NO_APT": "1"}, capture_output=True)
    assert (folder / ".venv/requirements.lock").exists()
    return folder / ".venv"


@pytest.fixture
def installed(provision: Provision, inside: Inside, venv: Path) -> None:
    """Inside, a first provisioning has put labshell into its place."""
    inside.do(f"mkdir /opt/labshell; cp -a '{venv}' /opt/labshell; touch /checkout/old")
    done = provision("copy_checkout; set_up")
    assert (done.stdout, done.stderr) == ("started --version\n", "")


def complaint(done: subprocess.CompletedProcess[str]) -> tuple[str, str]:
    """The line that says what, and the line that says what to do."""
    what, to_do = done.stderr.splitlines()[-2:]
    assert done.returncode == 1
    assert what.startswith("labshell: ")
    assert to_do.startswith("labshell: to do: ")
    return what.removeprefix("labshell: "), to_do.removeprefix("labshell: to do: ")


def test_who_is_not_root_is_told(provision: Provision) -> None:
    done = provision("main", before="setpriv --reuid 65534 --clear-groups")
    assert complaint(done)[0] == "provisioning is root's work"


def test_a_full_disk_is_told_with_numbers(provision: Provision, inside: Inside) -> None:
    inside.do("mount -t tmpfs -o size=50M none /opt")
    what, to_do = complaint(provision("enough_disk"))
    assert re.fullmatch(r"only (49|50) MB are free for /opt, of 1000 needed", what)
    assert to_do.startswith("make room")


def test_without_a_network_the_package_is_named(provision: Provision) -> None:
    done = provision(
        "NEEDED=(no-such-package); install_packages", before="unshare --net"
    )
    what, to_do = complaint(done)
    assert what == "could not install no-such-package: there is no network"
    assert "vagrant provision" in to_do


def test_a_package_that_only_helps_is_done_without(provision: Provision) -> None:
    done = provision(
        "NEEDED=() HELPFUL=(no-such-package); docker_client() { :; }; install_packages",
        before="unshare --net",
    )
    assert done.returncode == 0
    said = "labshell: not installed: no-such-package (there is no network)\n"
    assert done.stdout == said


def test_what_is_installed_needs_no_network(provision: Provision) -> None:
    done = provision(
        "NEEDED=(dpkg) HELPFUL=(bash); docker_client() { :; }; install_packages",
        before="unshare --net",
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_what_an_interrupted_dpkg_left_is_completed(
    provision: Provision, inside: Inside
) -> None:
    edit = "/^Package: hostname$/,/^$/s/ok installed/ok unpacked/"
    inside.do(f"sed -i '{edit}' /var/lib/dpkg/status")
    assert "hostname" in inside.do("dpkg --audit")
    done = provision("finish_interrupted")
    assert "completing what an interrupted dpkg has left" in done.stdout
    assert inside.do("dpkg --audit") == ""


def test_a_clock_that_is_right_is_left_alone(provision: Provision) -> None:
    done = provision("LAB_HOST_TIME=$(date +%s); settle_clock", before=NO_CLOCK)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_clock_that_slept_is_told_and_set(provision: Provision) -> None:
    now = "LAB_HOST_TIME=$(($(date +%s) + 3600)); settle_clock"
    done = provision(now, before=NO_CLOCK)
    assert re.search(r"the clock was 3\d\d\d seconds behind; setting it", done.stdout)
    assert complaint(done)[0] == "the clock is wrong and cannot be set"


def test_a_clock_far_ahead_of_the_hosts_is_told(provision: Provision) -> None:
    lines = "known_time() { echo 0; }; settle_clock"
    done = provision(lines, before=NO_CLOCK, LAB_HOST_TIME="1000000000")
    assert "the clock was a day or more ahead of the host's" in done.stdout


def test_of_two_at_once_one_waits(provision: Provision, inside: Inside) -> None:
    inside.do("mkfifo /run/holds /run/lets-go")
    hold = "one_at_a_time; echo > /run/holds; read -r _ < /run/lets-go"
    told = 'say() { echo "$*"; echo > /run/lets-go; }'
    wait = f"{told}; read -r _ < /run/holds; one_at_a_time; echo second"
    done = provision(f"({hold}) & ({wait}) & wait")
    assert done.stdout.endswith(
        "another provisioning is at work; waiting for it\nsecond\n"
    )


def test_nobody_of_that_name_is_told(provision: Provision) -> None:
    done = provision("find_student", LAB_STUDENT="nobody-here")
    assert complaint(done)[0] == "there is no user nobody-here here"


def test_the_checkout_is_copied_and_set_up(
    provision: Provision, inside: Inside
) -> None:
    inside.do("chmod -R 777 /checkout; mkdir /checkout/.git; chmod 600 /checkout/lab")
    done = provision("copy_checkout; set_up")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "started --version\n"
    assert inside.do("stat -c %U:%a /opt/labshell /opt/labshell/lab").split() == [
        "root:755",
        "root:755",
    ]
    assert inside.run("test -e /opt/labshell/.git").returncode == 1
    assert (
        inside.run("find /opt/labshell -perm /022 ! -type l | grep .").returncode == 1
    )


@pytest.mark.usefixtures("installed")
def test_a_second_run_renews_and_installs_nothing_again(
    provision: Provision, inside: Inside
) -> None:
    inside.do("rm /checkout/old; touch /checkout/new")
    done = provision("copy_checkout; set_up")
    assert (done.stdout, done.stderr) == ("started --version\n", "")
    assert inside.run("test -e /opt/labshell/old").returncode == 1
    inside.do("test -e /opt/labshell/new; ! ls -d /opt/labshell.*")


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    "interrupted",
    [
        "mkdir /opt/labshell.new; touch /opt/labshell.new/half",
        "mv /opt/labshell /opt/labshell.old; mkdir /opt/labshell.new",
        "mv /opt/labshell /opt/labshell.old; mkdir /opt/labshell",
    ],
)
def test_a_copy_that_was_interrupted_is_made_anew_with_what_was_installed(
    provision: Provision, inside: Inside, interrupted: str
) -> None:
    inside.do(interrupted)
    done = provision("copy_checkout; set_up")
    assert (done.stdout, done.stderr) == ("started --version\n", "")
    assert inside.run("test -e /opt/labshell/half").returncode == 1
    inside.do("! ls -d /opt/labshell.*")


def test_wheels_beside_the_vagrantfile_are_used(
    provision: Provision, inside: Inside
) -> None:
    inside.do("echo no-such-package==1 > /checkout/requirements.lock")
    inside.do("mkdir -p /checkout/vagrant/wheels")
    done = provision("copy_checkout; set_up", before="unshare --net")
    assert complaint(done)[0] == "labshell could not set itself up: see above"
    assert "could not install what requirements.lock names" in done.stderr
    log = inside.do("cat /opt/labshell/.venv/set-up.log")
    assert "/checkout/vagrant/wheels" in log


def test_it_names_no_package_that_lab_installs_itself() -> None:
    text = (HOME / "lab").read_text()
    own = set(re.findall(r"printf ' ([a-z0-9-]+)'", text))
    assert {"tmux", "busybox-static", "python3-venv"} <= own
    for name in ("vagrant/provision.sh", "vagrant/cloud-init.yaml"):
        assert own & set(re.findall(r"[a-z0-9-]+", (HOME / name).read_text())) == set()


@pytest.mark.require("visudo", "sudo")
def test_the_student_is_root_without_a_password(
    provision: Provision, inside: Inside
) -> None:
    inside.do("printf '#!/bin/sh\\nid -u\\npwd\\necho $LABSHELL_ROOT\\n' > /lab")
    inside.do(
        "mkdir -p /etc/labshell /opt/labshell; cp -r /checkout/vagrant /opt/labshell"
    )
    inside.do("install -m 755 /lab /opt/labshell/lab")
    assert provision("install_commands; welcome_student").returncode == 0
    asked = "cd work && LABSHELL_ROOT=/x labshell"
    said = inside.do(f"su - student -c '{asked}'")
    assert said.split() == ["0", "/home/student/work", "/x"]
    assert inside.do("stat -c %U /home/student/work") == "student"


@pytest.mark.require("visudo")
def test_a_student_with_the_plainest_shell_gets_bash(
    provision: Provision, inside: Inside
) -> None:
    inside.do("usermod --shell /bin/sh student; mkdir -p /etc/labshell")
    inside.do("mkdir -p /opt/labshell; cp -r /checkout/vagrant /opt/labshell")
    assert provision("welcome_student").returncode == 0
    assert inside.do("getent passwd student").endswith(":/bin/bash")


def test_a_login_greets_with_where_the_student_left_off(inside: Inside) -> None:
    inside.do(f"cp '{HOME}/vagrant/greeting.sh' /etc/profile.d/labshell.sh")
    inside.do("mkdir -p /opt/labshell; echo 'echo step 4 of 11' > /opt/labshell/lab")
    inside.do("sed -i '1i#!/bin/sh' /opt/labshell/lab; chmod 755 /opt/labshell/lab")
    typed = "echo exit | timeout 30 script -qec 'su - student' /dev/null"
    assert "step 4 of 11" in inside.do(typed)
    assert "step 4" not in inside.do("su - student -c true")


def test_a_login_without_labshell_is_a_login(inside: Inside) -> None:
    inside.do(f"cp '{HOME}/vagrant/greeting.sh' /etc/profile.d/labshell.sh")
    assert inside.do("su - student -c 'echo here'") == "here"
