"""Lines of a lesson: what bash makes of an answer, and of a script without an end."""

import pytest

from engine.engine import Engine
from labshell.lessons import lines
from labshell.lessons.lines import OwnBash, run_hidden
from labshell.lessons.warm import Warm


def test_the_words_of_an_answer_are_kept_apart(tmp_path):
    bash = OwnBash(Engine(tmp_path))
    assert bash.expand("$(echo closed on; echo Monday) '*'") == "closed on Monday *"


def test_a_script_that_takes_too_long_says_that_and_not_what_it_printed(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(lines, "SECONDS", 0.2)
    finished = run_hidden(Engine(tmp_path), "echo begun; while :; do :; done")
    assert finished.code != 0
    assert finished.last_words == "it took longer than 0.2 s"


@pytest.fixture(params=["warm", "cold"])
def failed(request, tmp_path):
    """Why a script has failed, in a line."""
    engine, warm = Engine(tmp_path / "root"), Warm()

    def run(script: str) -> str:
        server = warm if request.param == "warm" else None
        done = run_hidden(engine, script, warm=server)
        assert done.code != 0
        return done.last_words

    yield run
    warm.close()
    engine.destroy()


@pytest.mark.parametrize(
    ("script", "line", "said"),
    [
        ("lab rm nobody", "lab rm nobody", "Error: No such container: nobody"),
        ("lab rm first || true\n:; lab rm you", ":; lab rm you", "container: you"),
        ("{ lab rm first\n} || true\nlab rm you", "lab rm you", "container: you"),
        ("lab ps -q\nx=$(lab rm you)", "x=$(lab rm you)", "Error: No such"),
        ("lab rm first || true\ncd /\ntest -e nosuch\n: no", "test -e nosuch", ""),
        ("lab rm 'two\nlines'", "lab rm 'two", "Error: "),
        ("# first\n\nlab rm you\nlab ps", "lab rm you", "container: you"),
        ("echo sha256:1\nfalse", "false", "it ended with status 1; the last"),
        ("echo Error: x\necho 2 RUN\necho Hint: y\nfalse", "false", "Error: x"),
    ],
    ids=[
        "alone",
        "behind",
        "may-fail",
        "expanded",
        "silent",
        "two-lines",
        "comment",
        "false",
        "excerpt",
    ],
)
def test_the_line_that_failed_is_named(failed, script, line, said):
    words = failed(script)
    assert words.startswith(f"`{line}`: ")
    assert said in words


def test_what_is_printed_has_no_mark_in_it(tmp_path):
    engine = Engine(tmp_path)
    assert run_hidden(engine, "echo one; false").output == "one\n"
    assert run_hidden(engine, "printf 'a\\036b'").output == "a\x1eb"
