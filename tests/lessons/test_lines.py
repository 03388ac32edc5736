"""Lines of a lesson: what bash makes of an answer, and of a script without an end."""

from engine.engine import Engine
from labshell.lessons import lines
from labshell.lessons.lines import OwnBash, run_hidden


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
