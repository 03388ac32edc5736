"""Build: what is taken from the cache, and what is not."""

import os

import pytest

from engine.errors import BuildFailed
from tests.engine.builds import Builds

TEXT = "FROM busybox\nARG V\nCOPY f /f\nRUN date > /date\nCMD true\n"


def test_the_second_build_takes_every_step_from_the_cache(builds: Builds) -> None:
    first = builds.of(TEXT, {"f": "text"})
    second = builds.of(TEXT)
    assert second.image.id == first.image.id
    assert second.cached == [False, True, True, True, True]
    assert second.heard.notes.count(" ---> Using cache") == 4


def test_a_file_that_was_only_touched_is_the_same(builds: Builds) -> None:
    builds.of(TEXT, {"f": "text"})
    os.utime(builds.directory / "f", (1, 1))
    assert all(builds.of(TEXT).cached[1:])


def test_a_changed_file_or_mode_ends_the_cache_and_is_named(builds: Builds) -> None:
    builds.of(TEXT, {"f": "text"})
    changed = builds.of(TEXT, {"f": "other"})
    assert changed.cached == [False, True, False, False, False]
    assert changed.heard.steps[2].why == "changed: f"
    (builds.directory / "f").chmod(0o755)
    assert builds.of(TEXT).heard.steps[2].why == "changed: f"


def test_a_changed_word_is_named(builds: Builds) -> None:
    builds.of("FROM busybox\nRUN echo one two")
    why = builds.of("FROM busybox\nRUN echo one three").heard.steps[1].why
    assert why == '"two" has become "three"'


def test_a_changed_argument_ends_the_cache_at_the_first_run_after_it(
    builds: Builds,
) -> None:
    builds.of(TEXT, {"f": "text"}, arguments={"V": "1"})
    again = builds.of(TEXT, arguments={"V": "2"})
    assert again.cached == [False, True, True, False, False]


def test_without_the_cache_every_step_is_done(builds: Builds) -> None:
    builds.of(TEXT, {"f": "text"})
    assert not any(builds.of(TEXT, cache=False).cached)


def test_an_image_that_was_removed_is_made_again(builds: Builds) -> None:
    first = builds.of("FROM busybox\nRUN touch /a")
    builds.engine.remove_image(first.image.id, force=True)
    again = builds.of("FROM busybox\nRUN touch /a")
    assert again.cached == [False, False]
    assert "a" in builds.tree(again.image)


def test_what_went_well_before_a_failure_is_taken_from_the_cache(
    builds: Builds,
) -> None:
    with pytest.raises(BuildFailed):
        builds.of("FROM busybox\nRUN touch /a\nRUN false")
    again = builds.of("FROM busybox\nRUN touch /a\nRUN true")
    assert again.cached == [False, True, False]
