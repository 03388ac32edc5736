"""What is taken for a plain line gives `lab` the same words as bash would."""

import os
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labshell.lessons.plain import Line, split

PIECES = (" ", "  ", "a", "run", "-d", "x=1", "1:/b", "'", '"', "'$a b'", '"c d"')
RISKY = ("$HOME", "$(x)", "`", "*", "?", "[a]", "{a,b}", "~", "#", ";", "&", "|", "\\")
BREAKING = ("!", "<", ">", "(", ")", "\n", "\t", "\r", "é", "\u00a0", "^", "'\n'")


def words_of(line: str) -> list[list[str]]:
    """The words that bash gives to each `lab` of a script."""
    said = subprocess.run(
        ["bash", "-c", f"lab() {{ printf '%s\\0' \"$@\"; printf '\\1'; }}\n{line}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    lines = os.fsdecode(said.stdout).split("\0\1")[:-1]
    return [words.split("\0") for words in lines]


@settings(max_examples=200)
@given(st.lists(st.sampled_from(PIECES + RISKY + BREAKING), max_size=8))
def test_bash_would_give_it_the_same_words(pieces):
    line = f"lab ps {''.join(pieces)}"
    plain, rest = split(line)
    if plain and not rest:
        assert words_of(line)[: len(plain)] == [found.words for found in plain]


@pytest.mark.parametrize(
    "line",
    [
        "lab ps | cat",
        "lab ps > /x",
        "lab rm $(lab ps -q)",
        "lab rm *",
        "lab ps &",
        "lab ps; lab ps",
        "lab ps # all",
        "lab --root /x ps",
        "lab run x 'a\nb'",
        "cd /tmp",
    ],
)
def test_what_is_more_than_words_is_for_bash(line):
    assert split(line) == ([], line)


def test_from_the_first_other_line_on_all_is_for_bash():
    script = "# a box\n\nlab create --name box busybox true\nn=1\nlab rm box\n"
    plain, rest = split(script)
    words = ["create", "--name", "box", "busybox", "true"]
    assert plain == [Line(words=words, may_fail=False)]
    assert rest == "n=1\nlab rm box\n"


def test_what_a_text_shows_may_fail():
    assert split("{ lab ps -s\n} || true\n") == (
        [Line(words=["ps", "-s"], may_fail=True)],
        "",
    )
