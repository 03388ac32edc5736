"""Variables, quotes and escapes in words: what was measured on Docker 20.10."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.build.dockerfile import Dockerfile, Instruction, parse
from engine.build.expansion import expand_flag, expand_pairs, expand_words
from engine.build.substitution import LONGEST, substitute, substitute_words
from engine.errors import BuildFileError

VARIABLES = {"a": "1", "empty": "", "two": "x  y", "_b2": "3"}


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("$a ${a} $ab $a-b", "1 1  1-b"),
        ("$_b2$a", "31"),
        ("$1x $@ $- $$a a$", "x   a a$"),
        ("'$a'", "$a"),
        ('"<$a>"', "<1>"),
        ("\\$a", "$a"),
        ('"\\$a \\" \\\\ \\n"', '$a " \\ \\n'),
        ("a\\ b\\", "a b"),
        ("a\"b\"'c'd", "abcd"),
        ('"it\'s" \'a "b"\'', 'it\'s a "b"'),
        ("${no:-x} ${empty:-x} ${a:-x}", "x x 1"),
        ("<${no-x}> <${empty-x}>", "<x> <>"),
        ("<${no:+x}> <${empty:+x}> <${a:+x}>", "<> <> <x>"),
        ("<${no+x}> <${empty+x}>", "<> <x>"),
        ("${a:?no} ${a?no}", "1 1"),
        ("${no:-${no:-$a}}", "1"),
        ('${no:-"x  }"y}', "x  }y"),
        ("${no:-\\}}", "}"),
        ("}", "}"),
        ("", ""),
    ],
)
def test_a_word_becomes_what_is_meant(written: str, meant: str) -> None:
    assert substitute(written, VARIABLES) == meant


def test_another_escape_takes_the_place_of_the_backslash() -> None:
    assert substitute("`$a C:\\x", VARIABLES, "`") == "$a C:\\x"


@pytest.mark.parametrize(
    ("written", "message", "hint"),
    [
        ("${no:?oops}", "no: oops", "--build-arg"),
        ("${no:?}", "no: is not allowed to be unset", ""),
        ("${empty:?}", "empty: is not allowed to be empty", ""),
        ("${}", "syntax error: bad substitution", "$"),
        ("${:x}", "syntax error: bad substitution", ""),
        ("${a", "syntax error: missing '}'", ""),
        ("${a:", "syntax error: missing '}'", ""),
        ("${a:-x", "syntax error: missing '}'", ""),
        ("${", "syntax error: missing '}'", ""),
        ("${a%x}", "unsupported modifier (%) in substitution", ""),
        ('"x', "while looking for matching double-quote", "close every quote"),
        ("'x", "while looking for matching single-quote", ""),
    ],
)
def test_what_makes_no_sense_is_refused(written: str, message: str, hint: str) -> None:
    with pytest.raises(BuildFileError) as caught:
        substitute(written, VARIABLES)
    assert message in caught.value.message
    assert hint in caught.value.hint


def test_a_variable_may_be_several_words_unless_it_is_quoted() -> None:
    assert substitute_words("$two z", VARIABLES) == ("x", "y", "z")
    assert substitute_words('"$two" z', VARIABLES) == ("x  y", "z")
    assert substitute_words("$no '' ", VARIABLES) == ()


def after_from(text: str) -> tuple[Dockerfile, Instruction]:
    dockerfile = parse(f"FROM x\n{text}".encode())
    return dockerfile, dockerfile.instructions[1]


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("COPY $a '$a' /dst", ("1", "$a", "/dst")),
        ('COPY ["$two", "/dst"]', ("x  y", "/dst")),
        ("EXPOSE $two 80", ("x", "y", "80")),
        ("VOLUME $two", ("x  y",)),
        ("WORKDIR $a  'b  c'", ("1  b  c",)),
        ("USER $a:2", ("1:2",)),
        ("STOPSIGNAL $a", ("1",)),
        ("FROM $a AS x", ("1", "AS", "x")),
        ("RUN echo $a", ("echo $a",)),
        ("CMD echo $a", ("echo $a",)),
        ('ENTRYPOINT ["$a"]', ("$a",)),
        ('SHELL ["$a"]', ("$a",)),
        ("HEALTHCHECK CMD $a", ("CMD", "$a")),
        ("MAINTAINER $a", ("$a",)),
        ("ONBUILD COPY $a b", ("COPY $a b",)),
    ],
)
def test_variables_are_replaced_where_docker_does(
    written: str, words: tuple[str, ...]
) -> None:
    dockerfile, instruction = after_from(written)
    assert expand_words(dockerfile, instruction, VARIABLES) == words


@pytest.mark.parametrize(
    ("written", "pairs"),
    [
        ("ENV a=2 b=$a", (("a", "2"), ("b", "1"))),
        ("ENV b x  '$a' $a", (("b", "x  $a 1"),)),
        ("ENV $two$a='q'", (("x  y1", "q"),)),
        ("LABEL 'x y'=z b=\"\"", (("x y", "z"), ("b", ""))),
        ('ARG c d= e="x $a"', (("c", None), ("d", ""), ("e", "x 1"))),
    ],
)
def test_pairs_see_the_variables_from_before_their_line(
    written: str, pairs: tuple[tuple[str, str | None], ...]
) -> None:
    dockerfile, instruction = after_from(written)
    assert expand_pairs(dockerfile, instruction, VARIABLES) == pairs


def test_a_flag_is_replaced_but_never_from() -> None:
    dockerfile, copy = after_from("COPY --from=$a --chown=$a:$a b c")
    assert expand_flag(dockerfile, copy, "from", VARIABLES) == "$a"
    assert expand_flag(dockerfile, copy, "chown", VARIABLES) == "1:1"
    assert expand_flag(dockerfile, copy, "chmod", VARIABLES) == ""


def test_an_error_in_a_word_has_its_place() -> None:
    dockerfile, env = after_from("ENV a=1 \\\n  b=${c:?needed}")
    with pytest.raises(BuildFileError) as caught:
        expand_pairs(dockerfile, env, {})
    assert caught.value.message.startswith("Dockerfile:3: failed to process")
    assert caught.value.excerpt.endswith("\n     |   ^")


def test_a_name_that_turns_out_empty_is_refused() -> None:
    dockerfile, env = after_from("ENV $no=1")
    with pytest.raises(BuildFileError, match="names can not be blank"):
        expand_pairs(dockerfile, env, {})


@settings(deadline=None, max_examples=400)
@given(
    st.lists(
        st.sampled_from(["$", "{", "}", ":", "-", "+", "?", "a", "two", "\\", "'", '"'])
        | st.sampled_from(["`", " ", "\n", "é", "1", "_", "%"]),
        max_size=40,
    ).map("".join),
    st.sampled_from(["\\", "`"]),
)
def test_any_word_is_replaced_or_refused(text: str, escape: str) -> None:
    try:
        whole = substitute(text, VARIABLES, escape)
        words = substitute_words(text, VARIABLES, escape)
    except BuildFileError:
        return
    assert "".join("".join(words).split()) == "".join(whole.split())


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${a:-" * 100_000, ""),
        ("${a:-" * 40 + "$a" * 100_000 + "}" * 40, "x" * 1000),
        ("$a" * 500_000, "x" * 1000),
        ('"' + "$a" * 500_000 + '"', "x" * 1000),
        ("\\a" * 400_000, ""),
        ("'" * 999_999, ""),
        ("${" * 500_000, ""),
    ],
    ids=lambda text: text[:8],
)
def test_what_comes_out_is_bounded_in_size_and_time(text: str, value: str) -> None:
    began = time.process_time()
    try:
        assert len(substitute(text, {"a": value})) <= LONGEST
    except BuildFileError as error:
        assert len(error.message) < 300
    assert time.process_time() - began < 15
