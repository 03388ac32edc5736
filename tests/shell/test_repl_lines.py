"""Which world a line belongs to, and when a command is whole."""

import pytest

from labshell.shell.completion import command_at_end
from labshell.shell.lines import World, read, simple_words
from labshell.shell.prompt import is_whole


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("lab ps -a", ("ps", "-a")),
        ("  lab ps  ", ("ps",)),
        ("lab", ()),
        ("lab run -d 'my image' \"a b\"", ("run", "-d", "my image", "a b")),
        ("lab run \\\n -d x", ("run", "-d", "x")),
        ('lab exec web ""', ("exec", "web", "")),
        (
            "lab exec web sh -c 'echo $HOME; ls *'",
            ("exec", "web", "sh", "-c", "echo $HOME; ls *"),
        ),
        (r'lab run -e "A=\"b\"" x', ("run", "-e", 'A="b"', "x")),
        (r"lab run a\ b", ("run", "a b")),
        ("'lab' ps", ("ps",)),
    ],
)
def test_a_lab_line_of_words_and_quotes_runs_here(
    line: str, words: tuple[str, ...]
) -> None:
    assert read(line).world is World.LAB
    assert read(line).words == words


@pytest.mark.parametrize(
    "line",
    [
        "lab ps | wc -l",
        "lab ps > file",
        "lab ps &",
        "lab ps; true",
        "lab rm $(lab ps -q)",
        "lab rm `lab ps -q`",
        "lab run -v $PWD:/x busybox",
        'lab run -v "$PWD:/x" busybox',
        "lab import *.tar",
        "lab import ~/x.tar",
        "lab rm {a,b}",
        "lab ps # all of them",
        "lab ps\nlab images",
        "lab run 'unfinished",
        "A=1 lab ps",
        "labs ps",
        "lab registry serve --port 5001",
        "./lab ps",
        "ls",
        ": ${x:=1}",
        ":",
        ":>file",
        "# a comment",
    ],
)
def test_when_in_doubt_a_line_goes_to_bash(line: str) -> None:
    assert read(line).world is World.BASH


def test_a_colon_with_a_name_right_behind_it_is_a_word() -> None:
    assert read(":hint").words == ("hint", "")
    assert read(" :answer $(cat x) ").words == ("answer", "$(cat x)")
    assert read(":answer it's 5").world is World.WORD


def test_nothing_is_nothing() -> None:
    assert read("  \n ").world is World.NOTHING


def test_docker_is_the_engine_only_where_it_is_said_to_be() -> None:
    assert read("docker ps").world is World.BASH
    assert read("docker ps", ("lab", "docker")).words == ("ps",)


def test_words_are_those_that_bash_would_make() -> None:
    assert simple_words(r"""a'b'"c"\d""") == ("abcd",)
    assert simple_words(r'"\a\\"') == (r"\a\\".replace(r"\\", "\\"),)


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("ls", True),
        ("for i in 1 2; do", False),
        ("for i in 1 2; do\necho $i\ndone", True),
        ("echo 'a", False),
        ("echo a \\", False),
        ("cat <<X\na", False),
        ("cat <<X\na\nX", True),
        ("true &&", False),
        ("if true; then", False),
        ("done", True),
        (":answer it's", True),
        ("lab ps", True),
    ],
)
def test_bash_says_when_a_command_is_whole(text: str, whole: bool) -> None:
    assert is_whole(text) is whole


@pytest.mark.parametrize(
    ("text", "words", "current"),
    [
        ("lab ru", ["lab"], "ru"),
        ("lab rm ", ["lab", "rm"], ""),
        ("for c in a; do lab st", ["lab"], "st"),
        ("ls | lab im", ["lab"], "im"),
        ("for c in $(lab ps ", ["lab", "ps"], ""),
        ("A=1 lab p", ["lab"], "p"),
        ("less '/etc/my fi", ["less"], "/etc/my fi"),
        ("", [], ""),
    ],
)
def test_completion_looks_at_the_command_under_the_cursor(
    text: str, words: list[str], current: str
) -> None:
    before, word = command_at_end(text)
    assert (before, word.value) == (words, current)
