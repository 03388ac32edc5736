"""Picking by number: what is typed may be anything."""

import pytest

from labshell.lessons.picking import position


def test_numbers_count_from_one() -> None:
    assert [position(text, 2) for text in ("1", "2")] == [0, 1]


@pytest.mark.parametrize("text", ["", "0", "3", "-1", "1.0", "one", "9" * 5000])
def test_what_was_not_offered_is_no_position(text: str) -> None:
    assert position(text, 2) is None
