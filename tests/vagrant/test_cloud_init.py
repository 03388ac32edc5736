"""A rented machine becomes what `vagrant up` makes: user data that run provision.sh."""

import subprocess
from typing import Any

import pytest
import yaml

from tests.house.sources import HOME

FILE = HOME / "vagrant/cloud-init.yaml"


def user_data() -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load(FILE.read_text())
    return data


@pytest.mark.require("cloud-init")
def test_cloud_init_knows_every_word() -> None:
    done = subprocess.run(
        ["cloud-init", "schema", "--config-file", FILE], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert FILE.read_text().startswith("#cloud-config\n")


def test_its_last_word_is_provisioning() -> None:
    script = user_data()["runcmd"][-1]
    assert script == ["bash", "/usr/local/src/labshell/vagrant/provision.sh"]
    assert (HOME / "vagrant/provision.sh").exists()


def test_it_installs_only_what_it_takes_to_bring_in_the_checkout() -> None:
    assert user_data()["packages"] == ["git", "ca-certificates"]


def test_a_checkout_that_is_there_is_not_fetched_again() -> None:
    clone = user_data()["runcmd"][0]
    assert clone[:2] == ["sh", "-c"]
    assert clone[2].startswith("test -d /usr/local/src/labshell || git clone")
