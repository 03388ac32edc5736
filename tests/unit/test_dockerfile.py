"""A Dockerfile is read as Docker 20.10 reads it: each case was measured there."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.build import heredocs
from engine.build.dockerfile import Dockerfile, Instruction, parse, parse_trigger
from engine.build.grammar import GRAMMAR
from engine.build.healthcheck import healthcheck
from engine.errors import BuildFileError

SECOND = 1_000_000_000


def read(text: str | bytes) -> Dockerfile:
    data = text.encode() if isinstance(text, str) else text
    return parse(b"FROM scratch\n" + data)


def one(text: str | bytes) -> Instruction:
    """The only instruction after FROM."""
    (_, instruction) = read(text).instructions
    return instruction


def refusal(data: str | bytes) -> BuildFileError:
    data = data.encode() if isinstance(data, str) else data
    with pytest.raises(BuildFileError) as caught:
        parse(data)
    return caught.value


def test_an_instruction_knows_what_it_is_made_of() -> None:
    copy = one("  copy --from=base --chown=1:2 a  b /dst/\n")
    assert copy.name == "COPY"
    assert copy.flags == {"from": ("base",), "chown": ("1:2",)}
    assert copy.words == ("a", "b", "/dst/")
    assert copy.text == "a  b /dst/"
    assert copy.original == "copy --from=base --chown=1:2 a  b /dst/"
    assert copy.position == (2, 3)
    assert copy.words_at == ((2, 32), (2, 35), (2, 37))


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("RUN a  'b  c'", ("a  'b  c'",)),
        ("RUN", None),
        ('RUN ["a", "b c"]', ("a", "b c")),
        ("CMD", ()),
        ("CMD []", ()),
        ("CMD ['a', 'b']", ("['a', 'b']",)),
        ('CMD ["a"', ('["a"',)),
        ('CMD ["a"] b', ("a",)),
        ('CMD ["\\ud800\\u00e9"]', ("�é",)),
        ("CMD -- --foo x", ("--foo x",)),
        ("ENV a=1 b='x  y' c=\\ d", ("a=1", "b='x  y'", "c=\\ d")),
        ("ENV a  b 'c  d'", ("a", "b 'c  d'")),
        ("ENV\ta\t=b", ("a", "=b")),
        ("LABEL 'x y'=z", ("'x y'=z",)),
        ("ARG a b=1", ("a", "b=1")),
        ('COPY "a b" /x', ('"a', 'b"', "/x")),
        ('COPY ["a b", "/x"]', ("a b", "/x")),
        ("EXPOSE 80\t53/udp", ("80", "53/udp")),
        ("VOLUME /a /b", ("/a", "/b")),
        ("WORKDIR /a  b", ("/a  b",)),
        ("USER a b", ("a b",)),
        ("MAINTAINER $P  'x'", ("$P  'x'",)),
        ("HEALTHCHECK none", ("NONE",)),
        ("HEALTHCHECK cmd a  b", ("CMD", "a  b")),
        ('HEALTHCHECK CMD ["a", "b"]', ("CMD", "a", "b")),
        ("onbuild   run  x   y\\\n  z", ("run  x   y  z",)),
        ('SHELL ["/bin/sh", "-c"]', ("/bin/sh", "-c")),
    ],
)
def test_each_instruction_cuts_its_words_in_its_own_way(
    written: str, words: tuple[str, ...] | None
) -> None:
    if words is None:
        assert "at least one argument" in refusal(f"FROM x\n{written}").message
    else:
        assert one(written).words == words


def test_continuations_are_joined_without_comments_and_empty_lines() -> None:
    text = "RUN echo a \\\n# c\n   # d\n\n  b \\  \n c\nCMD x"
    run = read(text).instructions[1]
    assert run.words == ("echo a   b  c",)
    assert read(text).warnings == ("Dockerfile:5: empty continuation line",)


def test_two_escapes_at_the_end_of_a_line_join_nothing() -> None:
    assert [i.name for i in read("CMD a\\\\\nLABEL b=1").instructions][1:] == [
        "CMD",
        "LABEL",
    ]


def test_words_know_their_line_in_a_long_instruction() -> None:
    copy = one("COPY a \\\n  b \\\n# not this\n\t/dst/")
    assert copy.words_at == ((2, 6), (3, 3), (5, 2))


def test_a_word_may_be_torn_by_a_continuation() -> None:
    assert one("LAB\\\nEL a=1\\\n2").words == ("a=12",)


def test_the_end_of_the_file_ends_a_continuation() -> None:
    assert one("LABEL a=1 \\").words == ("a=1",)


@pytest.mark.parametrize(
    ("head", "escape"),
    [
        ("# escape=`\n", "`"),
        ("#  ESCAPE = ` \n", "`"),
        ("# syntax=docker/dockerfile:1\n# escape=`\n", "`"),
        ("# a comment\n# escape=`\n", "\\"),
        ("\n# escape=`\n", "\\"),
        ("# unknown=1\n# escape=`\n", "\\"),
    ],
)
def test_directives_count_only_above_all_else(head: str, escape: str) -> None:
    assert parse(f"{head}FROM scratch".encode()).escape == escape


def test_another_escape_joins_lines_and_the_usual_one_does_not() -> None:
    dockerfile = parse(b"# escape=`\nFROM x\nCMD a `\n b \\\nENV c=d")
    assert [i.words for i in dockerfile.instructions[1:]] == [("a  b \\",), ("c=d",)]


def test_a_byte_order_mark_and_windows_line_ends_are_not_seen() -> None:
    dockerfile = parse(b"\xef\xbb\xbfFROM scratch\r\nCMD a \\\r\n b\r\n")
    assert [i.words for i in dockerfile.instructions] == [("scratch",), ("a  b",)]
    assert dockerfile.instructions[0].position == (1, 1)


def test_bytes_that_are_no_utf_8_reach_the_command_as_they_were() -> None:
    run = one(b"# caf\xe9\nRUN echo \xe9")
    assert run.words[0].encode("utf-8", "surrogateescape") == b"echo \xe9"


def test_only_arg_may_stand_above_from() -> None:
    assert [i.name for i in parse(b"ARG a=1\nFROM $a").instructions] == ["ARG", "FROM"]
    for text in ("RUN x\nFROM y", "ARG a=1"):
        assert refusal(text).message.endswith("no build stage in current context")


@pytest.mark.parametrize(
    ("written", "message", "hint"),
    [
        ("RUNN x", "unknown instruction: RUNN", "Did you mean RUN?"),
        ("form x", "unknown instruction: FORM", "Did you mean FROM?"),
        ("&& make", "unknown instruction: &&", "lack a \\ at its end"),
        ("FROM a b", "FROM requires either one or three arguments", "As in:"),
        ("FROM a # b", "FROM requires either one or three", "A comment has a line"),
        ("FROM a RUN b c", "FROM requires either one or three", "RUN begins on a line"),
        ("FROM a AS 1x", 'invalid name for build stage: "1x", name can\'t', ""),
        ("COPY a", "COPY requires at least two arguments, but only one was", ""),
        ("COPY a <<E\nE", "COPY cannot accept a heredoc as a destination", ""),
        ("ENV", "ENV requires at least one argument", ""),
        ("ENV a", "ENV must have two arguments", "As in: ENV a=value"),
        ("ENV =a", "ENV names can not be blank", ""),
        ("ENV a=b c", 'can\'t find = in "c". Must be of the form: name=value', "Quote"),
        ("ARG =x", "ARG names can not be blank", ""),
        ("WORKDIR", "WORKDIR requires exactly one argument", "As in: WORKDIR /srv"),
        ("CMD [1]", "arrays must be comprised of strings only", ""),
        ('CMD ["\\u0000"]', "a word holds a zero byte", ""),
        ("SHELL a b", "SHELL requires the arguments to be in JSON form", ""),
        ("SHELL []", "SHELL requires at least one argument", ""),
        ('VOLUME [""]', "VOLUME specified can not be an empty string", ""),
        ("HEALTHCHECK NONE x", "HEALTHCHECK NONE takes no arguments", ""),
        ("HEALTHCHECK FOO", 'Unknown type "FOO" in HEALTHCHECK (try CMD)', ""),
        ("HEALTHCHECK CMD", "Missing command after HEALTHCHECK CMD", ""),
        ("HEALTHCHECK --interval=5 CMD a", 'missing unit in duration "5"', "30s"),
        ("HEALTHCHECK --interval=1us CMD a", "cannot be less than 1ms", ""),
        ("HEALTHCHECK --timeout=-1s CMD a", "cannot be less than 1ms", ""),
        ("HEALTHCHECK --timeout=ages CMD a", 'invalid duration "ages"', ""),
        ("HEALTHCHECK --retries=0 CMD a", "--retries must be at least 1 (not 0)", ""),
        ("HEALTHCHECK --retries=x CMD a", "x is not a number", ""),
        ("ONBUILD ONBUILD RUN x", "Chaining ONBUILD via `ONBUILD ONBUILD` isn't", ""),
        ("ONBUILD from x", "FROM isn't allowed as an ONBUILD trigger", ""),
        ("ONBUILD FOO", "unknown instruction: FOO", ""),
        ("COPY --form=x a b", "Unknown flag: form", "Did you mean --from?"),
        ("COPY --from a b", "Missing a value on flag: from", "As in: --from=VALUE"),
        ("COPY --from=a --from=b c d", "Duplicate flag specified: from", ""),
        ("COPY --link=no a b", "Expecting boolean value for flag link, not: no", ""),
        ("CMD --foo", "Unknown flag: foo", "write -- before"),
        ("RUN --mount=type=cache x", "the --mount option requires BuildKit", ""),
        ("RUN <<EOF\nx", "unterminated heredoc", "a line that is EOF"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_place_and_what_to_do(
    written: str, message: str, hint: str
) -> None:
    error = refusal(f"FROM scratch\n{written}")
    assert error.message.startswith("Dockerfile:2: ")
    assert message in error.message
    assert hint in error.hint
    assert error.exit_code == 1


def test_an_error_shows_the_line_and_a_caret_under_the_place() -> None:
    error = refusal("FROM x\nCOPY \\\n  --form=a b c")
    assert error.message == "Dockerfile:3: Unknown flag: form"
    assert error.excerpt == "   3 |   --form=a b c\n     |   ^"


def test_the_caret_stands_under_its_word_behind_wide_characters() -> None:
    assert refusal("FROM x\nENV 中文=1 b").excerpt.endswith("\n     |            ^")


def test_what_a_terminal_would_obey_is_not_printed() -> None:
    error = refusal("FROM x\n\x1b[31mRUNN \x1b]0;title\x07")
    assert (error.message + error.hint + error.excerpt).replace("\n", "").isprintable()


def test_of_a_long_line_only_what_is_around_the_caret_is_shown() -> None:
    error = refusal(f"FROM x\nENV a={'b' * 100_000} c")
    line, caret = error.excerpt.split("\n")
    assert len(line) < 88
    assert line[caret.index("^")] == "c"


def test_a_file_has_a_bounded_number_of_instructions() -> None:
    assert refusal("FROM x\n" * 10_001).message.startswith("Dockerfile:10001: more")


def test_what_is_no_text_at_all_is_refused() -> None:
    assert "zero byte" in refusal(b"FROM x\n\x7fELF\x01\0\0").message
    assert "cannot be empty" in refusal(b"").message
    assert "file with no instructions" in refusal(b"# nothing\n\n").message
    assert "larger than 4096 KiB" in refusal(b"#" * 5_000_000).message


def test_an_instruction_among_the_words_of_another_is_an_argument_and_a_warning() -> (
    None
):
    dockerfile = read("RUN apt-get update ADD run.sh /\n")
    assert dockerfile.instructions[1].words == ("apt-get update ADD run.sh /",)
    assert dockerfile.warnings == (
        "Dockerfile:2: ADD is an argument of RUN here: "
        "an instruction begins on a line of its own",
    )
    assert read("RUN echo 'ADD this'").warnings == ()


def test_a_list_with_the_wrong_quotes_is_a_warning() -> None:
    assert "not JSON" in read("CMD ['sleep', '9']").warnings[0]
    assert read("CMD [ -e x ]").warnings == ()


def test_a_list_that_does_not_end_is_a_warning() -> None:
    for text in ('CMD ["a",', 'RUN ["ls" "-l"', 'CMD [ "x", "y"', "VOLUME ['/a'"):
        assert "not JSON" in read(text).warnings[0], text
    for text in ('RUN [ "$HOME" = / ] || true', 'RUN [ "a" ]', 'CMD ["a", "b"]'):
        assert read(text).warnings == (), text


def test_a_heredoc_is_a_file_within_the_file() -> None:
    run = one("RUN <<EOF\n  a\n# b\n\\\nEOF\n")
    assert run.text == "<<EOF"
    assert run.heredocs == (("EOF", "  a\n# b\n\\\n", True, False),)


@pytest.mark.parametrize(
    ("marker", "expand", "content"),
    [("<<E", True, "\ta\n"), ("<<'E'", False, "\ta\n"), ("<<-E", True, "a\n")],
)
def test_a_marker_says_what_becomes_of_its_lines(
    marker: str, expand: bool, content: str
) -> None:
    (heredoc,) = one(f"RUN python3 {marker} > x\n\ta\nE").heredocs
    assert (heredoc.content, heredoc.expand) == (content, expand)


def test_several_heredocs_follow_each_other() -> None:
    dockerfile = read("COPY <<a <<-b /dir/\n1\na\n\t2\n\tb\nCMD x")
    _, copy, cmd = dockerfile.instructions
    assert copy.words == ("<<a", "<<-b", "/dir/")
    assert [(h.name, h.content) for h in copy.heredocs] == [("a", "1\n"), ("b", "2\n")]
    assert cmd.position == (7, 1)


@pytest.mark.parametrize(
    "line",
    ["cat <<< EOF", "x=$((1 << 3))", 'echo "<<EOF"', "echo a\\ <<EOF", 'echo "<< x'],
)
def test_not_every_pair_of_arrows_is_a_heredoc(line: str) -> None:
    assert one(f"RUN {line}").heredocs == ()


def test_a_heredoc_alone_is_the_script_and_else_what_a_program_reads() -> None:
    assert heredocs.script(one("RUN <<-'EOF'\nx\nEOF").text)
    assert not heredocs.script(one("RUN cat <<EOF\nx\nEOF").text)


def test_a_json_form_has_no_heredoc() -> None:
    assert one('RUN ["cat", "<<EOF"]').heredocs == ()


def test_a_trigger_keeps_its_heredoc_and_is_read_again_later() -> None:
    onbuild = one("ONBUILD RUN cat <<A\nhello\nA\n")
    assert onbuild.words == ("RUN cat <<A\nhello\nA",)
    (run,) = parse_trigger(onbuild.words[0]).instructions
    assert (run.name, run.heredocs[0].content) == ("RUN", "hello\n")


@pytest.mark.parametrize("trigger", ["FROM x", "RUN a\nRUN b", "ONBUILD RUN x", "FOO"])
def test_what_is_no_trigger_is_refused(trigger: str) -> None:
    with pytest.raises(BuildFileError):
        parse_trigger(trigger)


def test_a_health_check_becomes_numbers() -> None:
    check = healthcheck(
        one("HEALTHCHECK --interval=1h5m --timeout=1.5s --retries=3 CMD a  b")
    )
    assert check.test == ("CMD-SHELL", "a  b")
    assert (check.interval, check.timeout, check.retries) == (
        3900 * SECOND,
        3 * SECOND // 2,
        3,
    )
    assert healthcheck(one("HEALTHCHECK NONE")).test == ("NONE",)
    assert healthcheck(one('HEALTHCHECK CMD ["a"]')).test == ("CMD", "a")


PIECES = st.sampled_from(
    [*GRAMMAR, "from", " ", "\t", "\n", "\r\n", "\\\n", "\\", "`", "#", "# escape=`\n"]
) | st.sampled_from(
    ["--from=", "--", "=", '"', "'", "[", "]", ",", '["a"]', "<<E", "<<-'E'", "E\n"]
)
PIECES |= st.sampled_from(
    ["$", "${", ":-", "}", "a", "b", "\0", "\x1b", "é", "中", "\udce9", "\ufeff"]
)


@settings(deadline=None, max_examples=400)
@given(st.lists(PIECES, max_size=60).map("".join))
def test_any_text_is_read_or_refused_and_its_places_are_in_the_file(text: str) -> None:
    data = b"FROM x\n" + text.encode("utf-8", "surrogateescape")
    try:
        dockerfile = parse(data)
    except BuildFileError as error:
        assert error.message.isprintable() and error.hint.isprintable()
        return
    lines = dockerfile.source.split("\n")
    for instruction in dockerfile.instructions:
        assert len(instruction.words_at) == len(instruction.words)
        for line, column in (instruction.position, *instruction.words_at):
            assert 1 <= column <= len(lines[line - 1]) + 1
        at = instruction.position
        assert instruction.original[0] == lines[at.line - 1][at.column - 1]


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        parse(data)
    except BuildFileError as error:
        assert error.message


MEGABYTE = 1_000_000


@pytest.mark.parametrize(
    "text",
    [
        "RUN " + "a" * MEGABYTE,
        "RUN " + " " * MEGABYTE + "a",
        "ENV a=" + "\\" * MEGABYTE,
        "ENV a=" + '"' * MEGABYTE,
        "ENV a=" + "'\"" * (MEGABYTE // 2),
        "ENV " + "a=b " * (MEGABYTE // 4),
        "COPY " + "a " * (MEGABYTE // 2),
        "COPY --from=" + "\\" * MEGABYTE + " a b",
        "COPY " + "--x " * (MEGABYTE // 4) + "a b",
        "CMD " + "[" * MEGABYTE,
        "CMD [" + '"a",' * (MEGABYTE // 4) + '"b"]',
        "CMD [" + "9" * MEGABYTE + "]",
        "RUN " + "<<E " * 10_000,
        "RUN " + "\\\n" * 100_000 + "x",
        "RUN a" + "\\\nb" * 100_000,
        "RUN a\\\n" + "# c\n" * 100_000,
        "COPY " + "\\\na " * 100_000 + "b",
        "#" + " " * MEGABYTE + "\nRUN x",
        "# escape=" + " " * MEGABYTE + "x",
        "\n" * MEGABYTE,
        "RUN x\n" * 100_000,
        "ONBUILD " * (MEGABYTE // 8),
        "A" * MEGABYTE,
    ],
    ids=lambda text: text[:12].strip() or "blank",
)
def test_a_hostile_file_takes_no_longer_than_a_long_one(text: str) -> None:
    began = time.process_time()
    try:
        parse(f"FROM x\n{text}".encode())
    except BuildFileError as error:
        assert len(error.message) < 400
    # Far more than it takes, and far less than anything quadratic would.
    assert time.process_time() - began < 15
