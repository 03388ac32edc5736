"""One rule: `lab VERB` is the engine, `:word` the lesson, everything else is bash."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.shell.open_shell import OpenShell, run_script

if TYPE_CHECKING:
    from engine.engine import Engine


@pytest.fixture
def shell(engine: "Engine", tmp_path: Path) -> Iterator[OpenShell]:
    shell = OpenShell(engine.root, tmp_path)
    yield shell
    shell.leave()


@pytest.fixture
def web(engine: "Engine", busybox: str) -> str:
    """The name of a container that runs, and ends when it is told to."""
    from engine.engine import ContainerOptions

    script = "trap exit TERM; while :; do sleep 0.1; done"
    options = ContainerOptions(image=busybox, command=("sh", "-c", script), name="web")
    engine.start(engine.create(options).id)
    return "web"


def test_bash_keeps_directory_variables_and_functions(shell: OpenShell) -> None:
    shell("cd /usr; x='a  b'; greet() { echo hello $1; }")
    assert shell('echo "$PWD $x"; greet you') == "/usr a  b\nhello you"
    shell("declare -A map; map[k]=v; set -- one two; alias hi='echo alias'")
    assert shell("echo ${map[k]} $2; hi there") == "v two\nalias there"


def test_the_exit_status_is_true_across_both_worlds(shell: OpenShell) -> None:
    shell("(exit 7)")
    assert shell.failed == "7"
    assert shell("echo $?") == "7"
    shell("lab inspect nosuch")
    assert shell.failed == "1"
    assert shell("echo $?") == "1"
    shell("lab run --rm busybox sh -c 'exit 42'")
    assert shell("echo $?") == "42"
    shell("lab ps -q")
    assert shell("echo $?") == "0"


def test_the_last_word_of_a_line_is_known_to_the_next(
    shell: OpenShell, tmp_path: Path
) -> None:
    shell("mkdir made")
    assert shell("cd $_; pwd") == str(tmp_path / "made")


def test_a_lab_line_sees_where_bash_is_and_what_it_exports(
    shell: OpenShell, tmp_path: Path
) -> None:
    shell("mkdir sub; cd sub; export COLOUR=green")
    line = "lab run --rm -e COLOUR busybox sh -c 'echo it is $COLOUR'"
    assert shell(line) == "it is green"
    shell("lab rootfs make here /bin/true")
    assert (tmp_path / "sub" / "here").is_dir()


def test_pipes_loops_and_substitutions_find_lab_on_path(
    shell: OpenShell, web: str
) -> None:
    assert shell("lab ps -q | wc -l") == "1"
    loop = "for c in $(lab ps -q); do lab inspect -f '{{.Name}}' $c; done"
    assert shell(loop).strip("/") == web


def test_everything_else_keeps_its_meaning(shell: OpenShell, web: str) -> None:
    assert "PID" in shell("ps")
    shell("touch web; rm web")
    assert shell(": ${y:=5}; echo $y") == "5"
    assert "rm web" in shell("history")


def test_a_word_that_nobody_knows_is_an_error_with_a_hint(shell: OpenShell) -> None:
    said = shell(":nosuch")
    assert "Error: no such word: :nosuch" in said
    assert "`:help`" in said


def test_help_names_the_rule_and_the_words(shell: OpenShell) -> None:
    said = shell(":help")
    for word in ("lab VERB", ":panes", ":quit", ":next", ":hint", ":reset"):
        assert word in said


def test_panes_outside_tmux_say_what_is_missing(shell: OpenShell) -> None:
    said = shell(":panes")
    assert "needs tmux" in said and "Start `tmux`" in said


def test_a_failed_line_that_names_a_container_is_offered_to_the_engine(
    shell: OpenShell, web: str
) -> None:
    said = shell("stop web")
    assert "web is a container here. `lab stop web`?" in said
    assert shell("lab ps -q") != "", "an offer is not carried out"
    assert "`lab inspect busybox`?" in shell("cat busybox")
    assert "?" not in shell("cat nosuch")


def test_what_changed_is_said_and_nothing_when_nothing_changed(
    shell: OpenShell,
) -> None:
    assert shell("true") == ""
    said = shell("lab run -d --name one busybox sleep 1000").splitlines()
    assert "+ layer read-write and init of one" in said
    assert [line for line in said if line.startswith("+ mount overlay on ")]
    assert [line for line in said if "sleep 1000 (container one, there pid 1)" in line]
    assert len(said) <= 8
    assert shell("lab ps -q | cat") != ""
    said = shell("lab rm -f one").splitlines()
    assert "- layer read-write and init of one" in said
    assert shell("true") == ""


def test_what_changed_is_only_a_few_lines(shell: OpenShell) -> None:
    line = "for i in 1 2 3 4; do lab create --name box$i busybox true; done"
    shell("lab create --name first busybox true")
    said = shell(f"{line} >/dev/null; lab create --name last busybox true >/dev/null")
    assert len(said.splitlines()) <= 6


def test_another_root_in_bash_is_not_served_by_this_engine(
    shell: OpenShell, web: str, tmp_path: Path
) -> None:
    shell(f"export LABSHELL_ROOT={tmp_path}/other")
    assert shell("lab ps -q") == ""


def test_the_history_of_lines_is_private(engine: "Engine", tmp_path: Path) -> None:
    shell = OpenShell(engine.root, tmp_path, term="xterm")
    shell.type("echo kept\r")
    shell.until_prompt()
    shell.leave()
    history = Path(os.environ["XDG_STATE_HOME"]) / "labshell" / "history"
    assert "+echo kept" in history.read_text()
    assert history.stat().st_mode & 0o777 == 0o600


def test_a_script_that_is_piped_in_is_run_without_decoration(
    engine: "Engine", tmp_path: Path
) -> None:
    done = run_script(
        engine.root,
        tmp_path,
        "cd /usr\npwd\nlab run --rm busybox echo inside\nfor i in 1 2\ndo echo $i\n"
        "done\necho wrong >&2\ncat\nx=5\necho $x; exit 3\n",
    )
    assert done.out == "/usr\ninside\n1\n2\n5\n"
    assert done.err == "wrong\n"
    assert done.code == 3


def test_the_status_of_a_script_is_that_of_its_last_line(
    engine: "Engine", tmp_path: Path
) -> None:
    assert run_script(engine.root, tmp_path, "false").code == 1
    assert run_script(engine.root, tmp_path, "lab inspect nosuch\n").code == 1
    assert run_script(engine.root, tmp_path, "false\ntrue\n").code == 0
