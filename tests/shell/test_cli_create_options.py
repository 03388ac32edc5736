"""Options of create and run that are only the command line's, and those we lack."""

from pathlib import Path

import pytest

from tests.shell.lines import Lab


def test_the_id_goes_into_a_file_that_was_not_there(lab: Lab, tmp_path: Path) -> None:
    file = tmp_path / "cid"
    done = lab("create", "--cidfile", str(file), "busybox", "true")
    assert file.read_text() == done.out.strip()
    done = lab("run", "--rm", "--cidfile", str(file), "busybox", "true")
    assert done.code == 125
    assert "container ID file found" in done.error


def test_no_file_stays_where_no_container_came_of_it(lab: Lab, tmp_path: Path) -> None:
    file = tmp_path / "cid"
    assert lab("run", "--cidfile", str(file), "-m", "1k", "busybox", "true").code == 125
    assert not file.exists()


def test_labels_come_from_files_and_are_overruled_by_options(
    lab: Lab, tmp_path: Path
) -> None:
    (tmp_path / "labels").write_text("# labels\na=1\n  b=2\nalone\n")
    identity = lab(
        *("create", "--label-file", str(tmp_path / "labels"), "-l", "a=3"),
        *("busybox", "true"),
    ).out.strip()
    done = lab("inspect", "-f", "{{json .Config.Labels}}", identity)
    assert done.out == '{"a":"3","b":"2"}\n'


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--pull", "often"), "invalid pull option: 'often'"),
        (("--pull", "foo"), 'must be one of "always", "missing" or "never"'),
        (("--platform", "linux/s390x"), "no emulator"),
        (("--gpus", "all"), "--gpus is not supported here"),
        (("--isolation", "hyperv"), "--isolation is not supported here"),
        (("-p", "80/sctp"), "SCTP ports are not passed on here"),
        (("-p", "80:x"), "Invalid containerPort: x"),
        (("--expose", "x"), "Invalid containerPort: x"),
        (("--label-file", "/nosuch"), "open /nosuch"),
    ],
)
def test_what_is_not_here_is_refused_with_a_reason(
    lab: Lab, words: tuple[str, ...], told: str
) -> None:
    done = lab("run", "--rm", *words, "busybox", "true")
    assert done.code == 125
    assert told in done.error


def test_what_is_not_here_has_a_hint_that_says_what_to_do_without(lab: Lab) -> None:
    assert "--tmpfs" in lab("run", "--storage-opt", "size=1G", "busybox").hint


def test_an_option_that_is_only_refused_is_not_offered_for_another(lab: Lab) -> None:
    hint = lab("run", "--ip7", "x", "busybox").hint
    assert "--ip" in hint
    assert "--ip6" not in hint


def test_what_changes_nothing_is_accepted(lab: Lab) -> None:
    options = ("--pull", "missing", "-q", "--userns", "host", "--platform", "linux")
    assert lab("run", "--rm", *options, "busybox", "true").code == 0


def test_the_network_default_is_the_one_that_is_taken_without_it(lab: Lab) -> None:
    lab("create", "--name", "box", "--network", "default", "busybox", "true")
    done = lab("inspect", "-f", "{{.HostConfig.NetworkMode}}", "box")
    assert done.lines == ["bridge"]
