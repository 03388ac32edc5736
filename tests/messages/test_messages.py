"""How a message is looked up: which language, how many, and what of it is kept."""

import subprocess
import sys

import pytest

from labshell.lessons import library
from labshell.messages import CHOSEN, language, translate, translate_count
from labshell.views.tables import padded, table, width
from tests.house.sources import HOME


@pytest.mark.parametrize(
    ("variables", "spoken"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C.UTF-8"}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "C.UTF-8", CHOSEN: "zh"}, "zh"),
        ({"LC_ALL": "zh_CN.UTF-8", CHOSEN: "en"}, "en"),
    ],
)
def test_the_language_is_the_chosen_one_or_the_terminals(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], spoken: str
) -> None:
    for name in (CHOSEN, "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert language() == spoken


def test_a_text_that_nobody_translated_stays_english() -> None:
    assert translate("Nobody says this.", "zh") == "Nobody says this."


def test_the_empty_text_is_not_the_head_of_the_catalogue() -> None:
    assert translate("", "zh") == ""


@pytest.mark.parametrize(
    ("count", "into", "said"),
    [(1, "en", "1 point"), (2, "en", "2 points"), (1, "zh", "1 分"), (2, "zh", "2 分")],
)
def test_each_language_counts_in_its_way(count: int, into: str, said: str) -> None:
    assert translate_count("{count} point", "{count} points", count, into) == said


def test_english_reads_no_catalogue() -> None:
    look = (
        "import sys; before = set(sys.modules); sys.path.append(sys.argv[1])\n"
        "from labshell.messages import translate\n"
        "translate('No lesson is open.', 'en')\n"
        "print({'gettext', 'locale'} & set(sys.modules) - before)"
    )
    command = [sys.executable, "-I", "-S", "-c", look, str(HOME)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_columns_stand_below_each_other_in_any_language() -> None:
    shown = table(("课程", "POINTS"), [("layers/union", "15"), ("叠加", "7")])
    columns = {
        width(line[: line.index(cell)])
        for line, cell in zip(shown.splitlines(), ("POINTS", "15", "7"), strict=True)
    }
    assert len(columns) == 1
    assert width(padded("动手", 9)) == width(padded("do", 9)) == 9


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("There is no image otter:1 yet.", "还没有镜像 otter:1。"),
        ("otter is not running.", "otter 没有在运行。"),
        ("two\nlines is not running.", "two\nlines 没有在运行。"),
        ("Nobody says otter.", "Nobody says otter."),
    ],
)
def test_what_is_said_in_any_lesson_is_known_with_its_subject(
    monkeypatch: pytest.MonkeyPatch, english: str, chinese: str
) -> None:
    """It was saved as a check had said it, in English."""
    monkeypatch.setenv(CHOSEN, "zh")
    assert library.find("commit/init-layer", "zh").said(english, {}) == chinese
