"""`lab explain`: a word, and what it means."""

import pytest

from tests.shell.lines import Lab


def test_alone_it_lists_the_topics_under_headings(lab: Lab) -> None:
    done = lab("explain")
    assert done.code == 0
    assert "Namespaces" in done.lines
    assert any(line.startswith("    overlay ") for line in done.lines)


def test_a_topic_has_text_source_manual_and_lines_to_try(lab: Lab) -> None:
    done = lab("explain", "overlay")
    assert done.lines[0].startswith("Overlay: ")
    assert "    def overlay(\n        target: Path" in done.out
    assert "    man 8 mount" in done.lines
    assert "    lab learn commit/init-layer" in done.lines
    assert "    lab layers try-overlay --paths" in done.lines
    assert "\033" not in done.out


def test_the_source_has_no_marks_that_say_how_acts_are_told(lab: Lab) -> None:
    done = lab("explain", "mounts")
    assert "@act" not in done.out and "lambda" not in done.out
    assert "    def " in done.out


@pytest.mark.parametrize(
    "word", ["mount", "mount(2)", "CGROUPS", "chain_id", "engine.kernel.roots:pivot"]
)
def test_other_words_lead_to_a_topic_too(lab: Lab, word: str) -> None:
    done = lab("explain", word)
    assert done.code == 0, done.err
    assert "Try it" in done.lines


def test_a_symbol_without_a_page_has_its_files_introduction(lab: Lab) -> None:
    done = lab("explain", "engine.kernel.paths:open_inside")
    assert done.lines[0].startswith("A path that comes from outside")
    assert "def open_inside(root: int" in done.out


def test_a_symbol_is_found_by_its_short_name(lab: Lab) -> None:
    done = lab("explain", "ControlGroups.describe")
    assert "In the engine: engine.runtime.steps:ControlGroups.describe" in done.lines


def test_a_file_of_the_engine_lists_what_is_in_it(lab: Lab) -> None:
    done = lab("explain", "engine.kernel.paths")
    assert "    lab explain engine.kernel.paths:read_inside" in done.lines


def test_a_name_of_many_things_is_asked_about(lab: Lab) -> None:
    done = lab("explain", "read")
    assert done.code != 0
    assert "engine.build.heredocs:read" in done.err


def test_several_words_are_one_topic(lab: Lab) -> None:
    assert lab("explain", "pivot", "root").out == lab("explain", "pivot_root").out


def test_an_unknown_word_is_guessed_at(lab: Lab) -> None:
    done = lab("explain", "whiteoot")
    assert done.code != 0
    assert "No such topic: whiteoot" in done.err
    assert "Is whiteout meant?" in done.err
