"""What bash makes of an answer is the same in the proof as in the shell."""

from engine.engine import Engine
from labshell.lessons.lines import OwnBash


def test_the_words_of_an_answer_are_kept_apart(tmp_path):
    bash = OwnBash(Engine(tmp_path))
    assert bash.expand("$(echo closed on; echo Monday) '*'") == "closed on Monday *"
