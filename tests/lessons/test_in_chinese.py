"""A lesson in the real shell, in Chinese: what the runner says, too."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.engine import Engine
from labshell.lessons import library
from labshell.views.tables import width
from tests.messages import catalogue
from tests.shell.open_shell import OpenShell

LESSON = "commit/init-layer"
pytestmark = pytest.mark.require("root", "overlay")


@pytest.fixture
def shell(
    fresh_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[OpenShell]:
    monkeypatch.setenv("LABSHELL_PROGRESS", str(tmp_path / "progress.json"))
    words = ("--lang", "zh", "learn", LESSON)
    shell = OpenShell(fresh_root, tmp_path, columns=100, words=words)
    yield shell
    shell.leave()
    Engine(fresh_root).destroy()


LINES = """\
:next
:hint
:check
:back
:goto
:goto 77
:answer
:answer 77
:drill
:source
:source nothing
:reset
:answer there
:answer there
:solution
:next
:skip
:progress
lab learn no/such
:reset lesson
:check
"""


def test_the_runner_says_nothing_in_english(shell: OpenShell) -> None:
    said = shell.greeting + "".join(map(shell, LINES.splitlines()))
    english = catalogue.phrases("zh")
    assert {text for text in english if text.strip() in said} == set()
    for chinese in (
        "只有一次机会。",
        "错误：没有 77 这个选项",
        "错误：没有这一课：no/such",
        "这一课已恢复成从未开始的样子。",
    ):
        assert chinese in said


def test_the_steps_stand_below_each_other(shell: OpenShell) -> None:
    *steps, total = shell(":progress").splitlines()
    assert {"观察", "预测", "动手"} <= {word for line in steps for word in line.split()}
    ends = {width(line) for line in steps if "/" in line}
    assert len(ends) == 1
    assert total.endswith("分")


def test_what_a_check_has_said_is_said_again_in_chinese(shell: OpenShell) -> None:
    shell(":goto find-hosts")
    solution = library.find(LESSON).step("find-hosts").solve[-1]
    said = "✓ 就是它：两者是同一个文件"
    assert said in shell(solution.replace("{{name}}", "$(lab ps -q)"))
    assert said in shell(":again")


def test_a_verb_of_dockers_answers_in_english(shell: OpenShell) -> None:
    assert shell("lab ps").startswith("CONTAINER ID")
    assert "No such container: nosuch" in shell("lab rm nosuch")


def test_bash_and_what_it_starts_speak_the_same(shell: OpenShell) -> None:
    assert shell("command lab lesson where").startswith("你学到了")


def test_a_shell_keeps_the_language_it_was_opened_in(
    fresh_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABSHELL_PROGRESS", str(tmp_path / "progress.json"))
    shell = OpenShell(fresh_root, tmp_path, words=("--lang", "zh"))
    try:
        shell("export LABSHELL_LANG=en")
        assert "只有一次机会" in shell(f"lab learn {LESSON}")
        assert "没有 77 这个选项" in shell(":answer 77")
        shell(":reset lesson")
    finally:
        shell.leave()
        Engine(fresh_root).destroy()
