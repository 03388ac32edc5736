"""`--explain` and `lab acts`: what the engine did, while it does it and afterwards."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.engine import Engine
from tests.shell.lines import Lab
from tests.shell.open_shell import OpenShell

# Two starts on a network differ in their addresses.
NO_NETWORK = ("--network", "none")


@pytest.fixture
def box(lab: Lab) -> str:
    """A container that runs."""
    lab("run", "-d", "--name", "box", *NO_NETWORK, "busybox", "sleep", "1000")
    return "box"


def test_a_run_is_explained_from_the_draft_to_the_removal(lab: Lab) -> None:
    done = lab("run", "--rm", "--explain", "busybox", "echo", "hi")
    assert done.out == "hi\n"
    verbs = re.findall(r"^── (\w+) ─", done.err, re.MULTILINE)
    # What may yet fail is held back a moment, so "start" may come once more.
    assert list(dict.fromkeys(verbs)) == ["create", "start", "end", "rm"]
    for part in ("Mounts: ", "Namespaces: ", "mount -t overlay", "$ROOTFS"):
        assert part in done.err
    assert "# pivot_root(2), " in done.err
    assert "engine.runtime.steps:Pivot.apply" in done.err
    assert re.search(r"\d+ × ", done.err)
    assert "\x1b" not in done.err


def test_explain_can_be_narrowed_to_concepts(lab: Lab) -> None:
    done = lab("run", "--rm", "--explain=roots,namespaces", "busybox", "true")
    headings = re.findall(r"^(\w[\w ]+): ", done.err, re.MULTILINE)
    assert set(headings) == {"Root", "Namespaces"}
    refused = lab("run", "--explain=magic", "busybox", "true")
    assert refused.code == 125
    assert "mounts" in refused.err
    assert "is mounts meant?" in lab("run", "--explain=mouns", "busybox", "true").err
    told = lab("run", "--explain=digest", "busybox", "true").err
    assert "`lab explain digest` tells of it" in told
    assert lab("create", "--explain=Mounts", "--name", "big", "busybox").code == 0
    assert lab("rm", "big").code == 0


def test_a_concept_that_stands_apart_is_told_how_it_is_asked_for(lab: Lab) -> None:
    refused = lab("run", "--explain", "mounts", "busybox", "true")
    assert "`--explain=mounts`" in refused.err and "No such image" in refused.err


def test_any_word_of_lab_explain_that_has_acts_means_their_concept(lab: Lab) -> None:
    done = lab("run", "--name", "said", "--explain=pivot-root", "busybox", "true")
    assert "pivot_root . ." in done.err and "mount -t overlay" not in done.err
    told = lab("acts", "said", "--concept", "veth")
    assert "type veth" in told.out and "pivot_root" not in told.out
    lab("rm", "said")
    step = lab("run", "--rm", "--step", "busybox", "true", stdin=b"next overlay\nabort")
    assert re.search(r"step> next overlay\n.*\n +\d+  mount --bind", step.err)


def test_explain_shows_the_source_of_each_function_once(lab: Lab) -> None:
    done = lab("run", "--rm", "--explain=full,roots", "busybox", "true")
    assert done.err.count("class Pivot") + done.err.count("def apply(self") == 1
    assert "│" in done.err


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("create --explain busybox", "mkdir(2)"),
        ("stop --explain -t 0 box", "pidfd_send_signal(2)"),
        ("restart --explain -t 0 box", "pivot_root(2)"),
        ("kill --explain box", "pidfd_send_signal(2)"),
        ("pause --explain box", "write(2)"),
        ("exec --explain box true", "setns(2)"),
        ("commit --explain box mine", "sha256sum(1)"),
        ("rm --explain -f box", "rm(1)"),
        ("rename --explain box other", "symlink(2)"),
        ("update --explain --pids-limit 50 box", "write(2)"),
        ("tag --explain busybox mine", "rename(2)"),
        ("rmi --explain -f busybox", "rename(2)"),
        ("save --explain busybox -o saved.tar", "rename(2)"),
    ],
)
def test_a_verb_that_acts_can_be_explained(
    lab: Lab, box: str, line: str, told: str, tmp_path: Path
) -> None:
    done = lab(*line.replace("saved.tar", f"{tmp_path}/saved.tar").split())
    assert f"# {told}" in done.err


def test_a_verb_that_only_looks_cannot_be_explained(lab: Lab) -> None:
    assert lab("ps", "--explain").code == 125


def test_acts_tells_afterwards_what_was_done_for_each_verb(lab: Lab, box: str) -> None:
    lab("exec", box, "true")
    lab("commit", box, "mine")
    lab("stop", "-t", "0", box)
    done = lab("acts", box)
    verbs = re.findall(r"^── (\w+) ─", done.out, re.MULTILINE)
    assert list(dict.fromkeys(verbs))[:3] == ["create", "start", "exec"]
    assert {"pause", "commit", "unpause", "stop", "kill", "end"} <= set(verbs)
    assert "def " not in done.out
    assert "def " in lab("acts", box, "--full").out


def test_acts_as_json_are_a_line_each(lab: Lab, box: str) -> None:
    acts = [json.loads(line) for line in lab("acts", box, "--json").lines]
    assert {"verb", "shell", "call", "symbol"} <= set(acts[0])


def test_acts_in_sentences_are_short_and_folded(lab: Lab, box: str) -> None:
    names, *said = lab("acts", box, "--plain").lines
    assert names.startswith("$ID stands for ")
    assert all(line.endswith(".") for line in said)
    assert not re.search(r"/containers/[0-9a-f]{64}\b", "".join(said))
    assert any("called mknodat(2) 6 times, " in line for line in said)
    assert not any("as `#" in line for line in said)


def test_two_like_starts_do_not_differ(lab: Lab, box: str) -> None:
    lab("run", "-d", "--name", "like", *NO_NETWORK, "busybox", "sleep", "1000")
    done = lab("acts", box, "like", "--diff")
    assert (done.code, done.out) == (0, "")


@pytest.mark.parametrize(
    ("asked", "lines"),
    [
        ("-m 64m", [r"  \+ echo 67108864 > .*\$ID/memory\.(max|limit_in_bytes)"]),
        (
            "--network host",
            [r"  - ip link set lo up", r"  - unshare .*--net", r"  \+ unshare "],
        ),
        (
            "--privileged",
            [r"  - # load \d+ instructions of seccomp", r"  \+ \d+ × mknod "],
        ),
    ],
)
def test_the_difference_of_two_starts_is_what_was_asked_otherwise(
    lab: Lab, box: str, asked: str, lines: list[str]
) -> None:
    other = asked.split() if "--network" in asked else [*NO_NETWORK, *asked.split()]
    lab("run", "-d", "--name", "other", *other, "busybox", "sleep", "1000")
    done = lab("acts", box, "other", "--diff")
    assert done.code == 1
    assert done.lines[:2] == ["--- box", "+++ other"]
    for line in lines:
        assert re.search(line, done.out), (line, done.out)


def test_what_cannot_be_compared_is_trouble(lab: Lab, box: str) -> None:
    created = lab("create", "--name", "fresh", "busybox")
    assert created.code == 0
    assert lab("acts", box, "fresh", "--diff").code == 2
    assert lab("acts", box, "nosuch", "--diff").code == 2
    assert lab("acts", box, "--diff").code == 1


@pytest.fixture
def shell(engine: Engine, tmp_path: Path) -> Iterator[OpenShell]:
    opened = OpenShell(engine.root, tmp_path)
    yield opened
    opened.leave()


def test_with_a_terminal_acts_stand_before_and_behind_the_session(
    shell: OpenShell,
) -> None:
    # It lasts a moment: of what has ended at once, the end may be told before it.
    program = "sh -c 'echo in the session; sleep 0.3'"
    said = shell(f"lab run -it --rm --explain busybox {program}")
    start, session, rest = said.partition("\nin the session\n")
    assert session
    assert "# execve(2)" in start
    assert "── end " in rest and "── rm " in rest
    assert "\x1b" not in said  # this terminal is a dumb one
