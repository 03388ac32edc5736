"""The shell in Chinese: what it says itself, and nothing breaks for wide characters."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from labshell.shell.toolbar import toolbar
from tests.messages import catalogue
from tests.shell.open_shell import OpenShell

if TYPE_CHECKING:
    from engine.engine import Engine

LINES = """\
:help
:nosuch
:panes mounts
lab run -d --name web busybox sleep 1000
stop web
cat busybox
lab shell
lab rm -f web
"""


@pytest.fixture
def shell(engine: "Engine", busybox: str, tmp_path: Path) -> Iterator[OpenShell]:
    shell = OpenShell(engine.root, tmp_path, words=("--lang", "zh"))
    yield shell
    shell.leave()


def test_the_shell_itself_says_nothing_in_english(shell: OpenShell) -> None:
    said = shell.greeting + "".join(map(shell, LINES.splitlines()))
    english = catalogue.phrases("zh")
    assert {text for text in english if text.strip() in said} == set()
    for chinese in (
        "其余都是 bash。",
        "没有这个词：:nosuch",
        "+ 层 web 的可读写层和 init 层",
        "web 在这里是一个容器。",
        "你已经在 shell 里了。",
    ):
        assert chinese in said


def test_what_comes_and_goes_is_counted_in_chinese(shell: OpenShell) -> None:
    shell("lab ps")
    names = "one two three"
    said = shell(f"for n in {names}; do lab run -d --name $n busybox sleep 1000; done")
    assert re.search(r"新增 \d+ 个进程：`lab mounts`", said)
    assert re.search(r"\d+ 个进程结束：`lab mounts`", shell(f"lab rm -f {names}"))


def test_a_line_of_wide_characters_wraps_and_comes_through(
    engine: "Engine", tmp_path: Path
) -> None:
    words = ("--lang", "zh")
    shell = OpenShell(engine.root, tmp_path, term="xterm", columns=40, words=words)
    text = "镜像和容器，再加一层可读写层，写时复制"
    try:
        shell.type(f"echo {text}\r")
        shell.expect("一层可读写\x1b[0m\r")  # 40 columns are full
        shell.expect(f"{text}\r\n")
    finally:
        shell.child.close(force=True)


def test_the_line_at_the_bottom_is_chinese(
    engine: "Engine", busybox: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from engine.engine import ContainerOptions

    options = ContainerOptions(image=busybox, command=("sleep", "1000"), name="web")
    engine.start(engine.create(options).id)
    monkeypatch.setenv("LABSHELL_LANG", "zh")
    assert toolbar(engine, None) == "1 个在运行：web"
