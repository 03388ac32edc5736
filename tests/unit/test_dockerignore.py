""".dockerignore leaves out what Docker 20.10 does: most cases were measured there."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.build.ignore import read_ignore_file
from engine.errors import BuildFileError

FILES = """
 sp|#c|.hid|README.md|a|b.md|docs/README.md|docs/a.md|docs/b.txt|docs/deep/x.md
docs/deep/y.txt|foo/bar|foo/deep/keep|foo/keep|src/foo/bar|src/foo/keep|temp/y|tmp/x
"""
EVERYTHING = FILES.strip("\n").replace("\n", "|").split("|")
DOCS = [path for path in EVERYTHING if path.startswith("docs/")]
FOO = [path for path in EVERYTHING if path.startswith("foo/")]


@pytest.mark.parametrize(
    ("rules", "out"),
    [
        ("docs", DOCS),
        ("/docs/", DOCS),
        (" docs ", DOCS),
        ("./foo/../docs", DOCS),
        ("docs/deep/..", DOCS),
        ("docs/**", DOCS),
        ("docs\r\nfoo\r\n", DOCS + FOO),
        ("\ufeffdocs", DOCS),
        ("d\\ocs", DOCS),
        ("docs//deep", ["docs/deep/x.md", "docs/deep/y.txt"]),
        ("docs\n!docs/README.md", [p for p in DOCS if p != "docs/README.md"]),
        ("docs\n!docs/*.md", ["docs/b.txt", "docs/deep/x.md", "docs/deep/y.txt"]),
        ("docs\n!**/README.md", DOCS),
        ("docs/**\n!docs/deep/x.md", [p for p in DOCS if p != "docs/deep/x.md"]),
        ("*\n!docs", [p for p in EVERYTHING if p not in DOCS]),
        ("*\n!docs/deep/*.md", [p for p in EVERYTHING if p != "docs/deep/x.md"]),
        ("*\n!*.md", [p for p in EVERYTHING if p not in ("README.md", "b.md")]),
        ("*\n!**/x.md", EVERYTHING),
        ("**\n!a", [p for p in EVERYTHING if p != "a"]),
        ("!a\n*", EVERYTHING),
        ("***", EVERYTHING),
        ("docs\n!docs/deep\ndocs/deep/y.txt", [p for p in DOCS if p[-4:] != "x.md"]),
        ("foo/deep\n!foo", []),
        ("foo\n!foo/deep", ["foo/bar", "foo/keep"]),
        ("**/foo\n!**/keep", [*FOO, "src/foo/bar", "src/foo/keep"]),
        ("**foo", [*FOO, "src/foo/bar", "src/foo/keep"]),
        ("foo**", FOO),
        ("*/foo", ["src/foo/bar", "src/foo/keep"]),
        ("foo/*/keep", ["foo/deep/keep"]),
        ("**/*.md\n!README.md", ["b.md", *(p for p in DOCS if p.endswith(".md"))]),
        ("**/**/*.md", [p for p in EVERYTHING if p.endswith(".md")]),
        ("*/*", [p for p in EVERYTHING if "/" in p]),
        ("[a-b]*", ["a", "b.md"]),
        ("t?mp", ["temp/y"]),
        ("t[!e]mp", ["temp/y"]),
        ("t[^e]mp", []),
        ("a b", []),
        ("#c", []),
        ("\\#c", ["#c"]),
        ("# c\n #c", ["#c"]),
        (".", []),
        ("..", []),
        ("/", []),
        ("! docs", []),
        ("", []),
    ],
)
def test_the_last_rule_that_matches_counts(rules: str, out: list[str]) -> None:
    ignored = read_ignore_file(rules.encode())
    assert [path for path in EVERYTHING if ignored.excludes(path)] == sorted(
        out, key=EVERYTHING.index
    )


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("a**b", "ab", True),
        ("a**b", "ax/y/b", True),
        ("a**b", "axb", False),
        ("a**/*.txt", "a/d/f.txt", True),
        ("a*b*c*d", "axbxcxd", True),
        ("a*b*c*d", "axbxcxe", False),
        ("*a*a", "aba", True),
        ("a[]b", None, False),
        ("[x-]", None, False),
        ("[", None, False),
        ("a\\", None, False),
        ("!", None, False),
        ("[\\]a]", "]", True),
        ("[c-a]", "b", False),
        ("a.|)$(}+{bc", "a.|)$(}+{bc", True),
        ("abc.def", "abcZdef", False),
        ("a?b", "a☺b", True),
        ("a?b", "a/b", False),
        ("[^a]", "\n", True),
    ],
)
def test_a_pattern_is_that_of_a_path(
    pattern: str, path: str | None, matches: bool
) -> None:
    data = f"# rules\n{pattern}".encode()
    if path is None:
        with pytest.raises(BuildFileError, match=r"\.dockerignore:2: .*pattern"):
            read_ignore_file(data)
    else:
        assert read_ignore_file(data).excludes(path) is matches


def test_a_walk_may_pass_by_what_nothing_brings_back() -> None:
    ignored = read_ignore_file(b"docs\nsrc\n!src/foo/keep\n")
    assert not ignored.may_include_below("docs")
    assert ignored.may_include_below("src")
    assert ignored.may_include_below("src/foo")
    assert not ignored.may_include_below("src/bar")
    assert ignored.may_include_below("elsewhere")


def test_the_context_itself_is_never_left_out() -> None:
    ignored = read_ignore_file(b"**\n.\n")
    assert not ignored.excludes(".")
    assert not ignored.excludes("")


def test_names_that_are_no_utf_8_are_matched_as_bytes() -> None:
    assert read_ignore_file(b"caf\xe9").excludes("caf\udce9")


PATTERNS = st.lists(
    st.sampled_from(["*", "**", "/", "?", "[a-b]", "[^a]", "\\a", "!", "a", "b", ".."])
    | st.sampled_from(["\n", " ", "#", "[", "]", "\\", "\0", "é"]),
    max_size=25,
).map("".join)
PATHS = st.lists(st.sampled_from(["a", "b", "ab", "ba.a"]), min_size=1, max_size=5)


@settings(deadline=None, max_examples=400)
@given(PATTERNS, st.lists(PATHS.map("/".join), max_size=8))
def test_any_rules_are_understood_or_refused(rules: str, paths: list[str]) -> None:
    try:
        ignored = read_ignore_file(rules.encode())
    except BuildFileError as error:
        assert error.message.startswith(".dockerignore:")
        return
    for path in paths:
        directory = path.rpartition("/")[0]
        if not ignored.may_include_below(directory):
            assert ignored.excludes(path)
        # What was asked before changes no answer.
        fresh = read_ignore_file(rules.encode())
        assert ignored.excludes(path) == fresh.excludes(path)


@pytest.mark.parametrize(
    ("rules", "path"),
    [
        ("*a" * 100 + "b", "a" * 4000),
        ("**/" * 1000 + "b", "a/" * 2000 + "a"),
        ("**/a/" * 300 + "b", "a/" * 2000 + "a"),
        ("?*" * 2000 + "b", "a" * 4000),
        ("*" * 200_000, "a" * 4000),
        ("a**" * 100, "a" * 4000),
        ("a/" * 100_000, "a/" * 2000 + "a"),
        ("*\n!a/b\n" * 20_000, "a/b/c/d"),
    ],
    ids=lambda text: text[:6],
)
def test_hostile_rules_take_no_time_to_speak_of(rules: str, path: str) -> None:
    began = time.process_time()
    try:
        read_ignore_file(rules.encode()).excludes(path)
    except BuildFileError as error:
        assert len(error.message) < 200
    assert time.process_time() - began < 15
