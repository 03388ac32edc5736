"""What labshell says is translated, all of it, and into the same thing."""

import re
from pathlib import Path

import polib
import pytest

from labshell import messages
from tests.house.sources import python_files
from tests.messages import catalogue, extraction

LANGUAGES = sorted(messages.LOCALES)
RENEW = ".venv/bin/python -m tests.messages makes the catalogue anew"


@pytest.fixture(params=LANGUAGES)
def known(request: pytest.FixtureRequest) -> polib.POFile:
    return catalogue.read(request.param)


def test_whatever_is_marked_is_translated(known: polib.POFile) -> None:
    translated = {entry.msgid for entry in known if all(catalogue.translations(entry))}
    said = {message.one for message in extraction.messages()}
    assert said - translated == set(), RENEW


def test_nothing_is_translated_that_nobody_says(known: polib.POFile) -> None:
    said = {message.one for message in extraction.messages()}
    assert {entry.msgid for entry in known} - said == set(), RENEW


def test_no_text_is_marked_in_two_ways() -> None:
    """As one text here, and there as that for one of several things."""
    said = [message.one for message in extraction.messages()]
    assert {text for text in said if said.count(text) > 1} == set()


@pytest.mark.parametrize(
    "part", [r"\{\w*\}", r"`:\w+", r"`lab [a-z ]+", r"--\w+", "^ *"]
)
def test_a_translation_keeps_what_is_no_word(known: polib.POFile, part: str) -> None:
    """Values that are put in, words of the shell, verbs, options, indentation."""
    other = {
        entry.msgid: text
        for entry in known
        for text in catalogue.translations(entry)
        if found(part, entry.msgid_plural or entry.msgid) != found(part, text)
    }
    assert other == {}


def found(part: str, text: str) -> list[str]:
    return sorted(match.strip() or match for match in re.findall(part, text))


def test_what_is_compiled_is_what_is_written(known: polib.POFile) -> None:
    compiled = Path(known.fpath).with_suffix(".mo").read_bytes()
    assert compiled == known.to_binary(), RENEW


AUTHORS = {"fields", "format", "judge", "lint", "prose", "proof", "skeleton"}
AUTHORS |= {"curriculum", "mutants", "translate", "vocabulary"}
DOCKER = {"standin"}


def test_whoever_speaks_to_a_student_marks_it() -> None:
    """What is said to authors, of their own files, and in Docker's name is English."""
    speakers = [
        source
        for source in python_files("labshell/shell", "labshell/lessons")
        if source.path.stem not in AUTHORS | DOCKER
    ]
    unmarked = [text for source in speakers for text in extraction.unmarked_in(source)]
    assert unmarked == []


def test_english_is_what_the_code_says() -> None:
    said = extraction.messages()
    assert [messages.translate(m.one, "en") for m in said] == [m.one for m in said]


def test_extraction_finds_each_kind_of_mark() -> None:
    source = extraction.Source(
        path=Path("x.py"),
        text="",
        tree=extraction.ast.parse(
            "translate('a')\n"
            "screen.say('b' if x else 'c', 'dim')\n"
            "screen.count('{count} d', '{count} ds', n)\n"
            "say('said by another')\n"
            "translate(text)\n"
            "marked_count('{count} e', '{count} es')\n"
            "'f'.count('f', start)\n"
        ),
    )
    assert set(extraction.marked_in(source)) == {
        ("a", ""),
        ("b", ""),
        ("c", ""),
        ("{count} d", "{count} ds"),
        ("{count} e", "{count} es"),
    }
