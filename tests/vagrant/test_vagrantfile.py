"""The Vagrantfile: Ruby reads it, Vagrant finds it valid, and it means what it says.

No provider is started here. For VirtualBox, which is no Debian package, a stub answers
the one question that Vagrant asks to know whether it is there.
"""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.house.sources import tracked_files
from tests.vagrant.conftest import SYSTEM, Vagrant

needs_vagrant = pytest.mark.require("vagrant", "ruby")
Chosen = Callable[..., dict[str, Any]]

# Variables, and part of what is said of them. Nothing is said of those that make sense.
GOOD = [
    {},
    {"LAB_BOX": "labshell/class", "LAB_CPUS": "4", "LAB_MEMORY": "4096"},
    {"LAB_BOX": "class", "LAB_STUDENTS": "3"},
    {"LAB_CPUS": "", "LAB_MEMORY": "", "LAB_BOX": "", "LAB_STUDENTS": ""},
]
WRONG = [
    ({"LAB_BOX": "../x"}, 'LAB_BOX is "../x", and must be the name of a box'),
    ({"LAB_BOX": "a b"}, "LAB_BOX is"),
    (
        {"LAB_CPUS": "zero"},
        'LAB_CPUS is "zero", and must be a whole number from 1 to 64',
    ),
    ({"LAB_CPUS": "0"}, "LAB_CPUS is"),
    ({"LAB_CPUS": "65"}, "LAB_CPUS is"),
    ({"LAB_CPUS": "2\n"}, "LAB_CPUS is"),
    ({"LAB_MEMORY": "512"}, "LAB_MEMORY is"),
    ({"LAB_MEMORY": "2G"}, "a whole number from 1024 to 262144"),
    ({"LAB_LIBVIRT_DRIVER": "xen"}, "and must be kvm or qemu"),
    ({"LAB_STUDENTS": "100"}, "a whole number from 1 to 99"),
    ({"LAB_STUDENTS": "-1"}, "LAB_STUDENTS is"),
]


@pytest.mark.require("ruby")
def test_ruby_can_read_it_and_warns_of_nothing() -> None:
    files = [path for path in tracked_files() if is_ruby(path)]
    assert len(files) >= 6
    for file in files:
        done = subprocess.run(["ruby", "-wc", file], capture_output=True, text=True)
        assert (done.stdout, done.stderr) == ("Syntax OK\n", ""), file


def is_ruby(path: Path) -> bool:
    return path.suffix == ".rb" or path.name == "Vagrantfile"


def test_its_lines_fit_a_screen() -> None:
    long = [
        f"{path}: {line}"
        for path in tracked_files()
        if is_ruby(path)
        for line in path.read_text().splitlines()
        if len(line) > 88
    ]
    assert long == []


@needs_vagrant
@pytest.mark.parametrize("variables", GOOD)
def test_it_is_valid_for_libvirt(vagrant: Vagrant, variables: dict[str, str]) -> None:
    done = vagrant("validate", LAB_LIBVIRT_DRIVER="qemu", **variables)
    assert "Vagrantfile validated successfully." in done.stdout, done.stderr


@needs_vagrant
@pytest.mark.parametrize("variables", GOOD)
def test_it_is_valid_for_virtualbox(
    vagrant: Vagrant, stub_path: str, variables: dict[str, str]
) -> None:
    done = vagrant(
        "validate", PATH=stub_path, VAGRANT_DEFAULT_PROVIDER="virtualbox", **variables
    )
    assert "Vagrantfile validated successfully." in done.stdout, done.stderr


READ = """
require "vagrant"
require File.join(ARGV[0], "settings")
begin
  Labshell::Settings.new(ENV)
rescue Labshell::Refusal => error
  puts error.message
end
"""


@needs_vagrant
@pytest.mark.parametrize(("variables", "said"), WRONG)
def test_a_wrong_value_is_named_with_what_it_may_be(
    folder: Path, variables: dict[str, str], said: str
) -> None:
    done = subprocess.run(
        ["ruby", "-e", READ, folder],
        env={"PATH": SYSTEM, "LC_ALL": "C.UTF-8", **variables},
        capture_output=True,
        text=True,
    )
    assert said in done.stdout
    assert done.stdout.count("\n") == 1


@needs_vagrant
def test_a_wrong_value_ends_vagrant_with_that_line(vagrant: Vagrant) -> None:
    done = vagrant("up", LAB_CPUS="zero")
    assert done.returncode == 1
    assert done.stderr.count("LAB_CPUS") == 1
    assert "Traceback" not in done.stderr
    assert ".rb:" not in done.stderr


@pytest.fixture
def chosen(folder: Path, tmp_path: Path) -> Chosen:
    """What the Vagrantfile makes of a provider, a version of Vagrant and variables."""

    def ask(
        provider: str = "libvirt", version: str = "", **variables: str
    ) -> dict[str, Any]:
        script = Path(__file__).with_name("chosen.rb")
        words = [
            shutil.which("ruby"),
            script,
            folder,
            provider,
            *([version] if version else []),
        ]
        home = {"HOME": str(tmp_path), "VAGRANT_HOME": str(tmp_path / "home")}
        done = subprocess.run(
            words,
            env={"PATH": SYSTEM, "LC_ALL": "C.UTF-8", **home, **variables},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    return ask


@needs_vagrant
@pytest.mark.parametrize(
    ("provider", "box"),
    [
        ("virtualbox", "bento/debian-13"),
        ("parallels", "bento/debian-13"),
        ("vmware_desktop", "bento/debian-13"),
        ("libvirt", "cloud-image/debian-13"),
        ("qemu", "cloud-image/debian-13"),
    ],
)
def test_every_provider_has_a_box_of_one_version(
    chosen: Chosen, provider: str, box: str
) -> None:
    found = chosen(provider, "2.4.9")
    assert found["box"] == box
    assert found["version"][:4].isdecimal()
    assert found["address"] is None


@needs_vagrant
@pytest.mark.parametrize("provider", ["virtualbox", "libvirt", "qemu"])
def test_vagrant_2_3_which_knows_no_processors_is_given_a_whole_address(
    chosen: Chosen, provider: str
) -> None:
    old, new = chosen(provider, "2.3.4"), chosen(provider, "2.4.0")
    assert old["version"] is None
    (address,) = old["address"]
    assert f"/versions/{new['version']}/providers/" in address
    assert address.endswith(("/amd64/vagrant.box", "/arm64/vagrant.box"))
    assert old["box"].startswith(new["box"])


@needs_vagrant
@pytest.mark.parametrize("version", ["2.3.4", "2.4.9"])
@pytest.mark.parametrize("provider", ["virtualbox", "libvirt", "qemu"])
def test_a_box_of_ones_own_has_no_version(
    chosen: Chosen, provider: str, version: str
) -> None:
    found = chosen(provider, version, LAB_BOX="labshell/class")
    assert found["box"] == "labshell/class"
    assert (found["version"], found["address"]) == (None, None)


@needs_vagrant
def test_without_students_there_is_one_machine(chosen: Chosen) -> None:
    assert chosen()["machines"] == {"labshell": True}


@needs_vagrant
def test_students_have_a_machine_each_and_none_starts_by_surprise(
    chosen: Chosen,
) -> None:
    found = chosen(LAB_STUDENTS="12")
    names = [f"student-{number:02}" for number in range(1, 13)]
    assert found["machines"] == dict.fromkeys(names, False)
    assert found["hostname"] == "student-12"


@needs_vagrant
def test_up_without_a_name_asks_which_of_the_students_machines(
    vagrant: Vagrant,
) -> None:
    done = vagrant("up", "--provider=libvirt", LAB_STUDENTS="30")
    assert done.returncode == 1
    assert "Which of the 30 machines?" in done.stderr


@pytest.mark.require("vagrant", "ruby", "rsync")
@pytest.mark.parametrize("provider", ["virtualbox", "parallels", "libvirt"])
def test_the_machine_is_given_a_copy_of_the_checkout(
    chosen: Chosen, provider: str
) -> None:
    shared = chosen(provider)["shared"]
    assert shared["type"] == "rsync"
    assert {".git", ".venv", "vagrant/kept"} <= set(shared["rsync__exclude"])


@needs_vagrant
def test_a_host_without_rsync_shares_the_checkout_read_only(
    chosen: Chosen, tmp_path: Path
) -> None:
    shared = chosen("virtualbox", PATH=str(tmp_path))["shared"]
    assert shared["mount_options"] == ["ro"]
    assert shared["SharedFoldersEnableSymlinksCreate"] is False


@needs_vagrant
def test_the_work_is_copied_before_anything_that_ends_the_machine(
    chosen: Chosen,
) -> None:
    triggers = chosen()["triggers"]
    assert {"halt", "reload", "destroy", "suspend"} <= set(triggers["before"])
    assert {"up", "reload", "provision"} <= set(triggers["after"])


@needs_vagrant
def test_a_submission_is_made_only_when_asked_for(chosen: Chosen) -> None:
    assert ["submit", "never"] in chosen()["provisioners"]
