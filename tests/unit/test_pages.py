"""The pages of `lab explain`: each is whole, and leads to things that are there."""

import re
import shlex
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import click
import pytest

from engine.errors import EngineBroken
from labshell.cli import lab as top
from labshell.lessons import library as lessons
from labshell.lessons import symbols
from labshell.pages import library
from labshell.pages.format import Page, read
from labshell.views.concepts import HEADINGS
from tests.marks import all_marks

PAGES = {page.name: page for page in library.pages()}
every_page = pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)


@every_page
def test_a_page_has_two_paragraphs_and_something_to_try(page: Page) -> None:
    assert len(page.paragraphs) == 2
    assert min(map(len, page.paragraphs)) > 200
    assert page.examples
    assert page.title.partition(": ")[2], "what it is, and what that means"


@every_page
def test_the_symbols_of_a_page_are_in_the_engine(page: Page) -> None:
    assert page.symbols
    for symbol in page.symbols:
        assert symbols.find(symbol).text


@every_page
def test_the_manual_of_a_page_is_named_with_its_section(page: Page) -> None:
    assert page.man
    assert [m for m in page.man if not re.fullmatch(r"[\w.-]+\([1-8]\)", m)] == []


@every_page
def test_the_lesson_of_a_page_exists(page: Page) -> None:
    assert page.lesson in {"", *lessons.names()}


@every_page
def test_a_line_to_try_asks_for_verbs_and_options_that_exist(page: Page) -> None:
    for line in page.examples:
        for words in commands(line):
            if words[0] == "lab" and "--help" not in words:
                context = click.Context(top, info_name="lab")
                verb, command, rest = top.resolve_command(context, words[1:])
                assert verb and command
                command.make_context(verb, rest, context)


@every_page
def test_what_the_lines_to_try_make_is_taken_away_by_the_last(page: Page) -> None:
    lines = " ".join(page.examples)
    made = re.findall(r"--name (\S+)", lines)
    made += re.findall(r"lab (?:commit|tag) \S+ ([\w-]+)", lines)
    made += re.findall(r"-v ([\w-]+):", lines)
    assert {name for name in made if not name.startswith("try-")} == set()
    kept = [one for one in re.findall(r"lab run [^;]*", lines) if "--rm" not in one]
    assert [one for one in kept if "--name" not in one] == []
    removed = re.findall(r"lab (?:rm -f|rmi|volume rm) ([^;]*)", lines)
    assert {*made} == {
        name for names in removed for name in names.split() if name.startswith("try-")
    }


def test_no_two_pages_make_something_of_the_same_name() -> None:
    made = [
        name
        for page in PAGES.values()
        for name in {*re.findall(r"--name (\S+)", " ".join(page.examples))}
    ]
    assert len(made) == len({*made})


@every_page
def test_a_line_to_try_follows_the_root_that_was_chosen(page: Page) -> None:
    for line in page.examples:
        default = "/var/lib/labshell"
        assert line.count(default) == line.count(f"${{LABSHELL_ROOT:-{default}}}")


def commands(line: str) -> Iterator[list[str]]:
    """The commands of a line for the shell, without what is said of their files."""
    words = shlex.shlex(line, posix=True, punctuation_chars=True)
    words.whitespace_split = True
    for ends, command in groupby(words, lambda word: set(word) <= set("();<>|&")):
        if not ends:
            yield list(command)


def test_no_word_leads_to_two_pages() -> None:
    words = [w.lower() for page in PAGES.values() for w in (page.name, *page.also)]
    twice = {word for word in words if words.count(word) > 1}
    assert twice == set()


def test_every_concept_of_acts_has_a_page() -> None:
    concepts = {mark.concept for mark in all_marks().values()}
    assert [concept for concept in concepts if not library.find(concept)] == []


def test_every_heading_of_acts_leads_to_a_page() -> None:
    headings = [heading.partition(":")[0] for heading in HEADINGS.values()]
    assert [heading for heading in headings if not library.find(heading)] == []


def test_a_concept_of_acts_and_its_page_lead_to_each_other() -> None:
    assert {page.concept for page in PAGES.values()} == {"", *HEADINGS}
    assert [word for word in HEADINGS if library.concept(word) != word] == []
    words = ("pivot-root", "overlay", "veth", "unshare", "digest", "nothing")
    found = [library.concept(word) for word in words]
    assert found == ["roots", "mounts", "links", "namespaces", "", ""]


def test_every_call_of_an_act_has_a_page() -> None:
    calls = {mark.call for mark in all_marks().values()}
    assert [call for call in calls if not library.find(call)] == []


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("overlay", "overlay"),
        ("OverlayFS", "overlay"),
        ("pivot_root", "pivot-root"),
        ("mount(2)", "mounts"),
        ("mount", "mounts"),
        ("cgroups", "cgroups"),
        ("chain_id", "chain-id"),
        ("unshare(2)", "namespaces"),
        ("pid 1", "pid-1"),
        ("prctl(2)", "processes"),
        ("open(2)", "files"),
        ("docker run", "container"),
        ("run", "container"),
        ("setpriv", "credentials"),
        ("ENOSPC", "errno"),
        ("ebusy", "errno"),
        ("exit code", "exit-status"),
        ("137", "exit-status"),
    ],
)
def test_a_word_leads_to_its_page(word: str, name: str) -> None:
    page = library.find(word)
    assert page is not None
    assert page.name == name


def test_a_file_that_is_no_page_is_named(tmp_path: Path) -> None:
    (tmp_path / "odd.md").write_text("# Just a text\n")
    with pytest.raises(EngineBroken, match=r"odd\.md"):
        read(tmp_path / "odd.md")
