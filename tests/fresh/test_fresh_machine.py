"""README's two commands, on a Debian where nothing was ever done.

Debian 13 is taken at its barest, without any Python; Debian 12 with the python3 that
its installer brings. One machine of each serves all tests, in the order of this file:
`set_up` is the first start, the others start after it.

Try it: `sudo ./lab test tests/fresh --vm -v`
"""

import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pexpect
import pytest

from tests import machine as this_machine
from tests.fresh.debian import HOME, Machine

pytestmark = [
    pytest.mark.asked("--vm"),
    pytest.mark.require("root", "overlay", "mmdebstrap"),
    pytest.mark.patience(600),
]
PROMPT = re.compile(r"lab \S+ [#$] (?!.*\n)", re.DOTALL)
MACHINES = {"bookworm": ["python3"], "trixie": []}
DESTROY = "from engine.engine import Engine; Engine().destroy()"


@pytest.fixture(scope="module", params=MACHINES)
def machine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Machine]:
    """A machine with a checkout of the project on it, and nothing done yet."""
    this_machine.need("root", "mmdebstrap")  # this is made before the test is asked
    suite = request.param
    root = tmp_path_factory.mktemp("fresh") / suite
    machine = Machine(suite, root, *MACHINES[suite])
    yield machine
    destroyed = machine.run(".venv/bin/python", "-c", DESTROY)
    shutil.rmtree(root)
    assert destroyed.returncode == 0, destroyed.stderr


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstStart:
    """What `./lab` said before its prompt, and to a first line typed there."""

    greeting: str
    answer: str
    status: int


@pytest.fixture(scope="module")
def set_up(machine: Machine) -> FirstStart:
    """README's first command, at a terminal."""
    program, *arguments = machine.line("./lab")
    child = pexpect.spawn(program, arguments, encoding="utf-8", timeout=300)
    try:
        child.expect(PROMPT)
        greeting = child.before
        child.send("lab run --rm busybox echo a container\n")
        child.expect(PROMPT)
        answer = child.before
        child.send("exit\n")
        child.expect(pexpect.EOF)
    finally:
        child.close(force=True)
    return FirstStart(greeting=greeting, answer=answer, status=child.exitstatus)


def test_the_first_command_names_what_it_installs_and_opens_the_shell(
    machine: Machine, set_up: FirstStart
) -> None:
    named = re.search(r"installing Debian packages:(.*?) \(", set_up.greeting)
    assert named, set_up.greeting
    assert {"python3-venv", "busybox-static", "tmux"} <= set(named[1].split())
    assert "making .venv with /usr/bin/python3" in set_up.greeting
    assert set_up.status == 0


def test_in_that_shell_a_container_runs(set_up: FirstStart) -> None:
    assert "a container\r\n" in set_up.answer.removeprefix(
        "lab run --rm busybox echo a container\r\n"
    )


def test_the_second_start_is_quick_and_needs_no_network(
    machine: Machine, set_up: FirstStart
) -> None:
    begun = time.monotonic()
    line = ["./lab", "run", "--rm", "busybox", "echo", "again"]
    result = machine.run(*line, network=False)
    assert (result.stdout, result.stderr) == ("again\n", "")
    assert time.monotonic() - begun < 10


def test_the_second_command_runs_tests(machine: Machine, set_up: FirstStart) -> None:
    result = machine.run("./lab", "test", "-q", "tests/unit")
    # Its exit status would also tell of cgroups that somebody else made meanwhile.
    outcome = result.stdout.rstrip().splitlines()[-1]
    assert re.match(r"\d+ passed", outcome), result.stdout[-5000:] + result.stderr


@pytest.fixture(scope="module")
def wheels(machine: Machine, set_up: FirstStart) -> str:
    """A folder as README says how to fill it, for machines without a network."""
    pip = ["-m", "pip", "download", "--no-deps", "-r", "requirements.lock"]
    result = machine.run(".venv/bin/python", *pip, "-d", "/root/wheels")
    assert result.returncode == 0, result.stderr
    return "/root/wheels"


@pytest.fixture
def without_venv(machine: Machine) -> Machine:
    """The machine as before its first start, but for the Debian packages."""
    shutil.rmtree(inside(machine, ".venv"))
    return machine


def inside(machine: Machine, name: str) -> Path:
    return machine.root / HOME.relative_to("/") / name


def test_wheels_in_a_folder_do_instead_of_a_network(
    without_venv: Machine, wheels: str
) -> None:
    result = first_container(without_venv, network=False, LAB_WHEELS=wheels)
    assert (result.returncode, result.stdout) == (0, "hello\n"), result.stderr


def first_container(
    machine: Machine, *, network: bool = True, **variables: str
) -> subprocess.CompletedProcess[str]:
    line = ["./lab", "run", "--rm", "busybox", "echo", "hello"]
    return machine.run(*line, network=network, **variables)


def test_a_set_up_killed_while_pip_installs_is_completed(
    without_venv: Machine, wheels: str
) -> None:
    line = without_venv.line("./lab", "ps", network=False, LAB_WHEELS=wheels)
    with subprocess.Popen(line) as starting:
        wait_for(inside(without_venv, ".venv/set-up.log"))
        starting.kill()
    assert not inside(without_venv, ".venv/requirements.lock").exists()
    result = first_container(without_venv, network=False, LAB_WHEELS=wheels)
    assert (result.returncode, result.stdout) == (0, "hello\n"), result.stderr


def wait_for(path: Path) -> None:
    end = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < end, f"no {path} within a minute"
        time.sleep(0.01)


def test_a_set_up_killed_while_dpkg_unpacks_is_completed(
    without_venv: Machine, wheels: str
) -> None:
    machine = without_venv
    removed = machine.run("apt-get", "purge", "-qq", "-y", "tmux")
    assert removed.returncode == 0, removed.stderr
    # dpkg tells this command what it does; the command kills all there is.
    failure = machine.root / "etc/dpkg/dpkg.cfg.d/power-failure"
    failure.write_text("status-logger=grep -qm1 unpacked && kill -KILL -1\n")
    # The first process of a pid namespace is spared: so that is not ./lab.
    machine.run("sh", "-c", "./lab ps; :")
    failure.unlink()
    assert machine.run("dpkg", "--audit").stdout, "dpkg was not interrupted"
    result = first_container(machine, LAB_WHEELS=wheels)
    assert (result.returncode, result.stdout) == (0, "hello\n"), result.stderr
    assert machine.run("tmux", "-V").returncode == 0
