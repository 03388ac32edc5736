"""A machine that does not match is told so: what, and what to do about it."""

import subprocess

import pytest

from tests.house.sources import HOME

MATCHING = str(HOME / "vagrant/matching.sh")


def ask(prepare: str, *questions: str) -> subprocess.CompletedProcess[str]:
    """Ask in a mount namespace in which `prepare` was done."""
    script = f'set -e; {prepare}\nexec bash "$0" "$@"'
    return subprocess.run(
        ["unshare", "--mount", "sh", "-c", script, MATCHING, *questions],
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"},
        capture_output=True,
        text=True,
    )


def assert_told(done: subprocess.CompletedProcess[str], what: str, to_do: str) -> None:
    first, second = done.stderr.splitlines()
    assert done.returncode == 1
    assert first.startswith(f"labshell: {what}")
    assert second.startswith("labshell: to do: ")
    assert to_do in second


def test_an_old_kernel_is_told() -> None:
    done = subprocess.run(
        ["setarch", "--uname-2.6", MATCHING, "kernel"], capture_output=True, text=True
    )
    assert_told(done, "the kernel is 2.6", "Debian 12")


@pytest.mark.require("root", "overlay", "nft")
def test_this_machine_is_good_for_tests() -> None:
    done = ask("true", "kernel", "overlay", "namespaces", "nft")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.require("root")
def test_without_systemd_process_1_is_named() -> None:
    done = subprocess.run(
        ["unshare", "--mount", "--pid", "--fork", "--mount-proc", MATCHING, "systemd"],
        capture_output=True,
        text=True,
    )
    assert_told(done, "process 1 is bash, not systemd", "virtual machine")


@pytest.mark.require("root")
def test_control_groups_of_another_version_are_told() -> None:
    done = ask("mount -t tmpfs none /sys/fs/cgroup", "cgroups")
    assert_told(done, "control groups are not version 2 alone", "command line")


@pytest.mark.require("root", "cgroup1")
def test_controllers_that_are_missing_are_named() -> None:
    done = ask("mount -t cgroup2 none /sys/fs/cgroup", "cgroups")
    assert_told(done, "control groups lack: ", "cgroup_disable")
    assert "memory" in done.stderr


@pytest.mark.require("root")
def test_a_kernel_without_overlay_is_told(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    few = tmp_path_factory.mktemp("few") / "filesystems"
    few.write_text("nodev\tproc\n\text4\n")
    no_module = "[ ! -d /lib/modules ] || mount -t tmpfs none /lib/modules"
    done = ask(f"mount --bind '{few}' /proc/filesystems; {no_module}", "overlay")
    assert_told(done, "this kernel has no overlay file system", "modprobe overlay")


@pytest.mark.require("root")
def test_namespaces_that_cannot_be_made_are_told() -> None:
    forbid = "echo 0 > /proc/sys/user/max_user_namespaces; exec bash $0 namespaces"
    done = subprocess.run(
        ["unshare", "--user", "--map-root-user", "sh", "-c", forbid, MATCHING],
        capture_output=True,
        text=True,
    )
    assert_told(done, "namespaces cannot be made: unshare", "max_user_namespaces")


@pytest.mark.require("root", "nft")
def test_a_machine_without_nft_is_told() -> None:
    done = ask('mount --bind /dev/null "$(readlink -f "$(command -v nft)")"', "nft")
    assert_told(done, "nft cannot make a table", "apt-get install nftables")


def test_a_question_that_is_none_is_told() -> None:
    done = subprocess.run([MATCHING, "beauty"], capture_output=True, text=True)
    assert_told(done, "there is no question called beauty", "namespaces")


@pytest.mark.require("root")
def test_all_that_is_wrong_is_told_at_once() -> None:
    done = ask("mount -t tmpfs none /sys/fs/cgroup", "cgroups", "beauty")
    assert len(done.stderr.splitlines()) == 4
